import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  drawn,
  expectedEntries,
  foundEntries,
  ROW_DAMAGE,
  ROW_FINDINGS,
  TIMES,
} from '../../bench/kora/corruptions/damage.js';
import type { Entry } from '../../bench/kora/corruptions/damage.js';
import { CORRUPTIONS, SOURCE, WEAKENED } from '../../bench/kora/corruptions/kinds.js';
import type { TestFolder } from './fixtures.js';
import { testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

const READER = `reader_${randomBytes(4).toString('hex')}`;
const seed = Number(process.env['CARAVAN_TEST_SEED'] ?? Date.now() % 1_000_000);

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
    const done = drawn(seed);
    const statements = done.map(({ corruption, ids }) => corruption.sql(ids));
    await corrupted.query(statements.join(';\n'));
    await corrupted.query(ROW_DAMAGE);
    const ran = await verify(await asReader(corrupted));
    expect(ran.exit, ran.stderr).toBe(3);
    const { stdout } = await caravan(['values', 'list', ran.json.migrationId, '--limit', '10000', '--json']);
    const { entries } = JSON.parse(stdout) as { entries: Entry[] };
    expect(foundEntries(entries)).toEqual(expectedEntries(done));
    const others = ran.json.findings.filter(({ object }) => !object.startsWith('main.client'));
    expect(others.map(({ code, object, count }) => `${code} ${object} ${String(count)}`).toSorted()).toEqual(
      ROW_FINDINGS,
    );
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

/** The URL of a login that may read and nothing else. */
async function asReader(database: TestDatabase): Promise<string> {
  await database.query(`
    CREATE ROLE ${READER} LOGIN PASSWORD 'reads';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${READER};
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${READER}`);
  return Object.assign(new URL(database.url), { username: READER, password: 'reads' }).toString();
}
