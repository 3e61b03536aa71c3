import type { TableMapping } from '../../contracts/mapping.js';
import { SENT_ROW } from '../sent-form.js';
import type { CanonicalBatch, SentStream } from '../source.js';
import type { Session } from './connect.js';
import { CopyOut, drained, outOfStep } from './copy-out.js';
import { failureOf } from './errors.js';
import { qualified, quoted } from './identifiers.js';
import { rangeCondition } from './key-range.js';
import { RowFramer, type ScanPlace } from './scan.js';
import { sentExpression } from './scan-list.js';

/** What may wait to be looked at before the server has to. */
const WAITING_BYTES_MAX = 1 << 20;
/** A message's letter, and its length that counts itself. */
const MESSAGE_BYTES = 5;
const COPY_OUT_RESPONSE = 0x48;
/** Signature, flags and length of the extension: they stand in front of the first row, in its message. */
const HEADER_BYTES = 19;

/**
 * COPY's binary form as it comes from the socket, without a look at its rows: whoever knows what must come compares the
 * bytes. From the first that is otherwise on, `rest` takes the rows apart.
 */
class SentScan implements SentStream {
  readonly #on: string;
  readonly #copy: CopyOut;
  readonly #rows: RowFramer;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  /** Not taken yet. */
  #pieces: Buffer[] = [];
  #waiting = 0;
  #begun = false;

  constructor(session: Session, { schema, table, range }: ScanPlace, signal: AbortSignal | undefined) {
    this.#on = `${schema}.${table.target.name}`;
    this.#signal = signal;
    this.#abort = () => {
      session.destroy();
    };
    signal?.addEventListener('abort', this.#abort, { once: true });
    const condition = rangeCondition(table, range);
    const where = condition === undefined ? '' : ` WHERE ${condition}`;
    const list = table.columns.map(sentExpression).join(', ');
    const order = keyOrder(table);
    const by = order === undefined ? '' : ` ORDER BY ${order}`;
    const from = `${qualified(schema, table.target.name)}${where}${by}`;
    const query = `COPY (SELECT ${list} FROM ${from}) TO STDOUT (FORMAT binary)`;
    this.#rows = new RowFramer({ fields: table.columns.length, keyFields: 0, identity: 'none' });
    const copy = new CopyOut(query, (bytes, from, to) => {
      this.#rows.take(bytes, from, to);
      if (this.#rows.isFull) copy.pause();
    });
    copy.whole = (piece) => {
      this.#pieces.push(piece);
      this.#waiting += piece.length;
      if (this.#waiting > WAITING_BYTES_MAX) copy.pause();
    };
    this.#copy = copy;
    session.client.query(copy);
  }

  /** True: the session is ready for another statement. */
  get isOver(): boolean {
    return this.#copy.ended;
  }

  async next(): Promise<Buffer> {
    try {
      if (!this.#begun) await this.#begin();
      while (this.#pieces.length === 0) await this.#copy.news();
    } catch (error) {
      throw this.#failure(error);
    }
    this.#signal?.throwIfAborted();
    const piece = this.#pieces.shift() ?? NOTHING;
    this.#waiting -= piece.length;
    if (this.#waiting <= WAITING_BYTES_MAX / 2) this.#copy.resume();
    return piece;
  }

  async *rest(seen: Buffer): AsyncGenerator<CanonicalBatch> {
    const copy = this.#copy;
    try {
      copy.apart([seen, ...this.#pieces.splice(0)]);
      copy.resume();
      for await (const batch of drained(copy, this.#rows)) {
        yield batch;
        this.#signal?.throwIfAborted();
      }
    } catch (error) {
      throw this.#failure(error);
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    if (this.#copy.ended) return;
    this.#copy.whole = () => undefined;
    this.#copy.discard();
  }

  /** The first row's message as those of the others are: without the header of all rows. */
  async #begin(): Promise<void> {
    let seen = NOTHING;
    for (;;) {
      seen = Buffer.concat([seen, ...this.#pieces.splice(0)]);
      const head = seen[0] === COPY_OUT_RESPONSE && seen.length > MESSAGE_BYTES ? 1 + seen.readUInt32BE(1) : 0;
      const isOther = seen.length > head && seen[head] !== (head === 0 ? COPY_OUT_RESPONSE : SENT_ROW);
      const row = head + MESSAGE_BYTES + HEADER_BYTES;
      if (isOther || (head > 0 && seen.length >= row)) {
        this.#pieces.unshift(...(isOther ? [seen] : [lengthened(seen, head, -HEADER_BYTES), seen.subarray(row)]));
        this.#begun = true;
        return;
      }
      await this.#copy.news();
    }
  }

  #failure(error: unknown): unknown {
    this.#signal?.throwIfAborted();
    return failureOf(error, { attempted: 'scan', on: this.#on });
  }
}

/** Throws where `work` left rows: the session then cannot be used again, no more than after any other failure. */
export async function scanSent<T>(
  session: Session,
  { signal, ...place }: ScanPlace & { readonly signal: AbortSignal | undefined },
  work: (stream: SentStream) => Promise<T>,
): Promise<T> {
  const isOrdered = keyOrder(place.table) !== undefined;
  if (isOrdered) await session.run(BY_INDEX);
  const scan = new SentScan(session, place, signal);
  try {
    const done = await work(scan);
    if (!scan.isOver) throw outOfStep('rows that nobody took');
    if (isOrdered) await session.run(AS_EVER);
    return done;
  } finally {
    scan.close();
  }
}

/** Kinds that order alike on all engines. */
const ORDERED = new Set(['integer', 'date', 'timestamp']);

/**
 * The key's columns, where it has an index to go by: chunks that were written at once lie mixed on the disk, and the
 * source gives its rows in the order of its key.
 */
function keyOrder({ rowKey, chunkKey, columns }: TableMapping): string | undefined {
  if (rowKey === undefined || chunkKey?.target === undefined) return undefined;
  const keys = rowKey.map((source) => columns.find((column) => column.source === source));
  const isOrdered = keys.every((column) => column !== undefined && ORDERED.has(column.kind));
  return isOrdered ? keys.map((column) => quoted(column?.target ?? '')).join(', ') : undefined;
}

/** By the index: it costs hardly more than to take the rows as they lie, and half of what it costs to sort them. */
const BY_INDEX = settings('off');
const AS_EVER = settings('DEFAULT');

function settings(value: string): string {
  return ['enable_sort', 'enable_seqscan', 'enable_bitmapscan'].map((name) => `SET ${name} = ${value}`).join('; ');
}

const NOTHING = Buffer.alloc(0);

/** The head of the message at `at`, as it is with so many bytes more. */
function lengthened(bytes: Buffer, at: number, more: number): Buffer {
  const head = Buffer.from(bytes.subarray(at, at + MESSAGE_BYTES));
  head.writeUInt32BE(head.readUInt32BE(1) + more, 1);
  return head;
}
