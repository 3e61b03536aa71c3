import { hash } from 'node:crypto';
import { to } from 'pg-copy-streams';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../source.js';
import type { Session } from './connect.js';
import { failureOf } from './errors.js';
import { qualified } from './identifiers.js';
import { rangeCondition } from './key-range.js';
import { canonicalExpression, keyExpressions } from './scan-list.js';

/** A batch is given once it holds this much. */
const BATCH_BYTES = 256 * 1024;
const READ_BYTES = 1024 * 1024;
/** Signature, flags, length of the extension. */
const HEADER_BYTES = 19;

export interface ScanPlace {
  readonly schema: string;
  readonly table: TableMapping;
  readonly range: KeyRange;
}

/** Rows in canonical form, straight from COPY's binary format. The caller owns the session; unfinished, it must go. */
export async function* scanRows(
  session: Session,
  place: ScanPlace,
  options: ScanOptions,
): AsyncIterable<CanonicalBatch> {
  const { schema, table, range } = place;
  const keys = options.keys ? keyExpressions(table) : undefined;
  const list = [...(keys ?? []), ...table.columns.map(canonicalExpression)];
  const condition = rangeCondition(table, range);
  const where = condition === undefined ? '' : ` WHERE ${condition}`;
  const query = `SELECT ${list.join(', ')} FROM ${qualified(schema, table.target.name)}${where}`;
  const stream = session.client.query(to(`COPY (${query}) TO STDOUT (FORMAT binary)`, { highWaterMark: READ_BYTES }));
  const framer = new RowFramer({ fields: list.length, keyFields: keys?.length ?? 0, withKeys: options.keys });
  const abort = (): void => {
    session.destroy();
  };
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    for await (const part of stream) {
      options.signal?.throwIfAborted();
      yield* framer.push(part as Buffer);
    }
    yield* framer.end();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw failureOf(error, { attempted: 'scan', on: `${schema}.${table.target.name}` });
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

interface Shape {
  readonly fields: number;
  /** Leading fields that are the key. */
  readonly keyFields: number;
  readonly withKeys: boolean;
}

/** Cuts the binary stream into rows: 2 bytes count of fields, then each field; -1 as count ends the stream. */
class RowFramer {
  readonly #shape: Shape;
  #rest: Buffer = Buffer.alloc(0);
  #started = false;
  #ended = false;
  #out = Buffer.allocUnsafe(BATCH_BYTES * 2);
  #length = 0;
  #ends: number[] = [];
  #keys: string[] = [];

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  *push(part: Buffer): Iterable<CanonicalBatch> {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    let at = 0;
    if (!this.#started) {
      if (bytes.length < HEADER_BYTES) {
        this.#rest = bytes;
        return;
      }
      this.#started = true;
      at = HEADER_BYTES;
    }
    for (;;) {
      const next = this.#row(bytes, at);
      if (next < 0) break;
      at = next;
      if (this.#length >= BATCH_BYTES) yield this.#take();
    }
    this.#rest = bytes.subarray(at);
  }

  *end(): Iterable<CanonicalBatch> {
    if (!this.#ended || this.#rest.length > 2) {
      throw new CaravanFailure('TARGET_LOST', { attempted: 'scan', on: 'the target', seen: 'the rows end too early' });
    }
    if (this.#ends.length > 0) yield this.#take();
  }

  /** Takes the row at `at`; returns where the next begins, or -1 when it is not whole yet. */
  #row(bytes: Buffer, at: number): number {
    const { length } = bytes;
    if (at + 2 > length) return -1;
    const count = bytes.readInt16BE(at);
    if (count === -1) {
      this.#ended = true;
      return -1;
    }
    const first = at + 2;
    let end = first;
    let body = first;
    const { fields, keyFields, withKeys } = this.#shape;
    for (let field = 0; field < fields; field += 1) {
      if (field === keyFields) body = end;
      if (end + 4 > length) return -1;
      const size =
        ((bytes[end] ?? 0) << 24) |
        ((bytes[end + 1] ?? 0) << 16) |
        ((bytes[end + 2] ?? 0) << 8) |
        (bytes[end + 3] ?? 0);
      end += size < 0 ? 4 : 4 + size;
    }
    if (end > length) return -1;
    if (withKeys) this.#keys.push(keyFields === 0 ? '' : identityOf(bytes, first, body));
    this.#append(bytes, body, end);
    return end;
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const size = to - from;
    if (this.#length + size > this.#out.length) {
      const larger = Buffer.allocUnsafe((this.#length + size) * 2);
      this.#out.copy(larger, 0, 0, this.#length);
      this.#out = larger;
    }
    bytes.copy(this.#out, this.#length, from, to);
    this.#length += size;
    this.#ends.push(this.#length);
  }

  #take(): CanonicalBatch {
    const batch = {
      rows: this.#ends.length,
      bytes: this.#out.subarray(0, this.#length),
      end: Int32Array.from(this.#ends),
      keys: this.#keys,
    };
    this.#out = Buffer.allocUnsafe(BATCH_BYTES * 2);
    this.#length = 0;
    this.#ends = [];
    this.#keys = [];
    return batch;
  }
}

/** The key's fields are framed in the stream as `keyIdentity` frames them; NULL counts as empty. */
function identityOf(bytes: Buffer, from: number, to: number): string {
  let framed = bytes.subarray(from, to);
  for (let at = 0; at < framed.length;) {
    const size = framed.readInt32BE(at);
    if (size < 0) {
      framed = Buffer.from(framed);
      framed.writeInt32BE(0, at);
    }
    at += 4 + Math.max(size, 0);
  }
  return hash('sha256', framed, 'hex').slice(0, 32);
}
