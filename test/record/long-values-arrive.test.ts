import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { CopyInto } from '../../databases/postgres/copy-into.js';
import { openSession } from '../../databases/postgres/connect.js';
import type { Session } from '../../databases/postgres/connect.js';
import { startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { batchOf, column, encoderOf, tableOf } from './record-fixtures.js';

const LONG = 64 * 1024 * 1024;

/** Bytes of every value, and characters of three bytes. */
const blob = Buffer.alloc(LONG, Buffer.from(Array.from({ length: 256 }, (_, at) => (at * 7) % 256)));
const text = Buffer.alloc(LONG - 1, 'größe ☃');
const whole = text.subarray(0, text.lastIndexOf('g'));

describe('A blob and a text of 64 MiB', () => {
  let server: TestServer;
  let session: Session;
  const columns = [
    column({ type: 'integer', kind: 'integer', nullable: false }, 'id'),
    column({ type: 'bytea', kind: 'bytes' }, 'b'),
    column({ type: 'text', kind: 'text' }, 't'),
  ];

  beforeAll(async () => {
    server = await startTestServer('embedded');
    session = await openSession(await server.database(), 'long values');
  });
  afterAll(async () => {
    await session.close();
    await server.stop();
  });

  it('arrive byte for byte between short rows, and no row is copied on its way', async () => {
    await session.run('DROP TABLE IF EXISTS public.lob; CREATE TABLE public.lob (id int, b bytea, t text)');
    const encoder = encoderOf(tableOf(columns, { rowKey: ['id'] }));
    const sink = new CopySink();
    const batch = batchOf([
      ['1', 'short', 'short', '1'],
      ['2', blob, whole, '2'],
      ['3', null, 'short', '3'],
    ]);
    const into = new CopyInto(session, 'public.lob (id, b, t)', 'binary');
    for (let row = 0; row < batch.rows; row += 1) {
      encoder.encode(batch, row, sink);
      if (sink.isFull) for (const piece of sink.take()) await into.write(piece);
    }
    for (const piece of sink.take()) await into.write(piece);
    await into.end();
    expect(sink.bytes.length).toBeLessThan(1024 * 1024);
    const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
    expect(
      await session.rows("SELECT id, md5(b) AS b, md5(convert_to(t, 'UTF8')) AS t FROM public.lob ORDER BY id"),
    ).toEqual([
      { id: '1', b: md5(Buffer.from('short')), t: md5(Buffer.from('short')) },
      { id: '2', b: md5(blob), t: md5(whole) },
      { id: '3', b: null, t: md5(Buffer.from('short')) },
    ]);
  });
});
