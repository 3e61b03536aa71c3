import type { Connection } from 'mysql2';
import type { TableMapping } from '../../contracts/mapping.js';
import { keyIdentity } from '../canonical.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../source.js';
import { CanonicalWriter } from './canonical-values.js';
import type { MysqlSession } from './connect.js';
import { endQuery } from './end-query.js';
import { failureOf, type Attempt } from './errors.js';
import { scanSelect, type ScanSelect } from './scan-select.js';
import { quoteTable, rangeClause } from './sql.js';

/** Soft limits of a batch. */
const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;

type Row = readonly (Buffer | null)[];

class CanonicalRows implements CanonicalBatch {
  rows = 0;
  end = new Int32Array(ROWS_MAX * 2);
  keys: string[] = [];
  readonly writer = new CanonicalWriter();

  get bytes(): Buffer {
    return this.writer.bytes;
  }

  get isFull(): boolean {
    return this.rows >= ROWS_MAX || this.writer.at >= BYTES_MAX;
  }

  add(row: Row, select: ScanSelect, withKeys: boolean): void {
    const { columns, keys } = select;
    for (let index = 0; index < columns.length; index++) {
      const value = row[index];
      if (value === null || value === undefined) this.writer.empty();
      else columns[index]?.encode(value, this.writer);
    }
    if (withKeys) this.keys.push(keys.length === 0 ? '' : keyIdentity(keyFields(row, columns.length)));
    if (this.rows === this.end.length) {
      const grown = new Int32Array(this.end.length * 2);
      grown.set(this.end);
      this.end = grown;
    }
    this.end[this.rows++] = this.writer.at;
  }

  reset(): void {
    this.rows = 0;
    this.keys = [];
    this.writer.at = 0;
  }
}

const NOTHING = Buffer.alloc(0);

function keyFields(row: Row, from: number): Buffer[] {
  const fields: Buffer[] = [];
  for (let index = from; index < row.length; index++) fields.push(row[index] ?? NOTHING);
  return fields;
}

interface RowQuery {
  on(event: 'result', listener: (row: Row) => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'end', listener: () => void): void;
}

/** The driver's own row events, with values as bytes, paused while two batches are full. */
class ScanFeed {
  ended = false;
  readonly #connection: Connection;
  readonly #attempt: Attempt;
  readonly #take: (row: Row, batch: CanonicalRows) => void;
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
    query: { sql: string; attempt: Attempt; take: (row: Row, batch: CanonicalRows) => void },
  ) {
    this.#connection = session.connection;
    this.#attempt = query.attempt;
    this.#take = query.take;
    this.release = session.onLost((error) => {
      this.#lost = true;
      this.fail(error);
    });
    const command = this.#connection.query({
      sql: query.sql,
      rowsAsArray: true,
      typeCast: false,
    }) as unknown as RowQuery;
    command.on('result', (row) => {
      this.#row(row);
    });
    command.on('error', (error) => {
      this.fail(error);
    });
    command.on('end', () => {
      this.ended = true;
      this.#notify();
    });
  }

  #row(row: Row): void {
    if (this.#discarding || this.#failure !== undefined) return;
    try {
      this.#take(row, this.#filling);
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
    take: (row, batch) => {
      batch.add(row, select, options.keys);
    },
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
