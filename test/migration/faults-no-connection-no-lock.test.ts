import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { failureOf } from '../../databases/mysql/errors.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startMigrate, urlOf, viewStack } from './fixtures.js';
import type { StackView } from './fixtures.js';
import { caravan, freshDatabase, leftovers, until } from './harness.js';
import type { TestDatabase } from './harness.js';

const ROWS = 2000;
const PATIENCE_MS = 60_000;

it.each([1040, 1203, 1205, 1226])('error %i of MySQL is SOURCE_BUSY, on the way in as well', (errno) => {
  for (const connecting of [true, false])
    expect(failureOf({ errno, code: 'ER_X' }, { attempted: 'read', on: 't', connecting }).code).toBe('SOURCE_BUSY');
});

describe.runIf(hasMariadb)('servers that have no connection and no lock left to give', () => {
  let server: PrivateMariadb;
  let view: StackView;
  /** What is made for a try, the newest first. */
  const cleaning: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    [server, view] = await Promise.all([startPrivateMariadb(), viewStack()]);
    await server.script('CREATE DATABASE shop');
    await server.script(
      `CREATE USER reader@'%' IDENTIFIED BY 'secret'; GRANT SELECT, RELOAD, LOCK TABLES ON *.* TO reader@'%';
       CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(30));
       INSERT INTO big SELECT seq, CONCAT('n', seq) FROM seq_1_to_${String(ROWS)};`,
      'shop',
    );
  });
  afterEach(async () => {
    for (const clean of cleaning.splice(0)) await clean();
  });
  afterAll(async () => {
    await view.close();
    await server.stop();
  });

  /** Connections that the login of the source may have at once; 0: any number. */
  const sourceLimit = (most: number): Promise<void> =>
    server.script(`ALTER USER reader@'%' WITH MAX_USER_CONNECTIONS ${String(most)}`);

  /** A target with a login of its own, whose table `big` somebody reads without an end. */
  const readTarget = async (): Promise<{ target: TestDatabase; login: string; url: string; reader: pg.Client }> => {
    const target = await freshDatabase();
    const login = `role_${target.name}`;
    const reader = new pg.Client({ connectionString: target.url });
    reader.on('error', () => undefined);
    cleaning.unshift(async () => {
      await reader.end();
      await target.drop();
      const admin = new pg.Client({ connectionString: inject('sharedDatabaseUrl') });
      await admin.connect();
      await admin.query(`DROP ROLE ${login}`);
      await admin.end();
    });
    await target.query(`
      CREATE ROLE ${login} LOGIN PASSWORD 'secret'; CREATE TABLE big (id int); INSERT INTO big VALUES (-1);
      ALTER TABLE big OWNER TO ${login}; ALTER SCHEMA public OWNER TO ${login}; ALTER DATABASE ${target.name} OWNER TO ${login}`);
    await reader.connect();
    await reader.query('BEGIN; SELECT * FROM big');
    const url = Object.assign(new URL(target.url), { username: login, password: 'secret' }).toString();
    return { target, login, url, reader };
  };

  /** The open question of this name, once it is asked and the migration waits. */
  const asked = async (id: string, question: string): Promise<string> => {
    const migration = view.migration(id);
    let text = '';
    const waits = async (): Promise<boolean> => {
      const open = (await migration.questions().catch(() => [])).find(
        ({ id: one, answer }) => one === question && !answer,
      );
      text = open?.text ?? '';
      return open !== undefined && (await migration.progress().catch(() => undefined))?.status === 'waiting';
    };
    await until(`${id} waits with ${question}`, waits, PATIENCE_MS);
    return text;
  };

  it('make the migration wait, say why, and go on when it is mended; nothing is lost', async () => {
    const { target, login, url, reader } = await readTarget();
    await sourceLimit(0);
    const ends = { source: urlOf(server.endpoint('shop', 'reader')), target: url };
    const { id, ended } = startMigrate(ends, '--on-existing', 'replace');
    await view.migration(id).waits('planning');
    // The target has no connection for this login, the source one alone, and somebody reads the table that is replaced.
    await target.query(`ALTER ROLE ${login} CONNECTION LIMIT 0`);
    await sourceLimit(1);
    expect((await caravan(['approve', id])).exit).toBe(0);

    expect(await asked(id, 'target_busy:1')).toMatch(/^TARGET_BUSY: .*SQLSTATE 53300.* the migration waits for it/);
    await target.query(`ALTER ROLE ${login} CONNECTION LIMIT -1`);
    expect((await caravan(['answer', id, 'target_busy:1', 'retry'])).exit).toBe(0);

    expect(await asked(id, 'source_busy:1')).toContain('SOURCE_BUSY');
    await sourceLimit(0);

    // It goes on by itself, up to the lock that it needs at its end.
    expect(await asked(id, 'target_busy:2')).toContain('other sessions held locks on its tables');
    expect((await view.migration(id).progress()).phase).toBe('promotion');
    expect(await target.query('SELECT id FROM public.big')).toEqual([{ id: -1 }]);
    await reader.end();
    expect((await caravan(['answer', id, 'target_busy:2', 'retry'])).exit).toBe(0);

    const ran = await ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', tables: [{ sourceRows: ROWS, targetRows: ROWS }] });
    expect(await target.query("SELECT count(*) AS n FROM big WHERE name = 'n' || id")).toEqual([{ n: String(ROWS) }]);
    expect((await caravan(['certificate', 'verify', ran.json.certificate ?? ''])).exit).toBe(0);
    expect((await leftovers(target)).filter((name) => !name.startsWith('caravan_old_'))).toEqual([]);
  }, 180_000);
});
