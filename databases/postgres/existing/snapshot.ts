import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { ExistingSnapshot } from '../../existing.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../../source.js';
import type { Session } from '../connect.js';
import { literal } from '../identifiers.js';
import { scanRows } from '../scan.js';
import { placeOf, positionText } from '../source/position.js';
import { BEGIN, asUnreadable, openReadOnly, readingTarget } from './sessions.js';

/** Idle sessions that are kept for the next reading. */
const IDLE_MAX = 4;

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
  readonly #idle: Session[] = [];
  readonly #lent = new Set<Session>();
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.position = parts.position;
    this.takenAt = parts.takenAt;
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
      this.#lent.delete(session);
      // A scan that was left early still streams: its backend cannot be used again.
      if (whole && !session.lost && !this.#closed && this.#idle.length < IDLE_MAX) this.#idle.push(session);
      else session.destroy();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#lent) session.destroy();
    await Promise.all([...this.#idle.splice(0), this.#parts.holder].map((session) => session.close()));
  }

  async #take(): Promise<Session> {
    const { endpoint, holder, id } = this.#parts;
    // The snapshot lives as long as the session that exported it.
    if (holder.lost || this.#closed) throw lost();
    const idle = this.#idle.pop();
    const session = idle !== undefined && !idle.lost ? idle : await this.#open(endpoint, id);
    this.#lent.add(session);
    return session;
  }

  async #open(endpoint: ServerEndpoint, id: string): Promise<Session> {
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
