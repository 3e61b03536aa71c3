import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { runStatus } from '../../cli/stack/status.js';
import { runUp } from '../../cli/stack/up.js';
import { isAlive } from '../../platform/local-stack/processes.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { killPart, testHome, until } from './stack-harness.js';

describe('one stack that runs', () => {
  const stack = testHome();
  const lines: string[] = [];

  beforeAll(async () => {
    const code = await runUp({ config: stack.config, workers: [], detach: true, print: (line) => lines.push(line) });
    expect(code).toBe(0);
  }, 60_000);
  afterAll(async () => {
    await stack.dispose();
  });

  test('status --json has exactly the documented form', async () => {
    const printed: string[] = [];
    await runStatus({ config: stack.config, json: true, print: (line) => printed.push(line) });
    expect(printed).toHaveLength(1);
    const { parts, ...rest } = JSON.parse(printed[0] ?? '') as { parts: Record<string, unknown>[] };
    expect(rest).toEqual({});
    expect(parts.map(({ name }) => name)).toEqual(['temporal', 'postgres', 'redis']);
    for (const part of parts) {
      expect(Object.keys(part)).toEqual(['name', 'role', 'pid', 'address', 'state', 'restarts', 'source']);
      expect(part).toMatchObject({ state: 'ready', restarts: 0, pid: expect.any(Number) as number });
      expect(part.address).toMatch(/^127\.0\.0\.1:\d+$/);
    }
  });

  test('a second up finds the first', async () => {
    const before = stack.parts();
    const printed: string[] = [];
    expect(await runUp({ config: stack.config, workers: [], print: (line) => printed.push(line) })).toBe(0);
    expect(printed[0]).toBe('the stack runs already');
    expect(stack.parts()).toEqual(before);
  });

  test('ensureStack uses it, and leaves it running', async () => {
    const used = await ensureStack({ config: stack.config, workers: [] });
    expect(used).toMatchObject({ started: false, namespace: 'default' });
    await used.stop();
    expect(stack.part('temporal').state).toBe('ready');
  });

  test('a part killed with SIGKILL is started again on its data and its port', async () => {
    const { databaseUrl, temporalAddress } = await ensureStack({ config: stack.config, workers: [] });
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await startWorkflow(temporalAddress, 'kept');
    const addresses = stack.parts().map(({ address }) => address);
    await Promise.all(['temporal', 'postgres', 'redis'].map((name) => killPart(stack, name)));
    expect(stack.parts().map(({ address }) => address)).toEqual(addresses);
    expect(stack.parts().map(({ restarts }) => restarts)).toEqual([1, 1, 1]);
    expect(await query(databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await isRunning(temporalAddress, 'kept')).toBe(true);
  });

  test('PostgreSQL with a busy backend is started again too', async () => {
    const { databaseUrl } = await ensureStack({ config: stack.config, workers: [] });
    const busy = query(databaseUrl, 'SELECT count(*) FROM generate_series(1, 1000000000)').catch(() => 'lost');
    const isBusy = async (): Promise<boolean> =>
      (
        await query(
          databaseUrl,
          "SELECT FROM pg_stat_activity WHERE query LIKE '%1000000000%' AND pid <> pg_backend_pid()",
        )
      ).length > 0;
    await until('a backend is busy', isBusy);
    await killPart(stack, 'postgres');
    expect(await busy).toBe('lost');
  });

  test('a killed watchdog is replaced', async () => {
    const before = readLivingStack(stack.home)?.watchdog;
    if (before == null) throw new Error('no watchdog');
    process.kill(before.pid, 'SIGKILL');
    await until('a new watchdog', () => ![before.pid, undefined].includes(readLivingStack(stack.home)?.watchdog?.pid));
  });

  test('the supervisor killed with SIGKILL leaves nothing behind, and the next up goes on with the data', async () => {
    const state = readLivingStack(stack.home);
    if (state === null) throw new Error('no stack');
    process.kill(state.supervisor.pid, 'SIGKILL');
    await until(`nothing is left: ${stack.processes().join('; ')}`, () => stack.processes().length === 0);
    expect(await runUp({ config: stack.config, workers: [], detach: true, print: () => undefined })).toBe(0);
    expect(await query(state.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await isRunning(state.temporalAddress, 'kept')).toBe(true);
  });

  test('up at once after supervisor and watchdog were killed ends what they left', async () => {
    const state = readLivingStack(stack.home);
    if (state?.watchdog == null) throw new Error('no stack');
    const old = stack.parts().map(({ pid }) => pid);
    for (const { pid } of [state.supervisor, state.watchdog]) process.kill(pid, 'SIGKILL');
    await until(
      'both are dead',
      () => ![state.supervisor, state.watchdog].some((each) => each !== null && isAlive(each)),
    );
    expect(await runUp({ config: stack.config, workers: [], detach: true, print: () => undefined })).toBe(0);
    expect(stack.parts().map(({ state: now }) => now)).toEqual(['ready', 'ready', 'ready']);
    expect(stack.parts().filter(({ pid }) => old.includes(pid))).toEqual([]);
  });

  test('down leaves nothing behind', async () => {
    const { runDown } = await import('../../cli/stack/down.js');
    expect(await runDown({ config: stack.config, print: () => undefined })).toBe(0);
    expect(stack.processes()).toEqual([]);
    expect(stack.parts().map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  // A killed server says so on the idle connection as well.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function startWorkflow(address: string, workflowId: string): Promise<void> {
  const connection = await Connection.connect({ address });
  await new Client({ connection }).workflow.start('nobody', { workflowId, taskQueue: 'nobody' });
  await connection.close();
}

async function isRunning(address: string, workflowId: string): Promise<boolean> {
  const connection = await Connection.connect({ address });
  const { status } = await new Client({ connection }).workflow.getHandle(workflowId).describe();
  await connection.close();
  return status.name === 'RUNNING';
}
