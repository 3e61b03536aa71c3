import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../contracts/migration.js';
import type { MigrationView, StackView, TestFolder } from './fixtures.js';
import { objectsIn, startMigrate, testFolder, viewStack } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const ROWS = 6_000;
/** Many chunks, so that a copy is long enough to be paused. */
const CHUNK_ROWS = 40;

/** A schema that must be quoted wherever it is named. */
const SCHEMA = 'Odd "one"; DROP SCHEMA public; --';

describe('People steer a migration', () => {
  let view: StackView;
  let folder: TestFolder;
  let target: TestDatabase;

  beforeAll(async () => {
    view = await viewStack();
  });
  beforeEach(async () => {
    folder = testFolder();
    target = await freshDatabase();
  });
  afterEach(async () => {
    folder.remove();
    await target.drop();
  });
  afterAll(async () => {
    await view.close();
  });

  it('is paused and resumed while it copies; what it tells of its progress is sane', async () => {
    const source = folder.sqlite(
      'long',
      `CREATE TABLE reading (id INTEGER PRIMARY KEY, value REAL, note TEXT);
       WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < ${String(ROWS)})
       INSERT INTO reading SELECT v, v / 3.0, 'reading ' || v FROM n`,
    );
    const plan = join(folder.path, 'plan.yaml');
    await caravan(['plan', '--source', source, '--target', target.url, '--out', plan]);
    const many = readFileSync(plan, 'utf8').replace(/chunkRows: \d+/g, `chunkRows: ${String(CHUNK_ROWS)}`);
    const running = startMigrate({ source, target: target.url }, '--yes', '--plan', folder.write('many.yaml', many));
    const migration = view.migration(running.id);
    await until('chunks are copied', async () => (await chunksAtWork(view, running.id)) > 0, 60_000);
    const paused = await caravan(['pause', running.id, '--reason', 'lunch', '--by', 'ann']);
    expect(paused.exit, paused.stderr).toBe(0);
    await until('no chunk is at work', async () => (await chunksAtWork(view, running.id)) === 0, 60_000);
    const still = await migration.progress();
    expectSane(still);
    expect(still.status).toBe('paused');
    expect(still.phase).toBe('execution');
    expect(still.rows).toBeLessThan(ROWS);
    const again = await caravan(['pause', running.id]);
    expect(again.stderr).toContain('ALREADY_DECIDED');
    expect(await chunksAtWork(view, running.id)).toBe(0);
    const resumed = await caravan(['resume', running.id, '--by', 'ann']);
    expect(resumed.exit, resumed.stderr).toBe(0);
    const seen = await watch(migration, running.ended);
    for (const progress of seen) expectSane(progress);
    const last = seen.at(-1);
    expect(last).toMatchObject({ phase: 'done', rows: ROWS, totalRows: ROWS, etaSeconds: 0 });
    expect(last?.bytes).toBeGreaterThan(ROWS);
    expect(last?.rowsPerSecond).toBeGreaterThan(0);
    for (const [at, progress] of seen.entries()) {
      const before = seen[at - 1];
      if (before?.phase === 'execution' && progress.phase === 'execution') {
        expect(progress.rows).toBeGreaterThanOrEqual(before.rows);
      }
    }
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json.copy.rows).toBe(ROWS);
    expect(await target.query('SELECT count(*) FROM reading')).toEqual([{ count: String(ROWS) }]);
  }, 180_000);

  it('takes the tables that globs name; a foreign key to a table that is left out is listed', async () => {
    const source = folder.sqlite(
      'globs',
      `CREATE TABLE shop_customer (id INTEGER PRIMARY KEY);
       CREATE TABLE shop_order (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES shop_customer, item INTEGER REFERENCES stock);
       CREATE TABLE shop_tmp (id INTEGER PRIMARY KEY);
       CREATE TABLE stock (id INTEGER PRIMARY KEY);
       INSERT INTO stock VALUES (1); INSERT INTO shop_customer VALUES (1); INSERT INTO shop_order VALUES (1, 1, 1);`,
    );
    const globs = ['--include', 'shop_*', '--exclude', 'main.*_tmp', '--target-schema', SCHEMA];
    const ran = await startMigrate({ source, target: target.url }, '--yes', ...globs).ended;
    expect(ran.exit, ran.stderr).toBe(0);
    const objects = await objectsIn(target);
    expect(objects.filter((name) => name.startsWith(`${SCHEMA}.`))).toEqual([
      `${SCHEMA}.shop_customer`,
      `${SCHEMA}.shop_order`,
    ]);
    const [key] = ran.json.notMigrated.filter(({ kind }) => kind === 'foreign key');
    expect(key?.reason).toContain('stock');
    expect(key?.name).toContain('shop_order');
  });
});

function expectSane(progress: Progress): void {
  const { rows, totalRows, bytes, rowsPerSecond, etaSeconds, tables } = progress;
  expect(rows).toBeLessThanOrEqual(totalRows);
  expect(bytes).toBeGreaterThanOrEqual(rows);
  expect(rowsPerSecond).toBeGreaterThanOrEqual(0);
  expect(etaSeconds === null || etaSeconds >= 0).toBe(true);
  for (const table of tables) expect(table.rows).toBeLessThanOrEqual(table.totalRows);
}

/** Chunks of the table that are being copied now. */
async function chunksAtWork({ client }: StackView, migrationId: string): Promise<number> {
  const handle = client.workflow.getHandle(`${migrationId}/table/main.reading`);
  const seen = await handle.describe().catch(() => undefined);
  return seen?.raw.pendingActivities?.length ?? 0;
}

/** Every progress that is told until the end. */
async function watch(migration: MigrationView, ended: Promise<unknown>): Promise<Progress[]> {
  const seen: Progress[] = [];
  let over = false;
  const done = ended.then(() => (over = true));
  await until(
    'it ends',
    async () => {
      seen.push(await migration.progress());
      return over;
    },
    120_000,
  );
  await done;
  return seen;
}
