import type { Socket } from 'node:net';
import type pg from 'pg';
import { CaravanFailure } from '../../contracts/failures.js';
import { socketRead } from '../socket-garbage.js';
import type { Session } from './connect.js';

/** First letters of the protocol's messages that matter here; every other one is the driver's business. */
const COPY_DATA = 0x64;
const COPY_OUT_RESPONSE = 0x48;
const COPY_DONE = 0x63;
const ERROR_RESPONSE = 0x45;
/** The letter, and the length that counts itself. */
const HEAD_BYTES = 5;

/** Puts the payloads of a COPY together as batches. */
export interface RowCollector<Batch> {
  readonly rows: number;
  readonly isFull: boolean;
  take: TakePayload;
  /** Valid until the next one is asked for. */
  batch(): Batch;
  /** The server has told of the end; throws where the rows do not end there. */
  end(): void;
}

/** Batches of a COPY … TO STDOUT. When the loop is left early the statement still runs: the caller ends it, or the session. */
export async function* copyBatches<Batch>(
  session: Session,
  statement: string,
  rows: RowCollector<Batch>,
): AsyncGenerator<Batch> {
  const copy: CopyOut = new CopyOut(statement, (bytes, from, to) => {
    rows.take(bytes, from, to);
    if (rows.isFull) copy.pause();
  });
  session.client.query(copy);
  try {
    yield* drained(copy, rows);
  } finally {
    copy.discard();
  }
}

/** The batches of a COPY that is under way, up to its end. */
export async function* drained<Batch>(copy: CopyOut, rows: RowCollector<Batch>): AsyncGenerator<Batch> {
  while (!copy.ended || rows.isFull) {
    // Full while nobody waited: the stream stands still, and there will be no news.
    if (!rows.isFull) await copy.news();
    if (!rows.isFull) continue;
    const batch = rows.batch();
    copy.resume();
    yield batch;
  }
  rows.end();
  if (rows.rows > 0) yield rows.batch();
}

type DataListener = (bytes: Buffer) => void;

/** Takes the payload of one CopyData message, `bytes.subarray(from, to)`; it is valid for the call only. */
export type TakePayload = (bytes: Buffer, from: number, to: number) => void;

/**
 * `COPY … TO STDOUT` read where the bytes arrive: one call for each CopyData message (the server sends one a row), no
 * object and no copy of it. Between the statement and its end this stands where the driver's own parser does, which
 * gets every message that is not of the copy, and the connection back with its end.
 */
export class CopyOut implements pg.Submittable {
  /** The server is ready for the next statement. */
  ended = false;
  /** Takes what arrives as it is, message or part of one, instead of its messages; see `apart`. */
  whole: ((piece: Buffer) => void) | undefined;
  readonly #text: string;
  readonly #take: TakePayload;
  #stream: Socket | undefined;
  #driver: DataListener | undefined;
  /** Pieces of a message that has not come whole. */
  #parts: Buffer[] = [];
  #held = 0;
  #wanted = HEAD_BYTES;
  #failure: unknown;
  #discarding = false;
  #wake: (() => void) | undefined;
  readonly #listener: DataListener = (bytes) => {
    this.#read(bytes);
    socketRead(bytes.length);
  };

  constructor(text: string, take: TakePayload) {
    this.#text = text;
    this.#take = take;
  }

  submit(connection: pg.Connection): void {
    const stream: unknown = connection.stream;
    this.#stream = stream as Socket;
    const listeners = this.#stream.listeners('data') as DataListener[];
    const [driver] = listeners;
    if (driver === undefined || listeners.length > 1) throw outOfStep('the driver does not read as it did');
    this.#driver = driver;
    this.#stream.removeListener('data', driver);
    this.#stream.on('data', this.#listener);
    connection.query(this.#text);
  }

  /** Lets the server wait; what has come already may still be taken. */
  pause(): void {
    if (this.#driver !== undefined) this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  /** Nobody wants the rest: what still comes is passed over, so that the server can end the statement. */
  discard(): void {
    this.#discarding = true;
    if (!this.ended) this.resume();
  }

  /** Waits until there is something new. Throws the statement's error, or the connection's. */
  async news(): Promise<void> {
    if (!this.ended && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  /** The driver tells of an error that the server sent, and of a lost connection. */
  handleError(error: unknown): void {
    this.#failure ??= error;
    this.#notify();
  }

  handleCommandComplete(): void {
    // How many rows it were is known here.
  }

  handleReadyForQuery(): void {
    this.ended = true;
    this.#notify();
  }

  /** What was taken whole is taken apart, and all that comes from now on. It begins where a message does. */
  apart(pieces: readonly Buffer[]): void {
    this.whole = undefined;
    // The end may be among them, and what is behind it is the driver's.
    this.#read(Buffer.concat(pieces));
  }

  #read(piece: Buffer): void {
    if (this.whole !== undefined) {
      this.whole(piece);
      this.#notify();
      return;
    }
    if (this.#parts.length === 0) this.#messages(piece);
    else {
      this.#parts.push(piece);
      this.#held += piece.length;
      if (this.#held < this.#wanted) return;
      const whole = Buffer.concat(this.#parts, this.#held);
      this.#parts = [];
      this.#messages(whole);
    }
    this.#notify();
  }

  #messages(bytes: Buffer): void {
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      const left = length - at;
      const size = left < HEAD_BYTES ? HEAD_BYTES : 1 + bytes.readUInt32BE(at + 1);
      const letter = bytes[at];
      if (letter === COPY_DONE || letter === ERROR_RESPONSE) {
        this.#giveBack(bytes.subarray(at));
        return;
      }
      if (left < size) {
        this.#parts = [bytes.subarray(at)];
        this.#held = left;
        this.#wanted = size;
        return;
      }
      if (letter === COPY_DATA) this.#payload(bytes, at + HEAD_BYTES, at + size);
      else if (letter !== COPY_OUT_RESPONSE) this.#driver?.(bytes.subarray(at, at + size));
      at += size;
    }
  }

  #payload(bytes: Buffer, from: number, to: number): void {
    if (this.#discarding || this.#failure !== undefined) return;
    try {
      this.#take(bytes, from, to);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The rest is the driver's, and all that comes from now on. */
  #giveBack(rest: Buffer): void {
    const stream = this.#stream;
    const driver = this.#driver;
    if (stream === undefined || driver === undefined) return;
    this.#driver = undefined;
    stream.removeListener('data', this.#listener);
    stream.on('data', driver);
    driver(rest);
    stream.resume();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

export function outOfStep(seen: string): CaravanFailure {
  return new CaravanFailure('INTERNAL', { attempted: 'scan', on: 'the target', seen });
}
