import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress, Question } from '../../contracts/migration.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers, until } from './harness.js';
import type { MigrationView, StackView, TestFolder } from './fixtures.js';
import { objectsIn, startMigrate, testFolder, viewStack } from './fixtures.js';

const SHOP = `
  CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE player (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES team, rival_id INTEGER REFERENCES player, name TEXT);
  CREATE TABLE city (id INTEGER PRIMARY KEY, mayor INTEGER REFERENCES player, born DATE);
  INSERT INTO team VALUES (1, 'red'), (2, 'blue');
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO player SELECT i, 1 + i % 2, 1 + (i * 7) % 3000, 'player ' || i FROM n;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO city SELECT i, 30 * i, CASE i WHEN 7 THEN '2023-02-30' ELSE '2020-01-01' END FROM n;`;

/** Somebody's own guard in the target: from the moment on that the shadow's table is made, nobody may write to it. */
const COPY_GUARD = (table: string): string => `
  CREATE SCHEMA guard;
  CREATE FUNCTION guard.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'the owner says no'; END $$;
  CREATE FUNCTION guard.attach() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE made record;
    BEGIN
      FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_identity ~ '^caravan_[0-9a-f]{12}\\.${table}$'
      LOOP EXECUTE format('CREATE TRIGGER guard BEFORE INSERT ON %s EXECUTE FUNCTION guard.refuse()', made.object_identity);
      END LOOP;
    END $$;
  CREATE EVENT TRIGGER guard_${table} ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION guard.attach();`;

/** The same for whoever gives the table a key. */
const KEYS_GUARD = (table: string): string => `
  CREATE SCHEMA guard;
  CREATE FUNCTION guard.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity ~ '^caravan_[0-9a-f]{12}\\.${table}$')
      THEN RAISE EXCEPTION 'the owner says no'; END IF;
    END $$;
  CREATE EVENT TRIGGER guard_${table} ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION guard.refuse();`;

