import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMysqlSource } from '../../databases/mysql/source.js';
import type { Reader, Snapshot } from '../../databases/source.js';
import { hasMariadb, startPrivateMariadb, type PrivateMariadb } from './mariadb.js';
import { mappingOf } from './mysql-fixtures.js';

const left = mappingOf(
  { schema: 'bank', name: 'accounts', columns: ['id integer', 'money integer'] },
  { rowKey: ['id'] },
);
const tables = [{ schema: 'bank', name: 'accounts' }];

/** Moves money between accounts, one transaction after the other, until told to stop. The sum never changes. */
async function keepMoving(server: PrivateMariadb, stop: { now: boolean; moves: number }): Promise<void> {
  const writer = await server.connect('bank');
  while (!stop.now) {
    await writer.query('UPDATE accounts SET money = money - 1 WHERE id = ?', [1 + (stop.moves % 50)]);
    await writer.query('UPDATE accounts SET money = money + 1 WHERE id = ?', [51 + (stop.moves % 50)]);
    await writer.query('COMMIT');
    stop.moves++;
  }
  await writer.end();
}

async function moneyOf(reader: Reader): Promise<string> {
  const money: string[] = [];
  for await (const batch of reader.read(left, {})) {
    for (let row = 0; row < batch.rows; row++) {
      const field = row * batch.fields + 1;
      money.push(batch.bytes.toString('latin1', batch.start[field], batch.end[field]));
    }
  }
  return money.join(',');
}

/** What every connection of the snapshot sees, all lent at once. */
async function seenBy(snapshot: Snapshot): Promise<string[]> {
  let arrived = 0;
  let open = (): void => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return Promise.all(
    Array.from({ length: snapshot.connections }, () =>
      snapshot.lend(async (reader) => {
        arrived++;
        if (arrived === snapshot.connections) open();
        await all;
        return moneyOf(reader);
      }),
    ),
  );
}

