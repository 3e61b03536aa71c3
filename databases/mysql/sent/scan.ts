import type { PrepareStatementInfo } from 'mysql2';
import type { TableMapping } from '../../../contracts/mapping.js';
import { SENT_HEAD_BYTES } from '../../sent-form.js';
import type { CanonicalBatch, KeyRange } from '../../source.js';
import type { MysqlSession } from '../connect.js';
import { failureOf, type Attempt } from '../errors.js';
import { asBinary, fedBatches, type FedBatch, type RowPacket } from '../scan-feed.js';
import { sentSelect } from '../scan-select.js';
import { sentEncoder } from './values.js';
import { SentWriter, type SentEncoder } from './writer.js';
import { quoteTable, rangeClause } from '../sql.js';

/** Soft limits of a batch. */
const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 19;
const ROWS_FIRST = 128;

/** In a row of the binary protocol, bits of the NULLs begin behind this many. */
const NULLS_SKIPPED = 2;

class SentRows implements FedBatch {
  rows = 0;
  end = new Int32Array(ROWS_FIRST);
  readonly keys: readonly string[] = [];
  readonly writer = new SentWriter();

  get bytes(): Buffer {
    return this.writer.bytes;
  }

  get isFull(): boolean {
    return this.rows >= ROWS_MAX || this.writer.at >= BYTES_MAX;
  }

  /** False when the packet does not have the announced fields. */
  add({ buffer, offset, end }: RowPacket, encoders: readonly SentEncoder[]): boolean {
    const { writer } = this;
    const start = writer.at;
    writer.at += SENT_HEAD_BYTES;
    const nulls = offset + 1;
    let at = nulls + ((encoders.length + NULLS_SKIPPED + 7) >> 3);
    let bit = NULLS_SKIPPED;
    for (const encode of encoders) {
      if (((buffer[nulls + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) writer.empty();
      else at = encode(buffer, at, writer);
      writer.reserveValue();
      bit++;
    }
    writer.putHead(start, encoders.length);
    if (this.rows === this.end.length) {
      const grown = new Int32Array(this.end.length * 2);
      grown.set(this.end);
      this.end = grown;
    }
    this.end[this.rows++] = writer.at;
    return at === end;
  }

  reset(): void {
    this.rows = 0;
    this.writer.at = 0;
  }
}

const UNSIGNED = 32;

function prepare({ connection }: MysqlSession, sql: string, attempt: Attempt): Promise<PrepareStatementInfo> {
  return new Promise((resolve, reject) => {
    connection.prepare(sql, (error, statement) => {
      if (error) reject(failureOf(error, attempt));
      else resolve(statement);
    });
  });
}

/** The bits are of the protocol; the driver's types know only their names. */
interface AnnouncedField {
  readonly columnType: number;
  readonly flags: number;
}

export interface SentRequest {
  readonly table: TableMapping;
  readonly range: KeyRange;
  readonly signal: AbortSignal | undefined;
}

/**
 * Rows of a key range as the target sends them, each in a message of its own: from the binary protocol, which the copy
 * does not use. Undefined where the table has a column that has no way into that form.
 */
export async function sentRows(
  session: MysqlSession,
  { table, range, signal }: SentRequest,
): Promise<AsyncIterable<CanonicalBatch> | undefined> {
  signal?.throwIfAborted();
  const { schema, name } = table.source;
  const attempt: Attempt = { attempted: 'prove', on: `${schema}.${name}`, schema, table: name };
  const columns = await sentSelect(session, table);
  if (columns === undefined) return undefined;
  const select = `SELECT ${columns.map(({ sql }) => sql).join(', ')} FROM ${quoteTable(table.source)}`;
  const announced = (await session.fields(`${select} LIMIT 0`, attempt)) as unknown as AnnouncedField[];
  const encoders: SentEncoder[] = [];
  for (const [at, { form, encode }] of columns.entries()) {
    const { columnType = -1, flags = 0 } = announced[at] ?? {};
    const encoder = sentEncoder(form, { type: columnType, unsigned: (flags & UNSIGNED) !== 0 }, encode);
    if (encoder === undefined) return undefined;
    encoders.push(encoder);
  }
  const sql = `${select}${rangeClause(table, range)}`;
  return executed(session, { sql, encoders, attempt, signal });
}

async function* executed(
  session: MysqlSession,
  {
    sql,
    encoders,
    attempt,
    signal,
  }: { sql: string; encoders: readonly SentEncoder[]; attempt: Attempt; signal: AbortSignal | undefined },
): AsyncGenerator<CanonicalBatch> {
  const statement = await prepare(session, sql, attempt);
  try {
    const take = (packet: RowPacket, batch: SentRows): boolean => batch.add(packet, encoders);
    yield* fedBatches(session, { rows: asBinary(statement), attempt, make: () => new SentRows(), take }, signal);
  } finally {
    if (session.usable) session.connection.unprepare(sql);
  }
}
