import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { Checked } from '../../checked.js';
import type { ExistingSnapshot } from '../../existing.js';
import type { CanonicalBatch, KeyRange, ScanOptions, SentPlace, SentStream } from '../../source.js';
import { checkedBy } from '../checked.js';
import type { Session } from '../connect.js';
import { IdleSessions } from '../../lent-sessions.js';
import { literal } from '../identifiers.js';
import type { AskOptions, Asking } from '../../asking.js';
import { openAsking } from '../ask.js';
import { scanRows } from '../scan.js';
import { scanSent } from '../sent-scan.js';
import { placeOf, positionText } from '../source/position.js';
import { BEGIN, asUnreadable, openReadOnly, readingTarget } from './sessions.js';

/** Around queries of the application. */
const READING = 'caravan_reading';

/** One session holds and exports what it sees; every other one takes it over. */
export async function openExistingSnapshot(endpoint: ServerEndpoint): Promise<ExistingSnapshot> {
  const holder = await openReadOnly(endpoint, true);
  try {
    return await readingTarget({ attempted: 'take a snapshot of', on: endpoint.database }, async () => {
      await holder.run(BEGIN);
      const [row] = await holder.rows(
        `SELECT pg_catalog.pg_export_snapshot() AS id, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`,
      );
      const position = positionText(await placeOf(holder));
      return new Existing({ endpoint, holder, id: row?.['id'] ?? '', position, takenAt: row?.['at'] ?? '' });
    });
  } catch (error) {
    holder.destroy();
    throw error;
  }
}

interface Parts {
  readonly endpoint: ServerEndpoint;
  readonly holder: Session;
  readonly id: string;
  readonly position: string;
  readonly takenAt: string;
}

class Existing implements ExistingSnapshot {
  readonly position: string;
  readonly takenAt: string;
  readonly #parts: Parts;
  readonly #sessions: IdleSessions<Session>;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.position = parts.position;
    this.takenAt = parts.takenAt;
    this.#sessions = new IdleSessions(
      () => this.#open(),
      (session) => !session.lost,
    );
  }

  async *scan(table: TableMapping, range: KeyRange, options: ScanOptions): AsyncIterable<CanonicalBatch> {
    const session = await readingTarget({ attempted: 'scan', on: table.target.name }, () => this.#take());
    let whole = false;
    try {
      yield* scanRows(session, { schema: table.target.schema, table, range }, options);
      whole = true;
    } catch (error) {
      throw asUnreadable(error);
    } finally {
      // A scan that was left early still streams: its backend cannot be used again.
      if (whole) await this.#sessions.giveBack(session);
      else this.#sessions.discard(session);
    }
  }

  async sent<T>({ table, range, signal }: SentPlace, work: (stream: SentStream) => Promise<T>): Promise<T> {
    const session = await readingTarget({ attempted: 'scan', on: table.target.name }, () => this.#take());
    let whole = false;
    try {
      const done = await scanSent(session, { schema: table.target.schema, table, range, signal }, work);
      whole = true;
      return done;
    } catch (error) {
      throw asUnreadable(error);
    } finally {
      // As with a scan.
      if (whole) await this.#sessions.giveBack(session);
      else this.#sessions.discard(session);
    }
  }

  checked(schema: string): Checked {
    return checkedBy({
      schema,
      writes: false,
      use: (attempted, on, work) =>
        readingTarget({ attempted, on }, async () => {
          const session = await this.#take();
          try {
            const result = await work(session);
            await this.#sessions.giveBack(session);
            return result;
          } catch (error) {
            this.#sessions.discard(session);
            throw error;
          }
        }),
    });
  }

  async asking(options: AskOptions): Promise<Asking> {
    const session = await readingTarget({ attempted: 'ask', on: 'the target' }, () => this.#take());
    const giveBack = async (): Promise<void> => {
      if (session.lost) this.#sessions.discard(session);
      // What was set ends with it; the snapshot's transaction goes on.
      else await session.run(`ROLLBACK TO SAVEPOINT ${READING}; RELEASE SAVEPOINT ${READING}`);
      if (!session.lost) await this.#sessions.giveBack(session);
    };
    try {
      await session.run(`SAVEPOINT ${READING}`);
      return await openAsking(session, options, giveBack);
    } catch (error) {
      this.#sessions.discard(session);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#sessions.close(), this.#parts.holder.close()]);
  }

  async #take(): Promise<Session> {
    // The snapshot lives as long as the session that exported it.
    if (this.#parts.holder.lost || this.#closed) throw lost();
    return this.#sessions.take();
  }

  async #open(): Promise<Session> {
    const { endpoint, id } = this.#parts;
    const session = await openReadOnly(endpoint, true);
    try {
      await session.run(`${BEGIN}; SET TRANSACTION SNAPSHOT ${literal(id)}`);
      return session;
    } catch (error) {
      session.destroy();
      throw this.#parts.holder.lost ? lost() : error;
    }
  }
}

function lost(): CaravanFailure {
  return new CaravanFailure('SNAPSHOT_LOST', {
    attempted: 'read the snapshot of',
    on: 'the target',
    seen: 'its connection is gone',
  });
}
