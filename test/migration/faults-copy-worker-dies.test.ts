import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activitiesOf,
  bigSqlite,
  expectArrived,
  faultStack,
  figure,
  planWithChunks,
  scratch,
  secondsUntil,
  startFaulty,
  struckAt,
} from './faults-harness.js';
import type { ActivityEvent, Faulty, FaultStack } from './faults-harness.js';
import type { Ran } from './harness.js';

const ROWS = 120_000;
const CHUNK_ROWS = 4000;
const CHUNKS = ROWS / CHUNK_ROWS;
/** The chunks of one table that are copied at once. */
const IN_FLIGHT = 3;
/** While the large table is copied. */
const DEATHS = 4;
/** Small tables beside it, which go through batches, and the rows of each. */
const SMALL = Array.from({ length: 24 }, (_, at) => `small_${String(at + 10)}`);
const SMALL_ROWS = 40;

function addSmall(path: string): void {
  const database = new DatabaseSync(path);
  for (const table of SMALL)
    database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL UNIQUE);
      INSERT INTO ${table} SELECT id, 31 * id FROM big WHERE id <= ${String(SMALL_ROWS)}`);
  database.close();
}

describe('the only copy worker killed in the middle of COPY and of a batch of small tables, before and after COMMIT, before and after promotion', () => {
  const folder = scratch();
  const places = [
    { name: 'batch.mid', after: 4 },
    { name: 'copy.mid', after: 3 },
    { name: 'copy.before_commit', after: 6 },
    { name: 'copy.after_commit', after: 6 },
    { name: 'promote.before', after: 1 },
    { name: 'promote.after', after: 1 },
  ].map((place) => ({ ...place, marker: folder.path(place.name) }));
  let stack: FaultStack;
  let faulty: Faulty;
  let ran: Ran;
  let chunks: ActivityEvent[];
  let batches: ActivityEvent[];

  beforeAll(async () => {
    const failpoints = places.map(({ name, after, marker }) => `${name}:${String(after)}:${marker}`).join(',');
    stack = await faultStack([
      { role: 'control' },
      { role: 'copy', environment: { CARAVAN_FAILPOINT: failpoints } },
      { role: 'verify' },
    ]);
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    addSmall(folder.path('big.sqlite'));
    const plan = await planWithChunks(source, {
      chunkRows: CHUNK_ROWS,
      file: folder.path('plan.yaml'),
      home: stack.home,
    });
    faulty = await startFaulty({ source, plan, stack });
    ran = await faulty.running.ended;
    const history = await activitiesOf(stack.client, `${faulty.id}/table/main.big`);
    chunks = history.filter(({ activity }) => activity === 'copyChunk');
    const execution = await activitiesOf(stack.client, `${faulty.id}/execution`);
    batches = execution.filter(({ activity }) => activity === 'buildTables');
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it('was killed at each of these places, and runs again', () => {
    expect(places.filter(({ marker }) => !existsSync(marker))).toEqual([]);
    expect(stack.own.part('worker-copy')).toMatchObject({ state: 'ready', restarts: places.length });
  });

  it('ends proven, with every row exactly once and nothing left behind', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    const rows = ran.json.tables.map(({ sourceRows, targetRows }) => [sourceRows, targetRows]);
    expect(rows).toEqual([[ROWS, ROWS], ...SMALL.map(() => [SMALL_ROWS, SMALL_ROWS])]);
    expect(ran.json.copy.rows).toBe(ROWS + SMALL.length * SMALL_ROWS);
    await expectArrived(faulty.target, ROWS);
  });

  it('redoes only the chunks that were in flight, and not the one that had been committed', () => {
    const completed = chunks.filter(({ type }) => type === 'completed');
    expect(completed).toHaveLength(CHUNKS);
    const lost = chunks.filter(({ type }) => type === 'timed out').length;
    const retried = completed.reduce((sum, { attempt }) => sum + attempt - 1, 0);
    process.stderr.write(
      `FIGURE chunks sent again after ${String(DEATHS)} deaths: ${String(lost + retried)} of ${String(CHUNKS)}\n`,
    );
    expect(lost + retried).toBeGreaterThanOrEqual(3);
    expect(lost + retried).toBeLessThanOrEqual(DEATHS * IN_FLIGHT);
    const already = completed.filter(({ result }) => (result as { already: boolean }).already);
    expect(already.length).toBeGreaterThanOrEqual(1);
  });

  it('sends a batch of small tables again that it died in, and every table of it is there once, with its keys', async () => {
    const again = batches.filter(({ type, attempt }) => type === 'timed out' || (type === 'completed' && attempt > 1));
    expect(again.length).toBeGreaterThanOrEqual(1);
    const counts = SMALL.map((table) => `SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM ${table}`);
    expect(await faulty.target.query(counts.join(' UNION ALL '))).toEqual(
      SMALL.map(() => ({ rows: SMALL_ROWS, ids: SMALL_ROWS })),
    );
    const keys =
      "SELECT count(*)::int AS keys FROM pg_constraint WHERE conrelid::regclass::text ~ '^small_' AND contype IN ('p', 'u')";
    expect(await faulty.target.query(keys)).toEqual([{ keys: 2 * SMALL.length }]);
  });

  it('is at work again within 5 seconds after each death', () => {
    for (const { name, marker } of places.filter((place) => place.name.startsWith('copy.'))) {
      const seconds = secondsUntil(chunks, struckAt(marker), { type: 'completed', activity: 'copyChunk' });
      figure(`next chunk done after death at ${name}`, seconds, 5);
    }
  });
});
