import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORRUPTIONS, ROWS, SOURCE, WEAKENED } from './corruptions.js';
import type { Corruption } from './corruptions.js';
import type { TestFolder } from './fixtures.js';
import { testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

/** Rows that each corruption is done to. */
const TIMES = 6;
const READER = `reader_${randomBytes(4).toString('hex')}`;
const seed = Number(process.env['CARAVAN_TEST_SEED'] ?? Date.now() % 1_000_000);

/** The same numbers for the same seed (mulberry32). */
function numbersFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Done {
  readonly corruption: Corruption;
  readonly ids: readonly number[];
}

/** Each corruption on rows of its own, by chance. */
function drawn(): Done[] {
  const random = numbersFrom(seed);
  const free = Array.from({ length: ROWS }, (_, at) => at + 1).toSorted(() => random() - 0.5);
  const demanding = CORRUPTIONS.toSorted(
    (one, other) => Number(one.fits === undefined) - Number(other.fits === undefined),
  );
  return demanding.flatMap((corruption) =>
    Array.from({ length: TIMES }, (): Done => {
      const { rows = 1, fits = () => true } = corruption;
      const ids = free.filter(fits).slice(0, rows);
      for (const id of ids) free.splice(free.indexOf(id), 1);
      return { corruption, ids };
    }),
  );
}

describe(`a database moved from SQLite, corrupted by the seed ${String(seed)}`, () => {
  let folder: TestFolder;
  let source = '';
  let clean: Ran;
  const targets: TestDatabase[] = [];

  const copy = async (): Promise<TestDatabase> => {
    const made = await freshDatabase(undefined, targets[0]?.name);
    targets.push(made);
    return made;
  };
  const verify = (target: string): Promise<Ran> =>
    caravan(['verify', '--source', source, '--target', target, '--json']);

  beforeAll(async () => {
    folder = testFolder();
    source = folder.sqlite('shop', SOURCE);
    const target = await freshDatabase();
    targets.push(target);
    const moved = await caravan(['migrate', '--source', source, '--target', target.url, '--yes', '--json']);
    expect(moved.exit, moved.stderr).toBe(0);
    clean = await verify(target.url);
  });
  afterAll(async () => {
    const [first, ...copies] = targets;
    for (const target of copies) await target.drop();
    await first?.query(`DROP ROLE IF EXISTS ${READER}`);
    await first?.drop();
    folder.remove();
  });

  it('gives no finding before it is corrupted', () => {
    expect(clean.exit, clean.stderr).toBe(0);
    expect(clean.json).toMatchObject({ status: 'proven', findings: [] });
  });

  it('shows every corrupted value and row under its class and key, to a login that may only read', async () => {
    const corrupted = await copy();
    const done = drawn();
    const statements = done.map(({ corruption, ids }) => corruption.sql(ids));
    await corrupted.query(statements.join(';\n'));
    await corrupted.query(`
      INSERT INTO plain SELECT * FROM plain WHERE number <= ${String(TIMES)};
      INSERT INTO plain VALUES ('not there', 1, 'before');
      DELETE FROM plain WHERE number = 30;
      INSERT INTO client SELECT 1000 + n, 'extra', 'row', 'note', 0, n, n, true, now(), now(), '', 'extra ' || n FROM generate_series(1, ${String(TIMES)}) n;
      ALTER TABLE item DROP CONSTRAINT item_pkey;
      INSERT INTO item SELECT * FROM item WHERE order_id <= ${String(TIMES)};
      SELECT setval(pg_get_serial_sequence('client', 'id'), 5000)`);
    const ran = await verify(await asReader(corrupted));
    expect(ran.exit, ran.stderr).toBe(3);
    const { stdout } = await caravan(['values', 'list', ran.json.migrationId, '--limit', '10000', '--json']);
    const { entries } = JSON.parse(stdout) as { entries: Entry[] };
    const found = entries.filter(({ table }) => table === 'main.client').map(wordsOf);
    const extra = Array.from({ length: TIMES }, (_, at) => `extra_rows - ${String(1001 + at)}`);
    const expected = done.flatMap(({ corruption: { code, column = '-' }, ids }) =>
      ids.map((id) => `${code} ${column} ${String(id)}`),
    );
    expect(found.toSorted()).toEqual([...expected, ...extra].toSorted());
    const others = ran.json.findings.filter(({ object }) => !object.startsWith('main.client'));
    expect(others.map(({ code, object, count }) => `${code} ${object} ${String(count)}`).toSorted()).toEqual([
      `duplicated_rows main.item ${String(TIMES)}`,
      `duplicated_rows main.plain ${String(TIMES)}`,
      'extra_rows main.plain 1',
      'lost_rows main.plain 1',
      'primary_key_missing main.item.item_pkey 1',
    ]);
  });

  it('shows everything that is missing or weaker in its structure', async () => {
    const weakened = await copy();
    for (const [, sql] of WEAKENED) await weakened.query(sql);
    const ran = await verify(weakened.url);
    expect(ran.exit, ran.stderr).toBe(3);
    const found = ran.json.findings.map(({ code, object }) => `${code} ${object}`);
    expect(found.toSorted()).toEqual(WEAKENED.map(([, , finding]) => finding).toSorted());
  });

  it('is corrupted in 200 ways and more', () => {
    expect(CORRUPTIONS.length * TIMES + WEAKENED.length).toBeGreaterThanOrEqual(200);
  });
});

interface Entry {
  readonly table: string;
  readonly key: Readonly<Record<string, { readonly text: string }>>;
  readonly column: string | null;
  readonly rule: string;
}

function wordsOf({ rule, column, key }: Entry): string {
  return `${rule} ${column ?? '-'} ${key['id']?.text ?? ''}`;
}

/** The URL of a login that may read and nothing else. */
async function asReader(database: TestDatabase): Promise<string> {
  await database.query(`
    CREATE ROLE ${READER} LOGIN PASSWORD 'reads';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${READER};
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${READER}`);
  return Object.assign(new URL(database.url), { username: READER, password: 'reads' }).toString();
}