describe('A table that fails for good', () => {
  let view: StackView;
  let folder: TestFolder;
  const databases: TestDatabase[] = [];
  const target = async (guard: string): Promise<TestDatabase> => {
    const database = await freshDatabase();
    databases.push(database);
    if (guard !== '') await database.query(guard);
    return database;
  };
  /** Approved by a person, so that its questions are a person's as well. */
  const start = async (ends: { source: string; target: string }): Promise<Started> => {
    const running = startMigrate(ends);
    const migration = view.migration(running.id);
    await migration.waits();
    // A date that is none: it shall be NULL and in the value ledger, not make a text of the column.
    for (const { id } of await migration.questions()) await caravan(['answer', running.id, id, 'date', '--by', 'ann']);
    await migration.waits('planning');
    await caravan(['approve', running.id, '--by', 'ann']);
    return { ...migration, id: running.id, stderr: running.stderr, ended: running.ended };
  };

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
  });
  afterAll(async () => {
    folder.remove();
    for (const database of databases) await database.drop();
    await view.close();
  });

  it('is excluded when a person says so: named everywhere, its foreign keys gone, the others whole and proven', async () => {
    const source = folder.sqlite('excluded', SHOP);
    const database = await target(COPY_GUARD('player'));
    const started = await start({ source, target: database.url });
    const question = await questionOf(started);
    expect(question).toMatchObject({ options: ['retry', 'exclude', 'abort'], default: 'abort' });
    expect(question.text).toContain('copy:main.player');
    await until('the command tells how to answer', () =>
      started.stderr().includes(`caravan answer ${started.id} ${question.id} exclude`),
    );
    expect(stateOf(await started.progress(), 'main.player')).toBe('failed');
    const answered = await caravan(['answer', started.id, question.id, 'exclude', '--by', 'ann']);
    expect(answered.exit, answered.stderr).toBe(0);
    await acceptAll(started);
    const ran = await started.ended;
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json.status).toBe('proven_with_exceptions');
    expect(ran.json.tables.map((table) => table.source).sort()).toEqual(['main.city', 'main.team']);
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
    expect(ran.json.copy.rows).toBe(102);
    expect(ran.json.notMigrated).toContainEqual(expect.objectContaining({ kind: 'table', name: 'main.player' }));
    const keys = ran.json.notMigrated.filter(({ kind }) => kind === 'foreign key');
    expect(keys.map(({ name }) => name)).toEqual([expect.stringMatching(/^main\.city\..*mayor/)]);
    expect(keys[0]?.reason).toContain('player');
    expect(ran.json.findings).toContainEqual(
      expect.objectContaining({ code: 'table_excluded', object: 'main.player', disposition: 'accepted' }),
    );
    expect(await objectsIn(database)).toEqual(['guard', 'public.city', 'public.team']);
    expect(await database.query("SELECT conname FROM pg_constraint WHERE contype = 'f'")).toEqual([]);
    expect(await database.query('SELECT count(*)::int AS n, sum(mayor)::int AS mayors FROM city')).toEqual([
      { n: 100, mayors: 151_500 },
    ]);
    expect(await leftovers(database)).toEqual([]);
    const done = await started.progress();
    expect(done.rows).toBe(done.totalRows);
    expect(stateOf(done, 'main.player')).toBe('excluded');
    const path = ran.json.certificate ?? '';
    const certificate = readFileSync(path, 'utf8');
    expect(certificate).toContain('The table main.player was not migrated');
    expect(certificate).toContain('excluded by ann');
    expect(certificate).not.toContain('public.player holds');
    expect((await caravan(['certificate', 'verify', path])).exit).toBe(0);
  }, 120_000);

  it('is tried again when its cause is mended, and arrives whole; what was copied is not copied twice', async () => {
    const source = folder.sqlite('again', SHOP);
    const database = await target(KEYS_GUARD('player'));
    const started = await start({ source, target: database.url });
    const first = await questionOf(started);
    expect(first.text).toContain('keys:main.player');
    expect(first.text).not.toContain('the owner says no');
    // The cause is still there: it is asked again, under another name.
    await caravan(['answer', started.id, first.id, 'retry', '--by', 'ann']);
    const second = await questionOf(started);
    expect(second.id).not.toBe(first.id);
    await database.query('DROP EVENT TRIGGER guard_player');
    await caravan(['answer', started.id, second.id, 'retry', '--by', 'ann']);
    await acceptAll(started);
    const ran = await started.ended;
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json.findings.map(({ code }) => code)).toEqual(['values_changed']);
    expect(ran.json.notMigrated).toEqual([]);
    expect(ran.json.copy.rows).toBe(3102);
    expect(await database.query('SELECT count(*)::int AS n, count(DISTINCT id)::int AS ids FROM player')).toEqual([
      { n: 3000, ids: 3000 },
    ]);
    expect(
      await database.query("SELECT count(*)::int AS n FROM pg_constraint WHERE contype = 'f' AND convalidated"),
    ).toEqual([{ n: 3 }]);
    const done = await started.progress();
    expect(done.rows).toBe(done.totalRows);
    expect(done.tables.map(({ state }) => state)).toEqual(['equal', 'equal', 'equal']);
    expect(await leftovers(database)).toEqual([]);
  }, 120_000);

  it('is read anew when its rows violated a key and were mended in the source', async () => {
    // Two keys to SQLite, one to PostgreSQL: a text and a blob of the same bytes.
    const source = folder.sqlite(
      'voucher',
      `CREATE TABLE voucher (id INTEGER PRIMARY KEY, code BLOB UNIQUE, spent DATE);
       CREATE TABLE other (id INTEGER PRIMARY KEY, seen DATE);
       INSERT INTO voucher VALUES (1, 'a', '2023-02-30'), (2, x'61', '2023-02-01'), (3, 'c', '2023-02-01');
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
         INSERT INTO other SELECT i, CASE i WHEN 7 THEN '2023-02-30' ELSE '2020-01-01' END FROM n;`,
    );
    const database = await target('');
    const started = await start({ source, target: database.url });
    const question = await questionOf(started);
    expect(question.text).toContain('KEY_VIOLATED');
    const file = new DatabaseSync(source.slice('sqlite:'.length));
    // The value that could not go is mended as well, in both tables: the ledgers of the first try excuse nothing now.
    file.exec(`UPDATE voucher SET code = 'b' WHERE id = 2; UPDATE voucher SET spent = '2023-02-28' WHERE id = 1;
      UPDATE other SET seen = '2023-02-28' WHERE id = 7`);
    file.close();
    await caravan(['answer', started.id, question.id, 'retry', '--by', 'ann']);
    await acceptAll(started);
    const ran = await started.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    expect(
      await database.query("SELECT id::int, convert_from(code, 'UTF8') AS code, spent::text FROM voucher ORDER BY id"),
    ).toEqual([
      { id: 1, code: 'a', spent: '2023-02-28' },
      { id: 2, code: 'b', spent: '2023-02-01' },
      { id: 3, code: 'c', spent: '2023-02-01' },
    ]);
    expect(await database.query('SELECT pg_typeof(seen)::text AS type, seen::text FROM other WHERE id = 7')).toEqual([
      { type: 'date', seen: '2023-02-28' },
    ]);
    expect(await leftovers(database)).toEqual([]);
  }, 120_000);

  it('undoes all when a person says abort; and under --yes, without a question', async () => {
    const source = folder.sqlite('aborted', SHOP);
    const [one, other] = await Promise.all([target(COPY_GUARD('player')), target(KEYS_GUARD('city'))]);
    const started = await start({ source, target: one.url });
    const hasty = startMigrate({ source, target: other.url }, '--yes');
    const question = await questionOf(started);
    await caravan(['answer', started.id, question.id, 'abort', '--by', 'ann']);
    for (const ran of [await started.ended, await hasty.ended]) {
      expect(ran.exit, ran.stderr).toBe(1);
      expect(ran.json).toMatchObject({ status: 'failed', certificate: null });
      expect(ran.json.error?.code).not.toBe('INTERNAL');
    }
    for (const database of [one, other]) {
      expect(await objectsIn(database)).toEqual(['guard']);
      expect(await leftovers(database)).toEqual([]);
    }
  }, 120_000);

  it('cannot be excluded when no other table is left', async () => {
    const source = folder.sqlite('only', 'CREATE TABLE alone (id INTEGER PRIMARY KEY); INSERT INTO alone VALUES (1)');
    const database = await target(COPY_GUARD('alone'));
    const started = await start({ source, target: database.url });
    const question = await questionOf(started);
    expect(question.options).toEqual(['retry', 'abort']);
    await caravan(['cancel', started.id]);
    expect((await started.ended).json.status).toBe('cancelled');
    expect(await objectsIn(database)).toEqual(['guard']);
  }, 120_000);
});