describe.skipIf(!hasMariadb)('snapshots of a MySQL-like source', () => {
  let server: PrivateMariadb;

  beforeAll(async () => {
    server = await startPrivateMariadb({ 'log-bin': 'bin', 'server-id': '1' });
    await server.script(`CREATE DATABASE bank; USE bank; CREATE TABLE accounts (id INT PRIMARY KEY, money INT);
      INSERT INTO accounts SELECT seq, 1000 FROM seq_1_to_100;
      CREATE USER locker@'%' IDENTIFIED BY 'secret'; GRANT SELECT, LOCK TABLES ON bank.* TO locker@'%';
      CREATE USER reader@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON bank.* TO reader@'%';`);
  });

  afterAll(async () => {
    await server.stop();
  });

  async function whileMoving(login: string, work: (snapshot: Snapshot) => Promise<void>): Promise<void> {
    const stop = { now: false, moves: 0 };
    const moving = keepMoving(server, stop);
    const source = await openMysqlSource(server.endpoint('bank', login));
    try {
      const snapshot = await source.openSnapshot({ connections: 4, tables });
      const before = stop.moves;
      while (stop.moves < before + 20) await new Promise((done) => setImmediate(done));
      await work(snapshot);
    } finally {
      stop.now = true;
      await moving;
      await source.close();
    }
  }

  test.each([
    ['full', /FLUSH TABLES WITH READ LOCK/],
    ['locker', /LOCK TABLES/],
  ])('all connections of %s see one state while a writer works', async (login, how) => {
    await whileMoving(login, async (snapshot) => {
      expect(snapshot).toMatchObject({ consistent: true, connections: 4 });
      expect(snapshot.detail).toMatch(how);
      expect(snapshot.position).toMatch(/^gtid:0-1-\d+$/);
      const states = await seenBy(snapshot);
      expect(new Set(states).size).toBe(1);
      const sum = (states[0] ?? '').split(',').reduce((total, each) => total + Number(each), 0);
      expect([100_000, 99_999]).toContain(sum);
      expect(await seenBy(snapshot)).toEqual(states);
      expect((await snapshot.moved()).moved).toBe('yes');
    });
  });

  test('a login without locks gets one state too, or is told that it has none', async () => {
    await whileMoving('reader', async (snapshot) => {
      const states = new Set(await seenBy(snapshot));
      if (snapshot.consistent) expect(states.size).toBe(1);
      else expect(snapshot.detail).toContain('GRANT RELOAD');
    });
    const source = await openMysqlSource(server.endpoint('bank', 'reader'));
    const quiet = await source.openSnapshot({ connections: 3, tables });
    expect(quiet).toMatchObject({ consistent: true });
    expect(quiet.detail).toContain('binary log');
    expect(await quiet.moved()).toMatchObject({ moved: 'no', position: quiet.position });
    const single = await source.openSnapshot({ connections: 1, tables });
    expect(single).toMatchObject({ consistent: true, connections: 1, position: quiet.position });
    await source.close();
  });

  test('a read that ends early leaves the snapshot as it was', async () => {
    const source = await openMysqlSource(server.endpoint('bank'));
    const snapshot = await source.openSnapshot({ connections: 1, tables });
    const first = await snapshot.lend(moneyOf);
    await server.script('UPDATE accounts SET money = money + 5', 'bank');
    await snapshot.lend(async (reader) => {
      for await (const batch of reader.read(left, {})) if (batch.rows > 0) break;
    });
    await expect(
      snapshot.lend(async (reader) => {
        for await (const batch of reader.scan(left, {}, { keys: false })) if (batch.rows > 0) throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
    expect(await snapshot.lend(moneyOf)).toBe(first);
    await source.close();
  });

  test('a killed connection is SNAPSHOT_LOST, at once for all who wait', async () => {
    const source = await openMysqlSource(server.endpoint('bank'));
    const snapshot = await source.openSnapshot({ connections: 1, tables });
    const killer = await server.connect('bank');
    const lent = snapshot.lend(async (reader) => {
      const [threads] = await killer.query(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'full' AND ID <> CONNECTION_ID() AND COMMAND = 'Sleep'",
      );
      for (const { id } of threads as { id: number }[]) await killer.query('KILL ?', [id]);
      return moneyOf(reader);
    });
    const waiting = snapshot.lend(moneyOf);
    await expect(lent).rejects.toMatchObject({ code: 'SNAPSHOT_LOST' });
    await expect(waiting).rejects.toMatchObject({ code: 'SNAPSHOT_LOST' });
    await expect(snapshot.lend(moneyOf)).rejects.toMatchObject({ code: 'SNAPSHOT_LOST' });
    await killer.end();
    await source.close();
  });

  test('a snapshot gives up connections as they come free, and goes on with the others', async () => {
    const source = await openMysqlSource(server.endpoint('bank', 'full'));
    const snapshot = await source.openSnapshot({ connections: 3, tables });
    let release = (): void => undefined;
    const lent = snapshot.lend(() => new Promise<void>((resolve) => (release = resolve)));
    await snapshot.shrink?.(1);
    expect(snapshot.connections).toBe(1);
    const waiting = snapshot.lend(moneyOf);
    release();
    await lent;
    await expect(waiting).resolves.toContain(',');
    const many = await source.openSnapshot({ connections: 3, tables });
    const all = Array.from({ length: 3 }, () => many.lend(moneyOf));
    await many.shrink?.(1);
    await expect(Promise.all(all)).resolves.toHaveLength(3);
    expect(many.connections).toBe(1);
    await expect(many.lend(moneyOf)).resolves.toContain(',');
    await source.close();
  });

  test('a table that was altered under a snapshot is schema drift', async () => {
    await server.script('ALTER TABLE accounts DROP COLUMN IF EXISTS note', 'bank');
    const source = await openMysqlSource(server.endpoint('bank'));
    const snapshot = await source.openSnapshot({ connections: 1, tables });
    await server.script('ALTER TABLE accounts ADD COLUMN note TEXT, ALGORITHM = COPY', 'bank');
    await expect(snapshot.lend(moneyOf)).rejects.toMatchObject({ code: 'SCHEMA_DRIFT', facts: { table: 'accounts' } });
    await source.close();
  });
});

describe.skipIf(!hasMariadb)('snapshots without a binary log', () => {
  test('that nothing moved is proven by the log sequence number; that something did is not known', async () => {
    const server = await startPrivateMariadb();
    await server.script('CREATE DATABASE bank; CREATE TABLE bank.accounts (id INT PRIMARY KEY, money INT)');
    const source = await openMysqlSource(server.endpoint('bank'));
    const snapshot = await source.openSnapshot({ connections: 2, tables });
    expect(snapshot).toMatchObject({ consistent: true });
    expect(snapshot.position).toMatch(/^lsn:\d+$/);
    expect((await snapshot.moved()).moved).not.toBe('yes');
    await server.script('INSERT INTO accounts VALUES (1, 1)', 'bank');
    expect((await snapshot.moved()).moved).toBe('unknown');
    await source.close();
    await server.stop();
  });
});
