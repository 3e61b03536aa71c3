import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import { openSession } from '../connect.js';
import type { Session } from '../connect.js';
import { readingSource } from './errors.js';

/** No name of a target's backends: nobody's janitor ends it. */
export const SOURCE_APPLICATION = 'caravan-source';
const VERSION_MIN = 12;
const VERSION_MAX = 18;
/** Idle sessions that are kept for the next use. */
const IDLE_MAX = 4;

/** A session that cannot write, and that may hold a snapshot for as long as a migration takes. */
export async function openSourceSession(endpoint: ServerEndpoint): Promise<Session> {
  const attempt = { attempted: 'set up a session on', on: endpoint.database };
  const session = await readingSource(attempt, () => openSession(endpoint, SOURCE_APPLICATION));
  return readingSource(attempt, async () => {
    try {
      await session.run('SET default_transaction_read_only = on; SET idle_in_transaction_session_timeout = 0');
      const [row] = await session.rows(
        `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding`,
      );
      // Bytes of no known encoding: the target says which of them are UTF-8, row by row.
      if (row?.['encoding'] === 'SQL_ASCII') await session.run('SET client_encoding = SQL_ASCII');
      const version = Number(row?.['version']);
      if (version >= VERSION_MIN && version <= VERSION_MAX) return session;
      throw new CaravanFailure('SOURCE_VERSION', { ...attempt, seen: `it is PostgreSQL ${String(version)}` });
    } catch (error) {
      session.destroy();
      throw error;
    }
  });
}

/** Sessions outside any snapshot: taken, given back, replaced when lost. */
export class SourceSessions {
  readonly #endpoint: ServerEndpoint;
  readonly #idle: Session[] = [];
  readonly #all = new Set<Session>();

  constructor(endpoint: ServerEndpoint) {
    this.#endpoint = endpoint;
  }

  async take(): Promise<Session> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.lost) return session;
      this.#all.delete(session);
    }
    const session = await openSourceSession(this.#endpoint);
    this.#all.add(session);
    return session;
  }

  async giveBack(session: Session): Promise<void> {
    if (!session.lost && this.#all.has(session) && this.#idle.length < IDLE_MAX) {
      this.#idle.push(session);
      return;
    }
    this.#all.delete(session);
    await session.close();
  }

  /** For a session whose state is unknown. */
  discard(session: Session): void {
    this.#all.delete(session);
    session.destroy();
  }

  /** In one read-only transaction that sees one state. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.take();
    try {
      await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const result = await work(session);
      await session.run('COMMIT');
      await this.giveBack(session);
      return result;
    } catch (error) {
      this.discard(session);
      throw error;
    }
  }

  async close(): Promise<void> {
    const sessions = [...this.#all];
    const idle = new Set(this.#idle.splice(0));
    this.#all.clear();
    await Promise.all(
      sessions.map((session) => {
        if (idle.has(session)) return session.close();
        // In the middle of a statement: an orderly end would wait for it.
        session.destroy();
        return Promise.resolve();
      }),
    );
  }
}
