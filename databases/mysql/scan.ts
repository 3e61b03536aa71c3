import type { Connection } from 'mysql2';
import type { TableMapping } from '../../contracts/mapping.js';
import { keyIdentity, rowIdentity } from '../canonical.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../source.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { CanonicalWriter, FieldView } from './canonical-values.js';
import type { MysqlSession } from './connect.js';
import { endQuery } from './end-query.js';
import { failureOf, type Attempt } from './errors.js';
import { scanSelect, type ScanSelect } from './scan-select.js';
import { quoteTable, rangeClause } from './sql.js';

/** Soft limits of a batch. */
const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;
/** What a batch has room for at first: a small table needs no more. */
const ROWS_FIRST = 128;

/**
 * A row as the driver frames it; its own methods tell where values begin. Internals of mysql2 that
 * test/databases/mysql-driver-internals.test.ts guards. No code of the copy's row feed takes part.
 */
interface RowPacket {
  readonly buffer: Buffer;
  readonly end: number;
  offset: number;
  isEOF(): boolean;
  /** Null for NULL. */
  readLengthCodedNumber(): number | null;
}

class CanonicalRows implements CanonicalBatch {
  rows = 0;
  end = new Int32Array(ROWS_FIRST);
  keys: string[] = [];
  readonly writer = new CanonicalWriter();
  readonly view = new FieldView();

  get bytes(): Buffer {
    return this.writer.bytes;
  }

  get isFull(): boolean {
    return this.rows >= ROWS_MAX || this.writer.at >= BYTES_MAX;
  }

  /** False when the packet does not have the announced fields. */
  add(packet: RowPacket, select: ScanSelect, withKeys: boolean): boolean {
    const { columns, keys } = select;
    const { view, writer } = this;
    view.bytes = packet.buffer;
    for (const column of columns) {
      const length = packet.readLengthCodedNumber();
      if (length === null) {
        writer.empty();
        continue;
      }
      view.from = packet.offset;
      packet.offset += length;
      view.to = packet.offset;
      column.encode(view, writer);
    }
    if (withKeys) this.keys.push(identityOf(keyFields(packet, keys.length), select.keyed));
    if (this.rows === this.end.length) {
      const grown = new Int32Array(this.end.length * 2);
      grown.set(this.end);
      this.end = grown;
    }
    this.end[this.rows++] = writer.at;
    return packet.offset === packet.end;
  }

  reset(): void {
    this.rows = 0;
    this.keys = [];
    this.writer.at = 0;
  }
}

const NOTHING = Buffer.alloc(0);

function keyFields(packet: RowPacket, count: number): (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  for (let field = 0; field < count; field++) {
    const length = packet.readLengthCodedNumber();
    fields.push(length === null ? null : packet.buffer.subarray(packet.offset, packet.offset + length));
    packet.offset += length ?? 0;
  }
  return fields;
}

function identityOf(fields: readonly (Buffer | null)[], keyed: boolean): string {
  return keyed ? keyIdentity(fields.map((field) => field ?? NOTHING)) : rowIdentity(fields, () => 0);
}

interface RowQuery {
  row: (packet: RowPacket, connection: unknown) => unknown;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'end' | 'result', listener: () => void): void;
}

/** Rows in the driver's packets, made canonical where they lie; paused while two batches are full. */
class ScanFeed {
  ended = false;
  readonly #connection: Connection;
  readonly #attempt: Attempt;
  readonly #take: (packet: RowPacket, batch: CanonicalRows) => boolean;
  #filling = new CanonicalRows();
  #spare = new CanonicalRows();
  #failure: unknown;
  #lost = false;
  #discarding = false;
  #wake: (() => void) | undefined;
  /** Takes the listener for a lost connection away. */
  readonly release: () => void;

  constructor(
    session: MysqlSession,
    query: { sql: string; attempt: Attempt; take: (packet: RowPacket, batch: CanonicalRows) => boolean },
  ) {
    this.#connection = session.connection;
    this.#attempt = query.attempt;
    this.#take = query.take;
    this.release = session.onLost((error) => {
      this.#lost = true;
      this.fail(error);
    });
    const command = this.#connection.query(query.sql) as unknown as RowQuery;
    const driversRow = command.row.bind(command);
    command.row = (packet, context) => {
      if (packet.isEOF()) return driversRow(packet, context);
      this.#row(packet);
      return command.row;
    };
    // Rows that the driver parsed itself went past us.
    command.on('result', () => {
      this.fail(outOfStep(this.#attempt));
    });
    command.on('error', (error) => {
      this.fail(error);
    });
    command.on('end', () => {
      this.ended = true;
      this.#notify();
    });
  }

  #row(packet: RowPacket): void {
    if (this.#discarding || this.#failure !== undefined) return;
    try {
      if (!this.#take(packet, this.#filling)) this.fail(outOfStep(this.#attempt));
    } catch (error) {
      this.fail(error);
    }
    if (!this.#filling.isFull) return;
    this.#connection.pause();
    this.#notify();
  }

  async next(): Promise<CanonicalBatch | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw failureOf(this.#failure, this.#attempt);
      if (this.#filling.isFull || (this.ended && this.#filling.rows > 0)) return this.#lend();
      if (this.ended) return undefined;
      await this.#news();
    }
  }

  #lend(): CanonicalBatch {
    const lent = this.#filling;
    this.#spare.reset();
    this.#filling = this.#spare;
    this.#spare = lent;
    if (!this.ended) this.#connection.resume();
    return lent;
  }

  async discard(): Promise<void> {
    this.#discarding = true;
    if (!this.ended) this.#connection.resume();
    while (!this.ended && !this.#lost) await this.#news();
  }

  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#notify();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function outOfStep(attempt: Attempt): CaravanFailure {
  return new CaravanFailure('INTERNAL', { ...attempt, seen: 'a row packet that does not have the announced fields' });
}

export interface ScanRequest {
  readonly table: TableMapping;
  readonly range: KeyRange;
  readonly options: ScanOptions;
}

/** Rows of a key range in canonical form. */
export async function* scanRows(session: MysqlSession, request: ScanRequest): AsyncGenerator<CanonicalBatch> {
  const { table, range, options } = request;
  const { schema, name } = table.source;
  options.signal?.throwIfAborted();
  const attempt: Attempt = { attempted: 'prove', on: `${schema}.${name}`, schema, table: name };
  const select = await scanSelect(session, table);
  const list = [...select.columns.map((column) => column.sql), ...(options.keys ? select.keys : [])].join(', ');
  const feed = new ScanFeed(session, {
    sql: `SELECT ${list} FROM ${quoteTable(table.source)}${rangeClause(table, range)}`,
    attempt,
    take: (packet, batch) => batch.add(packet, select, options.keys),
  });
  const onAbort = (): void => {
    feed.fail(options.signal?.reason);
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (let batch = await feed.next(); batch; batch = await feed.next()) {
      yield batch;
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    await endQuery(session, feed);
    feed.release();
  }
}
