import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPrivateMariadb, hasMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import type { StackView, TestFolder } from './fixtures.js';
import { keptInStore, objectsIn, startMigrate, testFolder, urlOf, viewStack } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const SMALL = `CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO note VALUES (1, 'a');`;

/** Exit 2, one typed error that says what to do, and nothing else. */
function expectInvalid(ran: Ran, code: string, ...named: string[]): void {
  expect(ran.exit, ran.stderr).toBe(2);
  expect(ran.stdout.trim().split('\n')).toHaveLength(1);
  const { status, error, tables, certificate } = ran.json;
  expect({ status, code: error?.code, tables, certificate }).toEqual({
    status: 'invalid_input',
    code,
    tables: [],
    certificate: null,
  });
  expect(error?.message).toMatch(new RegExp(`^${code}: `));
  expect(error?.next).not.toBe('');
  for (const name of named) expect(error?.message).toContain(name);
}

describe('Bad input, found before anything is touched', () => {
  let view: StackView;
  let folder: TestFolder;
  let source: string;
  let target: TestDatabase;

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    source = folder.sqlite('small', SMALL);
    target = await freshDatabase();
  });
  afterAll(async () => {
    await target.drop();
    folder.remove();
    await view.close();
  });
  const from = (url: string, ...more: string[]): Promise<Ran> =>
    startMigrate({ source: url, target: target.url }, '--yes', ...more).ended;
  const to = (url: string, ...more: string[]): Promise<Ran> =>
    startMigrate({ source, target: url }, '--yes', ...more).ended;
  const targetWith = (change: (url: URL) => void): string => {
    const url = new URL(target.url);
    change(url);
    return url.toString();
  };

  it('names what is wrong with a command line', async () => {
    const [scheme, option, host, unknown, choice, wrongWay, none] = await Promise.all([
      from('oracle://u:p@h/db'),
      to(targetWith((url) => url.searchParams.set('sslrootcert', '/etc/passwd'))),
      to(targetWith((url) => url.searchParams.set('host', '169.254.169.254'))),
      from(source, '--no-such-option'),
      from(source, '--identifiers', 'upper'),
      startMigrate({ source: target.url, target: target.url }).ended,
      caravan(['migrate', '--source', source, '--json']),
    ]);
    expectInvalid(scheme, 'URL_SCHEME_UNKNOWN', 'oracle');
    expectInvalid(option, 'URL_OPTION_UNKNOWN', 'sslrootcert');
    expectInvalid(host, 'URL_OPTION_UNKNOWN', 'host');
    expectInvalid(unknown, 'USAGE', '--no-such-option');
    expectInvalid(choice, 'USAGE', 'identifiers');
    expectInvalid(wrongWay, 'INPUT_INVALID');
    expectInvalid(none, 'USAGE', '--target');
  });

  it('names a database that cannot be used', async () => {
    const wrong = targetWith((url) => (url.password = 'wrong-canary'));
    const refused = startMigrate({ source, target: wrong }, '--yes');
    const [password, port, missing, name, file, noDatabase, nothing] = await Promise.all([
      refused.ended,
      to(targetWith((url) => (url.port = '1'))),
      to(targetWith((url) => (url.pathname = '/no_such_database'))),
      from('no-such-connection'),
      from(`sqlite:${folder.path}/none.sqlite`),
      from(`sqlite:${folder.write('text.sqlite', 'this is no database, however long it may be'.repeat(50))}`),
      from(source, '--include', 'nothing*'),
    ]);
    expectInvalid(password, 'LOGIN_REFUSED');
    expect(password.stdout + password.stderr).not.toContain('wrong-canary');
    expect(await keptInStore(view, 'connections', refused.id), 'what was sealed for it is forgotten').toBe(0);
    expectInvalid(port, 'CONNECTION_REFUSED');
    expectInvalid(missing, 'DATABASE_MISSING', 'no_such_database');
    expectInvalid(name, 'CONNECTION_UNKNOWN', 'no-such-connection');
    expectInvalid(file, 'SOURCE_FILE_INVALID', 'none.sqlite');
    expectInvalid(noDatabase, 'SOURCE_FILE_INVALID', 'text.sqlite');
    expectInvalid(nothing, 'SOURCE_EMPTY');
    expect(await objectsIn(target)).toEqual([]);
  });
});

