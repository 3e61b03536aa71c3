import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { livingParts, readLivingStack } from '../../platform/local-stack/stack-state.js';
import {
  bigSqlite,
  expectArrived,
  faultStack,
  figure,
  planWithChunks,
  scratch,
  startFaulty,
  untilChunks,
} from './faults-harness.js';
import type { Faulty, FaultStack } from './faults-harness.js';
import { until } from './harness.js';
import type { Ran } from './harness.js';

const ROWS = 40_000;
const WORKERS = [{ role: 'control' }, { role: 'copy' }, { role: 'verify' }];

describe('the whole stack killed with SIGKILL while a table is copied, and brought up again on the same folder', () => {
  const folder = scratch();
  let stack: FaultStack;
  let faulty: Faulty;
  let ran: Ran;
  let again: Awaited<ReturnType<typeof ensureStack>> | undefined;

  beforeAll(async () => {
    stack = await faultStack(WORKERS);
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    const plan = await planWithChunks(source, { chunkRows: 400, file: folder.path('plan.yaml'), home: stack.home });
    faulty = await startFaulty({ source, plan, stack });
    await untilChunks(faulty, 20);
    await killAll(stack.home);
    again = await ensureStack({ config: stack.own.config, workers: WORKERS });
    const upMs = Date.now();
    await untilChunks(faulty, 40);
    figure('20 chunks done after the stack is up again', (Date.now() - upMs) / 1000, 15);
    ran = await faulty.running.ended;
  });
  afterAll(async () => {
    await again?.stop();
    await stack.dispose();
    folder.remove();
  });

  it('goes on by itself: the command that was following it ends with exit 0 and status proven', () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [], copy: { rows: ROWS } });
  });

  it('has every row exactly once, and nothing is left behind', async () => {
    await expectArrived(faulty.target, ROWS);
  });

  it('leaves no process of the first life', async () => {
    await again?.stop();
    await until('nothing is left', () => stack.own.processes().length === 0);
  });
});

/** Supervisor and watchdog first, so that nobody tidies up; then every part. Resolves when all are dead. */
async function killAll(home: string): Promise<void> {
  const state = readLivingStack(home);
  if (state === null) throw new Error('no stack runs');
  const parts = livingParts(state).map(({ pid }) => pid);
  for (const pid of [state.watchdog?.pid, state.supervisor.pid, ...parts]) {
    if (pid != null) process.kill(pid, 'SIGKILL');
  }
  await until('everything is dead', () => readLivingStack(home) === null && livingParts(state).length === 0);
}
