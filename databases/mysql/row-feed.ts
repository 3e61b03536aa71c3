import { CaravanFailure } from '../../contracts/failures.js';
import type { RowBatch } from '../source.js';
import type { MysqlSession } from './connect.js';
import { failureOf, type Attempt } from './errors.js';
import { BYTES_KEPT, giveBatch, takeBatch } from './growing-batch.js';
import type { GrowingBatch } from './growing-batch.js';
import { keepLargePackets } from './large-packets.js';

/**
 * The hot path of the copy. The driver's own row parsers make a string or an object for every value; here each row's
 * packet is walked where it lies and the socket's chunks are copied as a whole, one memcpy per 64 KiB.
 *
 * It stands on three internals of mysql2, which test/databases/mysql-driver-internals.test.ts guards: a query command
 * calls its own `row(packet)` for each row, a packet has `buffer`, `offset`, `end`, `isEOF()`, and a connection has
 * `stream`, whose "data" listeners run in order.
 */
export interface RowPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

interface RawCommand {
  row: (packet: RowPacket, connection: unknown) => unknown;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'end' | 'result', listener: () => void): void;
}

interface RawStream {
  pause(): void;
  resume(): void;
  on(event: 'data', listener: () => void): void;
  off(event: 'data', listener: () => void): void;
}

/** Soft limits of a batch: it ends with the socket's chunk in which one of them was passed. */
const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;

/** Stands between fields, in place of their lengths and of the packets' heads, which nobody reads again. */
const BLANK = 0x20;
/** Length and number of a packet. */
const HEAD_BYTES = 4;

/** Rows of one query in two batches: one with the consumer, one being filled. */
export class RowFeed {
  readonly #attempt: Attempt;
  readonly #fields: number;
  readonly #stream: RawStream;
  #filling: GrowingBatch;
  #spare: GrowingBatch;
  /** The chunk whose rows are not copied yet, from #spanFrom to #spanTo; it will stand at #filling.used. */
  #span: Buffer | undefined;
  #spanFrom = 0;
  #spanTo = 0;
  #paused = false;
  #ended = false;
  #discarding = false;
  #lost = false;
  #failure: unknown;
  #wake: (() => void) | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(
    session: MysqlSession,
    query: { readonly sql: string; readonly fields: number; readonly attempt: Attempt },
  ) {
    this.#attempt = query.attempt;
    this.#fields = query.fields;
    this.#filling = takeBatch(query.fields);
    this.#spare = takeBatch(query.fields);
    const { connection } = session;
    const giveBack = keepLargePackets(connection);
    this.#stream = (connection as unknown as { stream: RawStream }).stream;
    const command = connection.query(query.sql) as unknown as RawCommand;
    const driversRow = command.row.bind(command);
    command.row = (packet, context) => {
      if (packet.isEOF()) return driversRow(packet, context);
      if (!this.#discarding) this.#row(packet);
      return command.row;
    };
    command.on('error', (error) => {
      this.#fail(error);
    });
    // Rows that the driver parsed itself went past us.
    command.on('result', () => {
      this.#fail(outOfStep(this.#attempt));
    });
    command.on('end', () => {
      this.#finish();
    });
    const onData = (): void => {
      this.#chunkEnded();
    };
    const onLost = (error: unknown): void => {
      this.#lost = true;
      this.#fail(error);
    };
    this.#stream.on('data', onData);
    this.#listeners.push(session.onLost(onLost), () => {
      this.#stream.off('data', onData);
      giveBack();
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next batch; the one given before is used again. Undefined at the end. */
  async next(): Promise<RowBatch | undefined> {
    this.#spare.reset();
    if (!this.#isFull()) this.#resume();
    for (;;) {
      if (this.#failure !== undefined) throw failureOf(this.#failure, this.#attempt);
      if (this.#isFull() || (this.#ended && this.#filling.rows > 0)) return this.#lend();
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends the wait of `next` with this reason. */
  fail(reason: unknown): void {
    this.#fail(reason);
  }

  /** Throws the rest of the result away; resolves when the query is over or the connection is lost. */
  async discard(): Promise<void> {
    this.#discarding = true;
    this.#span = undefined;
    this.#paused = false;
    this.#stream.resume();
    while (!this.#ended && !this.#lost) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Its batches are others' from here on: what may still come goes nowhere. Called once. */
  release(): void {
    this.#discarding = true;
    this.#span = undefined;
    for (const remove of this.#listeners.splice(0)) remove();
    giveBatch(this.#filling);
    giveBatch(this.#spare);
  }

  #isFull(): boolean {
    return this.#span === undefined && (this.#filling.rows >= ROWS_MAX || this.#filling.used >= BYTES_MAX);
  }

  #lend(): RowBatch {
    const lent = this.#filling;
    this.#filling = this.#spare;
    this.#spare = lent;
    // Two long values never stand in memory: the next one waits until this one is done with.
    if (lent.used > BYTES_KEPT) this.#pause();
    else this.#resume();
    return lent;
  }

  #pause(): void {
    if (this.#ended) return;
    this.#paused = true;
    this.#stream.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.resume();
  }

  #row(packet: RowPacket): void {
    const { buffer, offset } = packet;
    const batch = this.#filling;
    if (buffer !== this.#span) {
      this.#copySpan();
      this.#span = buffer;
      this.#spanFrom = offset;
    } else if (offset - this.#spanTo === HEAD_BYTES) blank(buffer, this.#spanTo, offset);
    else batch.isSpaced = false;
    const fields = this.#fields;
    let index = batch.rows * fields;
    if (index + fields > batch.start.length) batch.growFields(index + fields);
    const { start, end } = batch;
    const shift = batch.used - this.#spanFrom;
    let at = offset;
    for (const last = index + fields; index < last; index++) {
      let length = buffer[at] ?? 0;
      if (length === 0xfb) {
        buffer[at++] = BLANK;
        start[index] = -1;
        end[index] = -1;
        continue;
      }
      if (length < 0xfb) buffer[at++] = BLANK;
      else {
        const from = at;
        at += length === 0xfc ? 3 : length === 0xfd ? 4 : 9;
        length = longLength(buffer, from);
        blank(buffer, from, at);
      }
      start[index] = at + shift;
      at += length;
      end[index] = at + shift;
    }
    if (at !== packet.end) this.#fail(outOfStep(this.#attempt));
    this.#spanTo = at;
    batch.rows++;
  }

  #copySpan(): void {
    if (this.#span === undefined) return;
    this.#filling.append(this.#span, this.#spanFrom, this.#spanTo);
    this.#span = undefined;
  }

  /** After the driver has walked a whole chunk of the socket. */
  #chunkEnded(): void {
    this.#copySpan();
    if (!this.#isFull()) return;
    if (this.#wake) this.#notify();
    else this.#pause();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #finish(): void {
    this.#copySpan();
    this.#ended = true;
    this.#notify();
  }

  #fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#notify();
  }
}

/** A few bytes: a call into the engine would take longer. */
function blank(buffer: Buffer, from: number, to: number): void {
  for (let at = from; at < to; at += 1) buffer[at] = BLANK;
}

function longLength(buffer: Buffer, at: number): number {
  const tag = buffer[at];
  if (tag === 0xfc) return buffer.readUInt16LE(at + 1);
  if (tag === 0xfd) return buffer.readUIntLE(at + 1, 3);
  return buffer.readUInt32LE(at + 1) + buffer.readUInt32LE(at + 5) * 2 ** 32;
}

function outOfStep(attempt: Attempt): CaravanFailure {
  return new CaravanFailure('INTERNAL', { ...attempt, seen: 'a row packet that does not have the announced fields' });
}