describe('A target that cannot take the migration', () => {
  const TABLES = 60;
  let view: StackView;
  let folder: TestFolder;
  let source: string;
  let server: TestServer;
  const databases: TestDatabase[] = [];

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    source = folder.sqlite('small', SMALL);
    server = await startTestServer('embedded', { max_locks_per_transaction: '10', max_connections: '30' });
  });
  afterAll(async () => {
    for (const database of databases) await database.drop();
    await server.stop();
    folder.remove();
    await view.close();
  });
  const fresh = async (): Promise<TestDatabase> => {
    const database = await freshDatabase();
    databases.push(database);
    return database;
  };
  const migrate = (to: string, ...more: string[]): Promise<Ran> =>
    startMigrate({ source, target: to }, '--yes', ...more).ended;

  it('is refused: no CREATE, another encoding than UTF8, too few locks', async () => {
    const closed = await fresh();
    const login = closed.name.replace('t_', 'login_');
    await closed.query(`CREATE ROLE ${login} LOGIN PASSWORD 'secret'; REVOKE ALL ON DATABASE ${closed.name} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${closed.name} TO ${login}`);
    const asLogin = Object.assign(new URL(closed.url), { username: login, password: 'secret' }).toString();
    const latin = await server.database("ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");
    const utf8 = await server.database("ENCODING 'UTF8' TEMPLATE template0");
    const many = folder.sqlite(
      'many',
      Array.from({ length: TABLES }, (_, at) => `CREATE TABLE t${String(at)} (id INTEGER PRIMARY KEY)`).join(';'),
    );
    const [create, encoding, locks] = await Promise.all([
      migrate(asLogin),
      migrate(urlOf(latin)),
      startMigrate({ source: many, target: urlOf(utf8) }, '--yes').ended,
    ]);
    await closed.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`);
    expectInvalid(create, 'TARGET_CREATE_MISSING', closed.name);
    expectInvalid(encoding, 'TARGET_ENCODING', 'LATIN1');
    expectInvalid(locks, 'TARGET_LOCKS', 'max_locks_per_transaction');
    expect(locks.json.error?.next).toMatch(/max_locks_per_transaction = \d+/);
    expect(await objectsIn(closed)).toEqual([]);
  }, 120_000);

  it('has an object of the same name: refused, or moved away and kept until purge', async () => {
    const target = await fresh();
    await target.query(
      "CREATE TABLE note (old text); INSERT INTO note VALUES ('kept'); CREATE VIEW outside AS SELECT old FROM note",
    );
    const before = await objectsIn(target);
    const [conflict, dependents] = await Promise.all([
      migrate(target.url),
      migrate(target.url, '--on-existing', 'replace'),
    ]);
    expectInvalid(conflict, 'TARGET_CONFLICT', 'note');
    expectInvalid(dependents, 'TARGET_DEPENDENTS', 'outside');
    expect(await objectsIn(target)).toEqual(before);

    await target.query('DROP VIEW outside');
    const replaced = startMigrate({ source, target: target.url }, '--yes', '--on-existing', 'replace');
    const ran = await replaced.ended;
    expect(ran.exit, JSON.stringify(ran.json)).toBe(0);
    const [kept] = await target.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'caravan\\_old\\_%'");
    const old = String(kept?.['nspname']);
    expect(old).toMatch(/^caravan_old_[0-9a-f]{12}$/);
    expect(await target.query(`SELECT old FROM ${old}.note`)).toEqual([{ old: 'kept' }]);
    expect(await target.query('SELECT body FROM note')).toEqual([{ body: 'a' }]);
    expect(await keptInStore(view, 'connections', replaced.id), 'purge needs the target').toBe(2);
    const purged = await caravan(['purge', replaced.id]);
    expect(purged.exit, purged.stderr).toBe(0);
    expect(await objectsIn(target)).toEqual(['public.note']);
    expect(await keptInStore(view, 'connections', replaced.id)).toBe(0);
  }, 120_000);

  it('takes one of two migrations that start at once', async () => {
    const target = await fresh();
    const both = await Promise.all([migrate(target.url), migrate(target.url)]);
    const [won, lost] = both.toSorted((a, b) => (a.exit ?? 0) - (b.exit ?? 0));
    expect(won?.exit, won?.stderr).toBe(0);
    // Whoever comes after the other's end finds its tables.
    expect(['TARGET_LEASED', 'TARGET_CONFLICT']).toContain(lost?.json.error?.code);
    if (lost !== undefined) expectInvalid(lost, lost.json.error?.code ?? '');
    expect(await objectsIn(target)).toEqual(['public.note']);
  });

  it('is leased by a migration at work: the second one is refused by name, the first one goes on', async () => {
    const target = await fresh();
    await target.query('BEGIN; CREATE SCHEMA busy; COMMIT');
    const dirty = folder.sqlite(
      'waits',
      `CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a);
       INSERT INTO b VALUES (1, 5);`,
    );
    const first = startMigrate({ source: dirty, target: target.url }, '--deadline', '60s');
    await untilPrinted(first, 'caravan approve');
    await caravan(['approve', first.id]);
    await untilPrinted(first, 'caravan accept');
    const [same, other] = await Promise.all([migrate(target.url), migrate(target.url, '--target-schema', 'busy')]);
    expectInvalid(same, 'TARGET_LEASED');
    expect(other.exit, other.stderr).toBe(0);
    const finding = /caravan accept \S+ (\S+)/.exec(first.stderr())?.[1] ?? '';
    const accepted = await caravan(['accept', first.id, finding.replaceAll("'", ''), '--reason', 'known']);
    expect(accepted.exit, accepted.stderr).toBe(0);
    const ended = await first.ended;
    expect(ended.exit, ended.stderr).toBe(3);
    expect(await objectsIn(target)).toEqual(['busy', 'busy.note', 'public.a', 'public.b']);
  }, 120_000);
});

describe.skipIf(!hasMariadb)('A MariaDB source that cannot be migrated', () => {
  let server: PrivateMariadb;
  let target: TestDatabase;

  beforeEach(async () => {
    target = await freshDatabase();
  });
  afterEach(() => target.drop());
  beforeAll(async () => {
    server = await startPrivateMariadb();
    await server.script(`
      CREATE DATABASE shop; USE shop;
      CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20));
      CREATE TABLE price (id INT PRIMARY KEY, cents INT);
      CREATE TABLE place (id INT PRIMARY KEY, spot SET('a', ''));
      CREATE USER half@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON shop.item TO half@'%'; GRANT INSERT ON shop.price TO half@'%';`);
  });
  afterAll(async () => {
    await server.stop();
  });
  const migrate = (source: string, ...more: string[]): Promise<Ran> =>
    startMigrate({ source, target: target.url }, '--yes', ...more).ended;

  it('is refused by name: no SELECT, a type without mapping, wrong password, missing database', async () => {
    const full = urlOf(server.endpoint('shop'));
    const [select, untranslated, password, missing] = await Promise.all([
      migrate(urlOf(server.endpoint('shop', 'half'))),
      migrate(full),
      migrate(full.replace('secret', 'wrong')),
      migrate(urlOf(server.endpoint('no_such_shop'))),
    ]);
    expectInvalid(select, 'SELECT_MISSING', 'shop.price');
    expectInvalid(untranslated, 'TYPE_UNMAPPED', 'shop.place.spot');
    expectInvalid(password, 'LOGIN_REFUSED');
    expectInvalid(missing, 'DATABASE_MISSING', 'no_such_shop');
    expect(await objectsIn(target)).toEqual([]);
  });

  it('is migrated without what was excluded', async () => {
    const ran = await migrate(urlOf(server.endpoint('shop')), '--exclude', 'place');
    expect(ran.exit, ran.stderr).toBe(0);
    expect(await objectsIn(target)).toEqual(['public.item', 'public.price']);
  });
});

async function untilPrinted(running: { stderr(): string; id: string }, command: string): Promise<void> {
  await until(`it prints "${command}"`, () => running.stderr().includes(`${command} ${running.id}`));
}
