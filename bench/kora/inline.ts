import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { requireEqual } from '../copy/checksum.js';
import { withMariadb } from '../copy/ends.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { median, spread } from '../statistics.js';
import type { KoraBenchOptions } from './options.js';

/** Most of the copy's throughput that checking may cost, in percent. */
const COST_MAX = 15;
/** Rows that are moved before anything is measured. */
const WARM_SHARE = 10;

/**
 * The copy worker as workers/ composes it; while FLAG exists, every check passes everything, and KORA's validator is not
 * taken for one: its chunks stay unchecked, and are caught up with. No such route is in the product.
 */
const ENTRY = `
import { existsSync } from 'node:fs';
import { SnapshotHost } from 'DIST/activities/snapshot-host.js';
import { createScoutActivities } from 'DIST/activities/scout/activities.js';
import { createWorkerActivities } from 'DIST/activities/worker/activities.js';
import { QUEUES, processQueue } from 'DIST/contracts/queues.js';
import { main, runWorkers } from 'DIST/workers/run.js';
import { openRuntime } from 'DIST/workers/runtime.js';

const { FLAG: flag } = process.env;
const passes = () => 0;
main(async () => {
  const runtime = await openRuntime('copy');
  const { validation } = runtime.deps;
  const deps = {
    ...runtime.deps,
    validation: {
      ...validation,
      hash: (specification) => (existsSync(flag) ? '' : validation.hash(specification)),
      compile: (specification, table) => {
        const compiled = validation.compile(specification, table);
        return existsSync(flag) ? { fields: compiled.fields.map(() => passes), rules: [] } : compiled;
      },
    },
  };
  const host = new SnapshotHost(deps.processId);
  const activities = createWorkerActivities(deps, host);
  await runWorkers(runtime, [
    { taskQueue: QUEUES.copy, activities: { ...activities, ...createScoutActivities(deps) }, slots: 6 },
    { taskQueue: processQueue(deps.processId), activities, slots: 100 },
  ]);
  await host.closeAll();
  await runtime.close();
});
`;

/** What checking every field costs the copy: the same worker moves the same rows with and without it, in turns. */
export async function inlineLine({ config, rows, rounds, tell }: KoraBenchOptions): Promise<BenchLine> {
  const environment = { ...config.environment, CARAVAN_WORKERS: 'control,verify,notify' };
  return withMariadb({ ...config, environment }, async ({ folder, source, target, stack }) => {
    const flag = join(folder, 'unchecked');
    const worker = await startCopyWorker(folder, flag, config.environment);
    try {
      const copied = async (name: string, wanted: number): Promise<number> => {
        const database = await source.database(wanted);
        const url = await target.fresh(name);
        const { report } = await stack.migrate(database.url, url);
        requireEqual('the migrated table', database.checksum, await target.checksum(url));
        return report.copy.seconds;
      };
      await copied('warm', Math.max(1, Math.round(rows / WARM_SHARE)));
      const seconds: Record<'on' | 'off', number[]> = { on: [], off: [] };
      const cpu: Record<'on' | 'off', number[]> = { on: [], off: [] };
      for (let round = 1; round <= rounds; round += 1) {
        for (const checks of ['on', 'off'] as const) {
          if (checks === 'off') writeFileSync(flag, '');
          else rmSync(flag, { force: true });
          const before = cpuSeconds(worker);
          seconds[checks].push(await copied(`${checks}_${String(round)}`, rows));
          cpu[checks].push(cpuSeconds(worker) - before);
        }
        tell(`round ${String(round)}: on ${String(seconds.on.at(-1))} s, off ${String(seconds.off.at(-1))} s`);
      }
      const note = [
        `${String(rows)} rows x 12 columns, MariaDB to PostgreSQL ${String(target.major)}: throughput with KORA's checks against the same worker without any`,
        `the worker's processor time on ${spread(cpu.on)}, off ${spread(cpu.off)}`,
        `copy.seconds on ${spread(seconds.on)}, off ${spread(seconds.off)}; medians, in turns; rows equal by an SQL checksum of both servers`,
      ].join('; ');
      const value = 100 * (1 - median(seconds.off) / median(seconds.on));
      return withLimit({ bench: 'kora', case: 'inline', value, unit: '% of throughput', note }, { max: COST_MAX });
    } finally {
      await ended(worker);
    }
  });
}

/** Processor time of the process so far; 0 where the kernel does not tell. */
function cpuSeconds({ pid }: ChildProcess): number {
  const file = `/proc/${String(pid)}/stat`;
  if (!existsSync(file)) return 0;
  // The name in parentheses may hold blanks; user and system time are the 14th and 15th field, in hundredths.
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const READY = '"worker.ready"';

function startCopyWorker(
  folder: string,
  flag: string,
  environment: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const home = join(folder, 'home');
  const state = readLivingStack(home);
  if (state === null) throw new Error('the stack is gone');
  const entry = join(folder, 'copy-worker.mjs');
  writeFileSync(entry, ENTRY.replaceAll('DIST', join(packageFolder(), 'dist')));
  const env = {
    ...environment,
    CARAVAN_HOME: home,
    DATABASE_URL: state.databaseUrl,
    REDIS_URL: state.redisUrl,
    TEMPORAL_ADDRESS: state.temporalAddress,
    TEMPORAL_NAMESPACE: state.namespace,
    FLAG: flag,
  };
  const worker = spawn(process.execPath, [entry], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  return new Promise((resolve, reject) => {
    worker.stderr.on('data', (bytes: Buffer) => (told += bytes.toString()));
    worker.stdout.on('data', (bytes: Buffer) => {
      if (bytes.includes(READY)) resolve(worker);
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error(`the copy worker ended: ${told.slice(-500)}`));
    });
  });
}

function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return Promise.resolve();
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
  worker.kill('SIGTERM');
  return gone;
}
