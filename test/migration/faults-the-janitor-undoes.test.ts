import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bigSqlite,
  expectUntouched,
  faultStack,
  figure,
  planWithChunks,
  scratch,
  startFaulty,
  untilChunks,
} from './faults-harness.js';
import type { FaultStack } from './faults-harness.js';
import { caravan, leftovers, until } from './harness.js';
import type { TestDatabase } from './harness.js';

/** The stack of the other tests knows the same target; what it finds there is not its own, and must stay. */
async function doctorOfAnotherStack(target: TestDatabase): Promise<void> {
  const name = `shared-${target.name.replaceAll('_', '-')}`;
  expect(await caravan(['connection', 'add', name, target.url])).toMatchObject({ exit: 0 });
  const before = await leftovers(target);
  await caravan(['doctor', '--fix']);
  expect(await leftovers(target)).toEqual(expect.arrayContaining(before.filter((each) => !each.includes('/'))));
  expect(await caravan(['connection', 'remove', name])).toMatchObject({ exit: 0 });
}

const ROWS = 20_000;
/** The janitor looks once a minute; then it has to drop what is there. */
const JANITOR_SECONDS = 70;

describe('"temporal workflow terminate", which lets no workflow code run', () => {
  const folder = scratch();
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await faultStack([{ role: 'control' }, { role: 'copy' }, { role: 'verify' }]);
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it("leaves nothing either: its janitor, and no other stack's, has undone everything within 70 seconds", async () => {
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    const plan = await planWithChunks(source, { chunkRows: 200, file: folder.path('plan.yaml'), home: stack.home });
    const { id, target, running } = await startFaulty({ source, plan, stack });
    await untilChunks({ id, target, running }, 10);
    await doctorOfAnotherStack(target);
    await stack.client.workflow.getHandle(id).terminate('a test');
    const terminatedMs = Date.now();
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(5);
    expect(ran.json).toMatchObject({ status: 'undo_incomplete', error: { code: 'UNDO_INCOMPLETE' } });
    expect(await leftovers(target)).not.toEqual([]);
    const isUndone = async (): Promise<boolean> => (await leftovers(target)).length === 0;
    await until('the janitor has undone it', isUndone, JANITOR_SECONDS * 1500);
    figure('undone after terminate', (Date.now() - terminatedMs) / 1000, JANITOR_SECONDS);
    await expectUntouched(target);
  }, 180_000);
});
