import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryVerdict } from '../../contracts/replay.js';
import { testFolder, uniqueId } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

async function verdictsOf({ json }: Ran): Promise<(beginning: string) => QueryVerdict> {
  const { exit, stdout, stderr } = await caravan(['queries', 'report', json.migrationId, '--json']);
  expect(exit, stderr).toBe(0);
  const { queries } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { queries: QueryVerdict[] };
  return (beginning) => queries.find(({ sql }) => sql.startsWith(beginning)) ?? expect.unreachable(`no ${beginning}`);
}

const folder = testFolder();
const databases: TestDatabase[] = [];
async function database(template?: string): Promise<TestDatabase> {
  const made = await freshDatabase(undefined, template);
  databases.push(made);
  return made;
}
afterAll(async () => {
  await Promise.all(databases.map((each) => each.drop()));
  folder.remove();
});

describe('Recorded writes of a SQLite file', () => {
  const name = uniqueId('name');
  const WRITES = [
    "INSERT INTO person (name) VALUES ('Ada')",
    'UPDATE person SET name = upper(name) WHERE id < 3',
    'DELETE FROM person WHERE id = 5',
    "INSERT INTO person (id, name) VALUES (7, 'Seven') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    // Its trigger counts, and the target has none.
    "INSERT INTO pet (person_id, name) VALUES (1, 'Rex')",
  ];
  const SCRIPT = `
    CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, at TEXT DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE pet (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person ON DELETE CASCADE, name TEXT);
    CREATE TABLE counted (what TEXT PRIMARY KEY, n INTEGER);
    CREATE TRIGGER count_pets AFTER INSERT ON pet BEGIN UPDATE counted SET n = n + 1; END;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
    INSERT INTO person SELECT i, '${name} ' || i, '2020-01-01 00:00:00' FROM n;
    INSERT INTO person VALUES (40, 'gone', NULL); DELETE FROM person WHERE id = 40;
    INSERT INTO counted VALUES ('pets', 0); INSERT INTO pet SELECT id, id, 'Pet' FROM person;`;
  let file = '';
  let before = '';
  let ran: Ran;
  let target: TestDatabase;
  const fingerprint = (): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  const isCopy = (path: string): boolean => existsSync(path) && readFileSync(path).includes(name);
  const copies = (): string[] =>
    readdirSync(tmpdir()).filter(
      (entry) => entry.startsWith('caravan-replica-') && isCopy(join(tmpdir(), entry, 'copy.sqlite')),
    );

  beforeAll(async () => {
    const source = folder.sqlite(`people-${String(databases.length)}`, SCRIPT);
    file = source.slice('sqlite:'.length);
    before = fingerprint();
    target = await database();
    const queries = folder.write('writes.sql', `${WRITES.join(';\n')};\n`);
    ran = await caravan([
      'migrate',
      '--source',
      source,
      '--target',
      target.url,
      '--queries',
      queries,
      '--yes',
      '--json',
    ]);
  });

  it('are tried on a copy that Caravan makes, and give the same rows, numbers and moments', async () => {
    expect(ran.exit, ran.stderr).toBe(3);
    const on = await verdictsOf(ran);
    expect(on('INSERT INTO person (name)')).toMatchObject({ verdict: 'equal', sourceRows: 1, tolerated: ['clock'] });
    expect(on('UPDATE person')).toMatchObject({ verdict: 'equal', sourceRows: 2, targetRows: 2 });
    expect(on('DELETE FROM person')).toMatchObject({ verdict: 'equal', sourceRows: 1 });
    expect(on('INSERT INTO person (id, name)')).toMatchObject({ verdict: 'equal' });
    expect(on('INSERT INTO pet')).toMatchObject({ verdict: 'different', explanation: { rule: 'triggers' } });
  });

  it('leave the file as it was, and no copy of it', async () => {
    expect(fingerprint()).toBe(before);
    expect(copies()).toEqual([]);
    expect(await target.query('SELECT count(*)::int AS people, max(id)::int AS last FROM person')).toEqual([
      { people: 9, last: 9 },
    ]);
  });
});

