import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
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
import { lockShadowTable } from './faults-holds.js';
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
/** The janitor looks once a minute, which the first test spends; then it has to drop what is there. */
const JANITOR_SECONDS = 70;

describe('"temporal workflow terminate", which lets no workflow code run', () => {
  const folder = scratch();
  const promoted = folder.path('promoted');
  let stack: FaultStack;

  beforeAll(async () => {
    const environment = { CARAVAN_FAILPOINT: `promote.after:1:${promoted}` };
    stack = await faultStack([{ role: 'control' }, { role: 'copy', environment }, { role: 'verify' }]);
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it('past the pivot keeps what was promoted; "doctor --fix" saves the only original bytes before it tidies up', async () => {
    const file = folder.path('dirty.sqlite');
    const source = bigSqlite(file, ROWS);
    const database = new DatabaseSync(file);
    database.exec("UPDATE big SET amount = 'about ' || id WHERE id IN (7, 8, 9)");
    database.close();
    const { id, target, running } = await startFaulty({ source, stack });
    // The worker that promotes dies before it can say so.
    await until('it is promoted', () => existsSync(promoted), 60_000);
    const [sidecar] = (await leftovers(target)).filter((name) => name.endsWith('_meta'));
    const kept = `SELECT source_table, key_identity, encode(key, 'hex') AS key, column_name, reason, encode(bytes, 'hex') AS bytes`;
    const original = await target.query(`${kept} FROM ${sidecar ?? ''}.value_ledger ORDER BY id`);
    expect(original).toHaveLength(3);
    await stack.client.workflow.getHandle(id).terminate('a test');
    await running.ended;
    for (let times = 0; times < 2; times += 1) {
      const doctor = await caravan(['doctor', '--fix'], { home: stack.home });
      expect(doctor.stderr).toContain('undone, 0 left');
      expect(await leftovers(target)).toEqual([]);
    }
    expect(
      await target.query('SELECT count(*) AS rows, count(*) FILTER (WHERE amount IS NULL) AS changed FROM big'),
    ).toEqual([{ rows: String(ROWS), changed: '3' }]);
    const store = new pg.Client({ connectionString: stack.databaseUrl });
    await store.connect();
    const archived = `${kept} FROM caravan_store.archive WHERE migration_id = $1 ORDER BY id`;
    expect((await store.query(archived, [id])).rows).toEqual(original);
    await store.end();
    await target.drop();
  });

  it("leaves nothing either: its janitor, and no other stack's, has undone everything within 70 seconds", async () => {
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    const plan = await planWithChunks(source, { chunkRows: 200, file: folder.path('plan.yaml'), home: stack.home });
    const { id, target, running } = await startFaulty({ source, plan, stack });
    await untilChunks({ id, target, running }, 10);
    // However long the commands take, the copy is not over before it is terminated.
    const release = await lockShadowTable({ id, target, running }, 'big', 'SHARE');
    await doctorOfAnotherStack(target);
    await stack.client.workflow.getHandle(id).terminate('a test');
    const terminatedMs = Date.now();
    await release();
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
