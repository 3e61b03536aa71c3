import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';
import type { PostgresServer } from '../../platform/local-stack/postgres-server.js';
import { copyPostgres } from '../setup/data-folders.js';
import {
  bigSqlite,
  doneChunks,
  expectArrived,
  figure,
  planWithChunks,
  scratch,
  shadowOf,
  startFaulty,
  untilChunks,
} from './faults-harness.js';
import type { Faulty } from './faults-harness.js';
import { lockShadowTable, untilBlocked } from './faults-holds.js';
import { freshDatabase } from './harness.js';
import type { Ran } from './harness.js';

const ROWS = 40_000;

describe('the target server restarted as after a power cut, in the middle of the copy and in the middle of an index', () => {
  const folder = scratch();
  let server: PostgresServer;
  let faulty: Faulty;
  let ran: Ran;
  let unlogged: unknown[];
  let building = '';

  beforeAll(async () => {
    await copyPostgres(folder.path('target'));
    server = await startPostgres({ dataFolder: folder.path('target') });
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    const plan = await planWithChunks(source, { chunkRows: 400, file: folder.path('plan.yaml') });
    faulty = await startFaulty({ source, plan, target: await freshDatabase(server.url) });
    await untilChunks(faulty, 20);
    await server.restart('immediate');
    const upMs = Date.now();
    const before = await doneChunks(faulty.target);
    await untilChunks(faulty, before + 1);
    figure('next chunk done after the target is up again', (Date.now() - upMs) / 1000, 5);
    unlogged = await unloggedTables(faulty);
    // Compatible with COPY, and not with the building of keys and indexes.
    await lockShadowTable(faulty, 'big', 'ROW EXCLUSIVE');
    const name = await untilBlocked(faulty.target);
    const sql = 'SELECT query FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = $2';
    building = String((await faulty.target.query(sql, [name, 'Lock']))[0]?.['query']);
    await server.restart('immediate');
    ran = await faulty.running.ended;
  });
  afterAll(async () => {
    await server.dispose();
    folder.remove();
  });

  it('was struck while keys or indexes were built, after a copy into tables that a crash does not empty', () => {
    expect(building).toMatch(/INDEX|PRIMARY KEY/);
    expect(unlogged).toEqual([]);
  });

  it('ends proven, with every row exactly once and nothing left behind', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    await expectArrived(faulty.target, ROWS);
  });

  it('has no index that is not valid, and every one that the source has', async () => {
    const indexes = await faulty.target.query(`
      SELECT c.relname AS name, indisvalid AND indisready AS usable FROM pg_index
        JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' ORDER BY 1`);
    expect(indexes).toEqual([
      { name: 'big_name', usable: true },
      { name: 'big_pkey', usable: true },
    ]);
  });
});

async function unloggedTables({ target }: Faulty): Promise<unknown[]> {
  const shadow = (await shadowOf(target)) ?? '';
  return target.query(
    `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname LIKE $1 AND relkind = 'r' AND relpersistence <> 'p'`,
    [`${shadow}%`],
  );
}