describe('Recorded writes of a PostgreSQL database', () => {
  const WRITES = [
    "INSERT INTO person (name) VALUES ('Ada'), ('Alan')",
    'UPDATE shop.person SET name = upper(name) WHERE id < 3',
    'DELETE FROM person WHERE id = 5',
    "INSERT INTO person (id, name) VALUES (7, 'Seven') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "INSERT INTO pet (person_id, name) VALUES (1, 'Rex')",
    'INSERT INTO pet (person_id, name) VALUES (1000, NULL)',
  ];
  const SCRIPT = `
    CREATE SCHEMA shop; SET search_path = shop;
    CREATE TABLE person (id serial PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now());
    CREATE TABLE pet (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
      person_id int REFERENCES person ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
    CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
    CREATE TRIGGER shout BEFORE INSERT ON pet FOR EACH ROW EXECUTE FUNCTION shout();
    INSERT INTO person (name, at) SELECT 'Name ' || i, '2020-01-01' FROM generate_series(1, 9) i;
    INSERT INTO pet (person_id, name) SELECT id, 'Pet' FROM person;`;
  let source: TestDatabase;
  let replica: TestDatabase;
  let target: TestDatabase;
  let ran: Ran;
  let refused: Ran;

  beforeAll(async () => {
    source = await database();
    await source.query(SCRIPT);
    replica = await database(source.name);
    // The source's counter went on since.
    await source.query("SELECT setval('shop.person_id_seq', 50)");
    target = await database();
    const queries = folder.write('writes-postgres.sql', `${WRITES.join(';\n')};\n`);
    const ends = ['--source', source.url, '--target', target.url, '--queries', queries, '--yes', '--json'];
    const same = source.url.includes('127.0.0.1') ? source.url.replace('127.0.0.1', 'localhost') : source.url;
    refused = await caravan(['migrate', ...ends, '--replay-source', same]);
    ran = await caravan(['migrate', ...ends, '--replay-source', replica.url]);
  });

  it('are not tried on the source itself, under whatever address', () => {
    expect(refused.exit, refused.stderr).toBe(2);
    expect(refused.json.error?.message).toContain('it is the source itself');
  });

  it('are tried on a replica, with triggers held still on both sides, and give the same', async () => {
    expect(ran.json.status, ran.stderr).toMatch(/^proven/);
    const on = await verdictsOf(ran);
    expect(on('INSERT INTO person (name)')).toMatchObject({ verdict: 'equal', sourceRows: 2, tolerated: ['clock'] });
    expect(on('UPDATE shop.person')).toMatchObject({ verdict: 'equal', sourceRows: 2, targetRows: 2 });
    expect(on('DELETE FROM person')).toMatchObject({ verdict: 'equal', sourceRows: 1 });
    expect(on('INSERT INTO person (id, name)')).toMatchObject({ verdict: 'equal' });
    expect(on('INSERT INTO pet (person_id, name) VALUES (1,')).toMatchObject({ verdict: 'equal', sourceRows: 1 });
    // Both refuse it, at the end of the transaction.
    expect(on('INSERT INTO pet (person_id, name) VALUES (1000')).toMatchObject({ verdict: 'equal', failsOnBoth: true });
  });

  it('leave rows, sequences and triggers of both sides as they were', async () => {
    const state = (schema: string): string => `
      SELECT (SELECT count(*)::int FROM ${schema}.person) AS people, (SELECT count(*)::int FROM ${schema}.pet) AS pets,
             nextval('${schema}.person_id_seq')::int AS next, (SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'shout') AS shouts`;
    expect(await replica.query(state('shop'))).toEqual([{ people: 9, pets: 9, next: 10, shouts: 'O' }]);
    expect(await source.query(state('shop'))).toEqual([{ people: 9, pets: 9, next: 51, shouts: 'O' }]);
    expect(await target.query(state('public'))).toMatchObject([{ people: 9, pets: 9, next: 51 }]);
  });
});
