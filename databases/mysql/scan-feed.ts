import type { PrepareStatementInfo } from 'mysql2';
import { CaravanFailure } from '../../contracts/failures.js';
import type { CanonicalBatch } from '../source.js';
import type { MysqlSession } from './connect.js';
import { batchesOf } from './end-query.js';
import { failureOf, type Attempt } from './errors.js';

/**
 * A row as the driver frames it; its own methods tell where values begin. Internals of mysql2 that
 * test/databases/mysql-driver-internals.test.ts guards. No code of the copy's row feed takes part.
 */
export interface RowPacket {
  readonly buffer: Buffer;
  readonly end: number;
  offset: number;
  isEOF(): boolean;
  /** Null for NULL. */
  readLengthCodedNumber(): number | null;
}

/** A batch that is filled row by row, and used again. */
export interface FedBatch extends CanonicalBatch {
  readonly isFull: boolean;
  reset(): void;
}

interface Command {
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'end' | 'result', listener: () => void): void;
}

type Take = (packet: RowPacket) => void;
/** Starts a command of the driver that gives each row's packet to `take`. */
export type Rows = (take: Take) => Command;

type Step = (packet: RowPacket, context: unknown) => unknown;

interface TextCommand extends Command {
  row: Step;
}

/** Rows of the text protocol. */
export function asText({ connection }: MysqlSession, sql: string): Rows {
  return (take) => {
    const command = connection.query(sql) as unknown as TextCommand;
    const driversRow = command.row.bind(command);
    command.row = (packet, context) => {
      if (packet.isEOF()) return driversRow(packet, context);
      take(packet);
      return command.row;
    };
    return command;
  };
}

interface BinaryCommand extends Command {
  readonly row: Step;
  readonly fieldsEOF: Step;
  readField: Step;
}

/** Rows of the binary protocol. The driver would take the rows' method from its class, not from the command. */
export function asBinary(statement: PrepareStatementInfo): Rows {
  return (take) => {
    const command = statement.execute([]) as unknown as BinaryCommand;
    const { row: driversRow, fieldsEOF, readField } = command;
    const row: Step = (packet, context) => {
      if (packet.isEOF()) return driversRow.call(command, packet, context);
      take(packet);
      return row;
    };
    const fieldsEnd: Step = (packet, context) => {
      fieldsEOF.call(command, packet, context);
      return row;
    };
    command.readField = (packet, context) => {
      const next = readField.call(command, packet, context);
      return next === fieldsEOF ? fieldsEnd : command.readField;
    };
    return command;
  };
}

export interface Feeding<Batch> {
  readonly rows: Rows;
  readonly attempt: Attempt;
  readonly make: () => Batch;
  readonly take: (packet: RowPacket, batch: Batch) => boolean;
}

/** Rows in the driver's packets, taken where they lie; no more are read while two batches are full. */
class ScanFeed<Batch extends FedBatch> {
  ended = false;
  readonly #stream: { pause(): void; resume(): void };
  readonly #attempt: Attempt;
  readonly #take: (packet: RowPacket, batch: Batch) => boolean;
  #filling: Batch;
  #spare: Batch;
  #failure: unknown;
  #lost = false;
  #discarding = false;
  #wake: (() => void) | undefined;
  /** Takes the listener for a lost connection away. */
  readonly release: () => void;

  constructor(session: MysqlSession, { rows, attempt, make, take }: Feeding<Batch>) {
    this.#stream = (session.connection as unknown as { stream: { pause(): void; resume(): void } }).stream;
    this.#attempt = attempt;
    this.#take = take;
    this.#filling = make();
    this.#spare = make();
    this.release = session.onLost((error) => {
      this.#lost = true;
      this.fail(error);
    });
    const command = rows((packet) => {
      this.#row(packet);
    });
    // Rows that the driver parsed itself went past us.
    command.on('result', () => {
      this.fail(outOfStep(this.#attempt));
    });
    command.on('error', (error) => {
      this.fail(error);
    });
    command.on('end', () => {
      this.ended = true;
      // The last rows may have filled a batch: the session's next answer must not wait for somebody to take it.
      this.#stream.resume();
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
    // The rows that have come with this one still go into the batch: the driver would copy the packet of each.
    this.#stream.pause();
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
    if (!this.ended) this.#stream.resume();
    return lent;
  }

  async discard(): Promise<void> {
    this.#discarding = true;
    if (!this.ended) this.#stream.resume();
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

/** The batches of a feed; a query that is left in the middle of its result is ended. */
export function fedBatches<Batch extends FedBatch>(
  session: MysqlSession,
  feeding: Feeding<Batch>,
  signal: AbortSignal | undefined,
): AsyncGenerator<CanonicalBatch> {
  return batchesOf(session, () => new ScanFeed(session, feeding), signal);
}

function outOfStep(attempt: Attempt): CaravanFailure {
  return new CaravanFailure('INTERNAL', { ...attempt, seen: 'a row packet that does not have the announced fields' });
}
