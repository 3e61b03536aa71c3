import { hash } from 'node:crypto';
import type { TableMapping } from '../../contracts/mapping.js';
import { rowIdentity } from '../canonical.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../source.js';
import type { Session } from './connect.js';
import { copyBatches, outOfStep } from './copy-out.js';
import type { RowCollector } from './copy-out.js';
import { failureOf } from './errors.js';
import { qualified } from './identifiers.js';
import { rangeCondition } from './key-range.js';
import { BinaryMessages, RowBuffer, RowBuffers } from './row-buffer.js';
import { canonicalExpression, keyExpressions } from './scan-list.js';

/** A batch is given once it holds this much; what is on its way then comes along. */
const BATCH_BYTES = 256 * 1024;

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
  const abort = (): void => {
    session.destroy();
  };
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const shape = {
      fields: list.length,
      keyFields: keys?.length ?? 0,
      identity: options.keys ? 'key' : 'none',
    } as const;
    for await (const batch of canonicalBatches(session, query, shape)) {
      options.signal?.throwIfAborted();
      yield batch;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw failureOf(error, { attempted: 'scan', on: `${schema}.${table.target.name}` });
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

/** Rows of a query whose fields are canonical in their binary form, those that tell the row apart first. */
export function canonicalBatches(session: Session, query: string, shape: Shape): AsyncIterable<CanonicalBatch> {
  return copyBatches(session, `COPY (${query}) TO STDOUT (FORMAT binary)`, new RowFramer(shape));
}

interface Shape {
  readonly fields: number;
  /** Leading fields that are the key. */
  readonly keyFields: number;
  /** Whether the leading fields are a key, or the whole row of a table without one. */
  readonly identity: 'key' | 'row' | 'none';
}

/**
 * Takes rows of the binary format: 2 bytes count of fields, then each field as it stands in a canonical row.
 */
export class RowFramer implements RowCollector<CanonicalBatch> {
  readonly #shape: Shape;
  readonly #messages = new BinaryMessages();
  readonly #buffers = new RowBuffers(() => new Rows());

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  get rows(): number {
    return this.#buffers.filling.rows;
  }

  get isFull(): boolean {
    return this.#buffers.filling.length >= BATCH_BYTES;
  }

  take(bytes: Buffer, from: number, to: number): void {
    const at = this.#messages.open(bytes, from);
    if (at < 0) return;
    const { fields, keyFields, identity } = this.#shape;
    const count = bytes.readInt16BE(at);
    if (count !== fields) throw outOfStep(`a row of ${String(count)} fields`);
    const first = at + 2;
    const body = keyFields === 0 ? first : behind(bytes, first, keyFields);
    const { filling } = this.#buffers;
    if (identity !== 'none') filling.keys.push(keyFields === 0 ? '' : IDENTITIES[identity](bytes, first, body));
    filling.append(bytes, body, to);
  }

  end(): void {
    this.#messages.requireEnd();
  }

  /** Valid until the next one is asked for. */
  batch(): CanonicalBatch {
    return this.#buffers.turn();
  }
}

class Rows extends RowBuffer implements CanonicalBatch {
  keys: string[] = [];

  override reset(): void {
    super.reset();
    this.keys = [];
  }
}

/** Where the next field begins after so many. */
function behind(bytes: Buffer, from: number, fields: number): number {
  let at = from;
  for (let field = 0; field < fields; field += 1) at += 4 + Math.max(bytes.readInt32BE(at), 0);
  return at;
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

/** As `rowIdentity` tells it; PostgreSQL has no storage class per value. */
function identityOfRow(bytes: Buffer, from: number, to: number): string {
  const fields: (Buffer | null)[] = [];
  for (let at = from; at < to;) {
    const size = bytes.readInt32BE(at);
    fields.push(size < 0 ? null : bytes.subarray(at + 4, at + 4 + size));
    at += 4 + Math.max(size, 0);
  }
  return rowIdentity(fields, () => 0);
}

const IDENTITIES = { key: identityOf, row: identityOfRow } as const;
