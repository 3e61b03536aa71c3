import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { findMariadb, startMariadb } from '../../platform/local-stack/mariadb-server.js';
import type { MariadbServer } from '../../platform/local-stack/mariadb-server.js';
import { copyMariadb } from '../setup/data-folders.js';
import {
  activitiesOf,
  clientOf,
  expectUntouched,
  planWithChunks,
  scratch,
  startFaulty,
  untilChunks,
} from './faults-harness.js';
import type { Faulty } from './faults-harness.js';
import { holdProof, lockShadowTable, untilBlocked } from './faults-holds.js';
import { leftovers } from './harness.js';

const ROWS = 8000;

/** Writes without a pause, one small transaction after the other, until it is stopped. Gives how many it made. */
function startWriter(connection: Connection): { stop: () => Promise<number> } {
  let going = true;
  const work = async (): Promise<number> => {
    let made = 0;
    for (; going; made += 1) {
      const id = 1 + ((made * 7919) % ROWS);
      await connection.query('UPDATE big SET amount = amount + 1, note = ? WHERE id = ?', [
        `changed ${String(made)}`,
        id,
      ]);
      if (made % 3 === 0) await connection.query('DELETE FROM big WHERE id = ?', [1 + ((made * 31) % ROWS)]);
      if (made % 3 === 1) await connection.query('INSERT INTO big VALUES (?, ?, ?)', [ROWS + made, made, null]);
    }
    return made;
  };
  const working = work();
  return {
    stop: () => {
      going = false;
      return working;
    },
  };
}

describe.runIf(findMariadb() !== null)('a MariaDB source that others write to', () => {
  const folder = scratch();
  let server: MariadbServer;
  let writer: Connection;
  let client: Client;
  let plan: string;

  beforeAll(async () => {
    client = clientOf(inject('sharedHome'));
    await copyMariadb(folder.path('maria'));
    server = await startMariadb({ dataFolder: folder.path('maria'), settings: { 'log-bin': 'bin', 'server-id': '1' } });
    writer = await connect(server);
    await writer.query(
      'CREATE TABLE big (id int PRIMARY KEY, amount bigint NOT NULL, note varchar(60), KEY amount (amount))',
    );
    await fill(writer);
    plan = await planWithChunks(server.url, { chunkRows: 200, file: folder.path('plan.yaml') });
  });
  beforeEach(async () => {
    // The server may have crashed under it.
    writer.destroy();
    writer = await connect(server);
    await writer.query('DROP TABLE IF EXISTS days; TRUNCATE TABLE big');
    await fill(writer);
  });
  afterAll(async () => {
    writer.destroy();
    await client.connection.close();
    await server.dispose();
    folder.remove();
  });

  it('is proven equal to what it is when the writers have stopped: what they changed is copied again', async () => {
    const faulty = await startFaulty({ source: server.url, plan });
    const writing = startWriter(writer);
    await untilChunks(faulty, 20);
    const made = await writing.stop();
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    expect(made).toBeGreaterThan(20);
    const proof = await activitiesOf(client, `${faulty.id}/verification`);
    const repaired = proof.map(
      ({ result }) => (result as { repairedChunks?: number } | undefined)?.repairedChunks ?? 0,
    );
    process.stderr.write(
      `FIGURE ${String(made)} rounds of writes; chunks repaired: ${String(Math.max(...repaired))}\n`,
    );
    await expectSame(faulty);
    await faulty.target.drop();
  });

  it('and that moved after the proof fails the migration with --on-source-moved fail: undone, exit 1', async () => {
    const faulty = await moveAfterProof('fail');
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(1);
    expect(ran.json).toMatchObject({ status: 'failed', error: { code: 'SOURCE_MOVED' } });
    await expectUntouched(faulty.target);
    await faulty.target.drop();
  });

  it('and that moved after the proof is proven again with --on-source-moved refresh', async () => {
    const faulty = await moveAfterProof('refresh');
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    await expectSame(faulty);
    await faulty.target.drop();
  });

  it('and that moved after the proof is promoted as it was proven with --on-source-moved accept: exit 3 names it', async () => {
    const faulty = await moveAfterProof('accept');
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json).toMatchObject({
      status: 'proven_with_exceptions',
      findings: [{ code: 'source_moved', disposition: 'accepted' }],
    });
    expect(await faulty.target.query('SELECT amount FROM big WHERE id = 1')).toEqual([{ amount: '31' }]);
    await faulty.target.drop();
  });

  it("and that corrected a value between copy and proof has the corrected value in the target, not the ledger's excuse", async () => {
    await writer.query("SET SESSION sql_mode = ''");
    await writer.query(
      "CREATE OR REPLACE TABLE days (id int PRIMARY KEY, day date); INSERT INTO days VALUES (1, '0000-00-00'), (2, '2024-02-29')",
    );
    const faulty = await startFaulty({ source: server.url, flags: ['--yes', '--include', 'days'] });
    // Compatible with COPY, and not with the building of keys: it stands between copy and proof.
    const release = await lockShadowTable(faulty, 'days', 'ROW EXCLUSIVE');
    await untilBlocked(faulty.target);
    await writer.query("UPDATE days SET day = '2023-02-28' WHERE id = 1");
    await release();
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [], tables: [{ changedValues: 0 }] });
    expect(await faulty.target.query('SELECT id, day::text FROM days ORDER BY id')).toEqual([
      { id: 1, day: '2023-02-28' },
      { id: 2, day: '2024-02-29' },
    ]);
    await faulty.target.drop();
  });

  it('and whose server crashes in the middle of the copy is read on, and proven', async () => {
    const faulty = await startFaulty({ source: server.url, plan });
    await untilChunks(faulty, 10);
    await server.restart('immediate');
    writer.destroy();
    writer = await connect(server);
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    await expectSame(faulty);
    await faulty.target.drop();
  });

  /** Writes one row after the snapshot of the proof was taken, and before promotion. */
  async function moveAfterProof(onSourceMoved: 'fail' | 'refresh' | 'accept'): Promise<Faulty> {
    const flags = ['--yes', '--on-source-moved', onSourceMoved];
    const faulty = await startFaulty({ source: server.url, flags });
    const release = await holdProof(faulty);
    await writer.query('UPDATE big SET amount = -1 WHERE id = 1');
    await release();
    return faulty;
  }

  async function expectSame({ target }: Faulty): Promise<void> {
    const [rows] = await writer.query('SELECT id, CAST(amount AS char) AS amount, note FROM big ORDER BY id');
    expect(await target.query('SELECT id, amount::text AS amount, note FROM big ORDER BY id')).toEqual(
      (rows as object[]).map((row) => ({ ...row })),
    );
    expect(await leftovers(target)).toEqual([]);
  }
});

async function connect({ url }: MariadbServer): Promise<Connection> {
  const connection = await createConnection({ uri: url.replace('mariadb:', 'mysql:'), multipleStatements: true });
  // The server crashes under it.
  connection.on('error', () => undefined);
  return connection;
}

async function fill(connection: Connection): Promise<void> {
  await connection.query(`INSERT INTO big SELECT seq, seq * 31, concat('note ', seq) FROM seq_1_to_${String(ROWS)}`);
}
