import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { createConnection } from 'mysql2/promise';
import { findMariadb, startMariadb } from '../../platform/local-stack/mariadb-server.js';
import type { MariadbServer } from '../../platform/local-stack/mariadb-server.js';
import { copyMariadb } from '../setup/data-folders.js';
import {
  bigSqlite,
  clientOf,
  expectUntouched,
  planWithChunks,
  scratch,
  shadowOf,
  startFaulty,
  untilChunks,
} from './faults-harness.js';
import { lockShadowTable, untilBlocked } from './faults-holds.js';
import { caravan, freshDatabase, leftovers, until } from './harness.js';

const ROWS = 20_000;

describe('what a migration leaves when it is ended by force, or by a failing step', () => {
  const folder = scratch();
  let client: Client;
  let source: string;
  let plan: string;

  beforeAll(async () => {
    client = clientOf(inject('sharedHome'));
    source = bigSqlite(folder.path('big.sqlite'), ROWS);
    plan = await planWithChunks(source, { chunkRows: 200, file: folder.path('plan.yaml') });
  });
  afterAll(async () => {
    await client.connection.close();
    folder.remove();
  });

  it.concurrent('"caravan doctor --fix" undoes a terminated migration at once', async () => {
    const faulty = await startFaulty({ source, plan });
    await untilChunks(faulty, 10);
    await client.workflow.getHandle(faulty.id).terminate('a test');
    await faulty.running.ended;
    // Its children are asked to stop, and may be about to write: it is undone when they have.
    await until('the doctor has undone it', async () => {
      await caravan(['doctor', '--fix']);
      return (await leftovers(faulty.target)).length === 0;
    });
    await expectUntouched(faulty.target);
    await faulty.target.drop();
  });

  it.concurrent(
    'an outside view on the shadow makes the undo incomplete: exit 5 names it, doctor --fix ends it',
    async () => {
      const faulty = await startFaulty({ source, plan });
      const { target } = faulty;
      await untilChunks(faulty, 5);
      const shadow = (await shadowOf(target)) ?? '';
      await target.query(`CREATE VIEW spy AS SELECT * FROM ${shadow}.big`);
      expect((await caravan(['cancel', faulty.id])).exit).toBe(5);
      const ran = await faulty.running.ended;
      expect(ran.exit, ran.stderr).toBe(5);
      expect(ran.json).toMatchObject({ status: 'undo_incomplete', error: { code: 'UNDO_INCOMPLETE' } });
      expect(ran.json.error?.message).toContain(shadow);
      expect(ran.json.error?.next).toContain('doctor --fix');
      await target.query('DROP VIEW spy');
      await caravan(['doctor', '--fix']);
      await expectUntouched(target);
      await target.drop();
    },
  );

  it.concurrent(
    "somebody's lock on the shadow does so too",
    async () => {
      const faulty = await startFaulty({ source, plan });
      const release = await lockShadowTable(faulty, 'big', 'ACCESS SHARE');
      await untilChunks(faulty, 5);
      const cancelled = await caravan(['cancel', faulty.id]);
      expect(cancelled.exit, cancelled.stderr).toBe(5);
      const ran = await faulty.running.ended;
      expect(ran.exit, ran.stderr).toBe(5);
      expect(ran.json.error).toMatchObject({
        code: 'UNDO_INCOMPLETE',
        message: expect.stringContaining('big') as string,
      });
      await release();
      await caravan(['doctor', '--fix']);
      await expectUntouched(faulty.target);
      await faulty.target.drop();
    },
    90_000,
  );

  it.concurrent('a permission that is revoked in the middle fails the migration: undone, exit 1', async () => {
    const target = await freshDatabase();
    const login = `mover_${target.name}`;
    await target.query(`CREATE ROLE ${login} LOGIN PASSWORD 'secret'; GRANT ALL ON DATABASE ${target.name} TO ${login};
      GRANT ALL ON SCHEMA public TO ${login}`);
    const url = Object.assign(new URL(target.url), { username: login, password: 'secret' }).toString();
    const faulty = await startFaulty({ source, plan, target: { ...target, url } });
    await untilChunks({ ...faulty, target }, 5);
    await target.query(`REVOKE ALL ON SCHEMA public FROM ${login}, PUBLIC`);
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(1);
    expect(ran.json).toMatchObject({ status: 'failed', error: { code: 'PROMOTION_REFUSED' } });
    await expectUntouched(target);
    await target.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`);
    await target.drop();
  });
});

const BEFORE = ['a', 'b', 'c', 'd'];

describe.runIf(findMariadb() !== null)('a table dropped in the source while another is copied', () => {
  const folder = scratch();
  let server: MariadbServer;

  beforeAll(async () => {
    await copyMariadb(folder.path('maria'));
    server = await startMariadb({ dataFolder: folder.path('maria') });
    const connection = await createConnection({
      uri: server.url.replace('mariadb:', 'mysql:'),
      multipleStatements: true,
    });
    for (const table of BEFORE) {
      await connection.query(
        `CREATE TABLE ${table} (id int PRIMARY KEY); INSERT INTO ${table} SELECT seq FROM seq_1_to_2000`,
      );
    }
    await connection.end();
  });
  beforeEach(async () => {
    const connection = await createConnection({
      uri: server.url.replace('mariadb:', 'mysql:'),
      multipleStatements: true,
    });
    await connection.query(
      'CREATE OR REPLACE TABLE later (id int PRIMARY KEY, amount int); INSERT INTO later VALUES (1, 2)',
    );
    await connection.end();
  });
  afterAll(async () => {
    await server.dispose();
    folder.remove();
  });

  it('fails the migration as drift of the schema: undone, exit 1', async () => {
    const faulty = await startFaulty({ source: server.url });
    // No chunk is read before the ledger has it.
    const release = await lockShadowTable(faulty, '_meta.chunk', 'ACCESS EXCLUSIVE');
    await untilBlocked(faulty.target);
    const connection = await createConnection(server.url.replace('mariadb:', 'mysql:'));
    await connection.query('DROP TABLE later');
    await connection.end();
    await release();
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(1);
    expect(ran.json).toMatchObject({ status: 'failed', error: { code: 'SCHEMA_DRIFT' } });
    expect(ran.json.error?.message).toMatch(/later.*(?:ER_NO_SUCH_TABLE|not there any more)/);
    await expectUntouched(faulty.target);
    await faulty.target.drop();
  }, 120_000);
});