interface Started extends MigrationView {
  readonly id: string;
  readonly stderr: () => string;
  readonly ended: Promise<Ran>;
}

/** The question about failed tables that is open now. */
async function questionOf(started: Started): Promise<Question> {
  let over: Ran | undefined;
  void started.ended.then((ran) => (over = ran));
  let found: Question | undefined;
  await until(
    'it is asked what becomes of the failed tables',
    async () => {
      if (over !== undefined) throw new Error(`it ended with ${String(over.exit)}: ${over.stderr}`);
      found = (await started.questions()).find(({ id, answer }) => id.startsWith('failed:') && answer === undefined);
      return found !== undefined;
    },
    60_000,
  );
  if (found === undefined) throw new Error('unreachable');
  return found;
}

/** Accepts what the proof finds, until the migration ends. */
async function acceptAll(started: Started): Promise<void> {
  const over = { yet: false };
  void started.ended.then(() => (over.yet = true));
  await until(
    'it ends, or a finding waits to be accepted',
    async () => over.yet || (await started.findings()).some(({ disposition }) => disposition === 'open'),
    60_000,
  );
  if (over.yet) return;
  await started.waits('verification');
  for (const { id, disposition } of await started.findings()) {
    if (disposition === 'open') await caravan(['accept', started.id, id, '--reason', 'known', '--by', 'ann']);
  }
}

function stateOf(progress: Progress, source: string): string | undefined {
  return progress.tables.find((table) => table.source === source)?.state;
}
