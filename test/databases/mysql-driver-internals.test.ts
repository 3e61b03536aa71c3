import { createConnection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type MysqlSession } from '../../databases/mysql/connect.js';
import { RowFeed } from '../../databases/mysql/row-feed.js';
import { hasMariadb, startPrivateMariadb, type PrivateMariadb } from './mariadb.js';

/**
 * The copy reads row packets below the driver's public interface (databases/mysql/row-feed.ts). When one of these
 * fails after an update of mysql2, the driver's internals moved: adapt row-feed.ts before anything else.
 */
interface Internals {
  readonly row: unknown;
}

interface LengthPacket {
  readonly end: number;
  offset: number;
  isEOF(): boolean;
  readLengthCodedNumber(): number | null;
}

describe.skipIf(!hasMariadb)('what the row feed expects of mysql2', () => {
  let server: PrivateMariadb;
  let session: MysqlSession;

  beforeAll(async () => {
    server = await startPrivateMariadb();
    session = await openSession(server.endpoint('mysql'));
  }, 60_000);

  afterAll(async () => {
    await session.close();
    await server.stop();
  });

  async function rowsOf(sql: string, fields: number): Promise<(Buffer | null)[][]> {
    const feed = new RowFeed(session, { sql, fields, attempt: { attempted: 'read', on: 'test' } });
    const rows: (Buffer | null)[][] = [];
    for (let batch = await feed.next(); batch; batch = await feed.next()) {
      for (let row = 0; row < batch.rows; row++) {
        rows.push(
          Array.from({ length: fields }, (_, field) => {
            const start = batch.start[row * fields + field] ?? 0;
            return start < 0 ? null : Buffer.from(batch.bytes.subarray(start, batch.end[row * fields + field]));
          }),
        );
      }
    }
    feed.release();
    return rows;
  }

  test('a query command asks its own row method for each row, with a packet that shows its bytes', async () => {
    const { user, password, host, port } = server.endpoint('mysql');
    const connection = createConnection({ user, password, host, port });
    const command = connection.query("SELECT 'value', NULL") as unknown as {
      row: (packet: { buffer: Buffer; offset: number; end: number; isEOF(): boolean }, context: unknown) => unknown;
      on(event: string, listener: () => void): void;
    };
    expect(typeof (command as Internals).row).toBe('function');
    const original = command.row.bind(command);
    const packets: string[] = [];
    command.row = (packet, context) => {
      if (packet.isEOF()) return original(packet, context);
      packets.push(packet.buffer.toString('latin1', packet.offset, packet.end));
      return command.row;
    };
    await new Promise<void>((done) => {
      command.on('end', done);
    });
    expect(packets).toEqual(['\u0005value\u00fb']);
    connection.destroy();
  });

  test('a packet reads the length in front of a value, as the scan of the proof expects (databases/mysql/scan.ts)', async () => {
    const { user, password, host, port } = server.endpoint('mysql');
    const connection = createConnection({ user, password, host, port });
    const command = connection.query("SELECT 'value', NULL, REPEAT('x', 70000)") as unknown as {
      row: (packet: LengthPacket, context: unknown) => unknown;
      on(event: string, listener: () => void): void;
    };
    const original = command.row.bind(command);
    const lengths: (number | null)[] = [];
    command.row = (packet, context) => {
      if (packet.isEOF()) return original(packet, context);
      for (let field = 0; field < 3; field++) {
        const length = packet.readLengthCodedNumber();
        lengths.push(length);
        packet.offset += length ?? 0;
      }
      expect(packet.offset).toBe(packet.end);
      return command.row;
    };
    await new Promise<void>((done) => {
      command.on('end', done);
    });
    expect(lengths).toEqual([5, null, 70_000]);
    connection.destroy();
  });

  test('a connection shows its socket, whose reads come in order after the driver has walked them', () => {
    const { stream } = session.connection as unknown as { stream: { pause: unknown; resume: unknown; on: unknown } };
    expect([typeof stream.pause, typeof stream.resume, typeof stream.on]).toEqual(['function', 'function', 'function']);
  });

  test('values of every length class of the protocol arrive whole', async () => {
    const lengths = [0, 1, 250, 251, 252, 65_535, 65_536, 16_777_215, 16_777_216, 20_000_000];
    const list = lengths.map((length) => `REPEAT('x', ${String(length)})`).join(', ');
    const [row] = await rowsOf(`SELECT ${list}, NULL, 'end'`, lengths.length + 2);
    expect(row?.map((value) => value?.length)).toEqual([...lengths, undefined, 3]);
    expect(row?.at(-1)?.toString()).toBe('end');
  });

  test('between the fields of a batch stand blanks and nothing else, so that its texts can be looked at as one', async () => {
    const lengths = [0, 1, 125, 126, 300, 32_767, 32_768, 40_000, 2];
    const sql = `SELECT seq, IF(seq % 7 = 0, NULL, REPEAT('ü', ELT(1 + seq % 9, ${lengths.join(', ')}))), IF(seq % 5 = 0, NULL, '東')
                 FROM mysql.seq_1_to_900`;
    const feed = new RowFeed(session, { sql, fields: 3, attempt: { attempted: 'read', on: 'test' } });
    const notBlank = (byte: number): boolean => byte !== 0x20;
    let rows = 0;
    for (let batch = await feed.next(); batch; batch = await feed.next()) {
      let last = 0;
      for (let at = 0; at < batch.rows * 3; at += 1) {
        const from = batch.start[at] ?? -1;
        if (from < 0) continue;
        const between = batch.bytes.subarray(last, from);
        // The first field of a socket's chunk has its own length in front; so one blank at least stands between two.
        expect(between.length).toBeGreaterThan(0);
        expect(between.some(notBlank)).toBe(false);
        last = batch.end[at] ?? 0;
      }
      expect(batch.bytes.subarray(last, batch.spaced).some(notBlank)).toBe(false);
      expect(batch.spaced).toBeGreaterThanOrEqual(last);
      rows += batch.rows;
    }
    feed.release();
    expect(rows).toBe(900);
  });

  test('a row whose first value begins like an end-of-rows packet is a row', async () => {
    const rows = await rowsOf("SELECT REPEAT('y', 16777300) UNION ALL SELECT ''", 1);
    expect(rows.map(([value]) => value?.length)).toEqual([16_777_300, 0]);
  });

  test('rows of many parts stand in one buffer that is used again, short ones between them, each with its own bytes', async () => {
    const values = [
      ['a', 17_000_000],
      ['b', 34_000_000],
      ['c', 3],
      ['d', 18_000_000],
      ['e', 40_000_000],
      ['f', 9_000_000],
    ];
    const selects = values.map(
      ([word, count]) => `SELECT REPEAT('${String(word)}', ${String(count)}), '${String(word)}'`,
    );
    const rows = await rowsOf(selects.join(' UNION ALL '), 2);
    expect(rows.map(([value, word]) => [word?.toString(), value?.length])).toEqual(values);
    for (const [value, word] of rows) expect(value?.equals(Buffer.alloc(value.length, word ?? ''))).toBe(true);
    const parser = (session.connection as unknown as { packetParser: { largePacketParts: unknown } }).packetParser;
    expect(parser.largePacketParts).toEqual([]);
  });

  test('an error in the middle of a result ends the feed with a typed failure', async () => {
    await server.script(
      'CREATE OR REPLACE DATABASE feed; CREATE TABLE feed.t (a INT); INSERT INTO feed.t SELECT seq FROM seq_1_to_2000',
      'mysql',
    );
    await expect(rowsOf('SELECT IF(a = 1500, (SELECT 1 UNION SELECT 2), a) FROM feed.t', 1)).rejects.toMatchObject({
      name: 'CaravanFailure',
    });
    expect(session.usable).toBe(true);
  });
});
