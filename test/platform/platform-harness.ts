import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log, LogFacts } from '../../platform/telemetry/log.js';

export interface Scratch {
  readonly folder: string;
  remove(): void;
}

export function scratchFolder(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-platform-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A log that keeps its lines. */
export function listLog(): Log & { readonly lines: LogFacts[] } {
  const lines: LogFacts[] = [];
  const keep = (facts: LogFacts): void => {
    lines.push(facts);
  };
  const log: Log & { readonly lines: LogFacts[] } = {
    lines,
    debug: keep,
    info: keep,
    warn: keep,
    error: keep,
    child: () => log,
  };
  return log;
}

/** Waits until a condition holds; the fact itself is polled, there is no fixed wait. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

export interface TestRedis {
  readonly url: string;
  readonly process: ChildProcess;
  readonly stop: () => Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A Redis of its own on this port. */
export async function startRedis(port: number): Promise<TestRedis> {
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let said = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => void (said += text));
  await until(() => said.includes('Ready to accept connections'));
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    process: server,
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
  };
}
