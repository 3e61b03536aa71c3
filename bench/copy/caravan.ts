import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import type { MigrationReport } from '../../contracts/migration.js';
import { WrongResult } from '../wrong-result.js';

/** A private stack, reached by its command as a user reaches it. */
export interface BenchStack {
  migrate(source: string, target: string): Promise<MigrationRun>;
  /** The proof of a target that is there; a wrong result where a finding is made. */
  verify(source: string, target: string): Promise<MigrationReport>;
  /** Any other command, as it ends. */
  run(args: readonly string[]): Promise<Ran>;
  /** Most resident memory of a role's worker since its start, in megabytes; null where the kernel does not tell. */
  peakMegabytes(role: 'copy' | 'verify'): number | null;
  /** The most of before is forgotten. */
  forgetPeak(role: 'copy' | 'verify'): void;
  /** Events of the longest history among the migration's workflows. */
  longestHistory(migrationId: string): Promise<number>;
  /** Null: it is not running. */
  copyWorkerPid(): number | null;
  down(): Promise<void>;
}

export interface MigrationRun {
  /** From the start of the command's process to the last chunk's commit. */
  readonly toLastCommitSeconds: number;
  /** The command's process from start to end: keys, proof, promotion and certificate too. */
  readonly wholeSeconds: number;
  readonly report: MigrationReport;
}

/** Starts the stack under `home`. */
export async function openStack(home: string, environment: Readonly<Record<string, string>>): Promise<BenchStack> {
  const caravan = (args: readonly string[]): Promise<Ran> => runCaravan(args, { ...environment, CARAVAN_HOME: home });
  const up = await caravan(['up', '--detach']);
  if (up.exit !== 0) throw new Error(`caravan up ended with ${String(up.exit)}: ${up.stderr.slice(-500)}`);
  return {
    migrate: async (source, target) => {
      const startedMs = Date.now();
      const ran = await caravan(['migrate', '--source', source, '--target', target, '--yes', '--json']);
      const wholeSeconds = (Date.now() - startedMs) / 1000;
      const report = reportOf(ran);
      const lastCommitMs = await lastCommitOf(home, report.migrationId);
      return { toLastCommitSeconds: (lastCommitMs - startedMs) / 1000, wholeSeconds, report };
    },
    verify: async (source, target) =>
      reportOf(await caravan(['verify', '--source', source, '--target', target, '--json'])),
    run: caravan,
    peakMegabytes: (role) => peakOf(home, role),
    forgetPeak: (role) => {
      const pid = workerOf(home, role);
      // Linux: 5 sets the peak to what is resident now.
      if (process.platform === 'linux' && pid !== null) writeFileSync(`/proc/${String(pid)}/clear_refs`, '5');
    },
    longestHistory: (migrationId) => longestHistoryOf(home, migrationId),
    copyWorkerPid: () => workerOf(home, 'copy'),
    down: async () => {
      await caravan(['down']);
    },
  };
}

/** The report of a migration that was proven equal; anything else is a wrong result. */
function reportOf(ran: Ran): MigrationReport {
  const line = ran.stdout.trim().split('\n').at(-1) ?? '';
  const report = (line.startsWith('{') ? JSON.parse(line) : {}) as Partial<MigrationReport>;
  const proven =
    ran.exit === 0 &&
    report.status === 'proven' &&
    report.tables?.every(({ sourceHash, targetHash }) => sourceHash !== null && sourceHash === targetHash) === true;
  if (proven) return report as MigrationReport;
  const found = report.findings?.map(({ code, object, count }) => `${code} ${object} (${String(count)})`).join(', ');
  const said = report.error?.message ?? (found === undefined || found === '' ? ran.stderr.slice(-300) : found);
  throw new WrongResult(`the migration ended with ${String(ran.exit)}, ${report.status ?? 'no report'}: ${said}`);
}

async function lastCommitOf(home: string, migrationId: string): Promise<number> {
  const state = readLivingStack(home);
  if (state === null) throw new Error('the stack is gone');
  const secretBox = openSecretBox({ keyFile: join(home, 'secret.key') });
  const store = await openStore({ databaseUrl: state.databaseUrl, secretBox });
  try {
    const span = await store.migrations.copyTime(migrationId);
    if (span === undefined) throw new WrongResult('the migration recorded no copy');
    return span.endedMs;
  } finally {
    await store.close();
  }
}

/** Children bear the migration's id in front of theirs. */
async function longestHistoryOf(home: string, migrationId: string): Promise<number> {
  const state = readLivingStack(home);
  if (state === null) throw new Error('the stack is gone');
  const connection = await Connection.connect({ address: state.temporalAddress });
  try {
    const client = new Client({ connection, namespace: state.namespace });
    let most = 0;
    for await (const { historyLength } of client.workflow.list({ query: `WorkflowId STARTS_WITH '${migrationId}'` }))
      most = Math.max(most, historyLength);
    return most;
  } finally {
    await connection.close();
  }
}

function workerOf(home: string, wanted: 'copy' | 'verify'): number | null {
  return readLivingStack(home)?.parts.find(({ role }) => role === wanted)?.pid ?? null;
}

function peakOf(home: string, role: 'copy' | 'verify'): number | null {
  const pid = workerOf(home, role);
  if (process.platform !== 'linux' || pid === null) return null;
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? null : (Number(kilobytes) * 1024) / 1e6;
}

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The product's command, as a user runs it. */
export function runCaravan(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const child = spawn(process.execPath, [join(packageFolder(), 'bin', 'caravan.js'), ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => {
      resolve({ exit, stdout, stderr });
    });
  });
}
