import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import { IdleSessions } from '../../lent-sessions.js';
import { openSession } from '../connect.js';
import type { Session } from '../connect.js';
import { readingSource } from './errors.js';

/** No name of a target's backends: nobody's janitor ends it. */
export const SOURCE_APPLICATION = 'caravan-source';
const VERSION_MIN = 12;
const VERSION_MAX = 18;

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

/** Sessions outside any snapshot. */
export class SourceSessions extends IdleSessions<Session> {
  constructor(endpoint: ServerEndpoint) {
    super(
      () => openSourceSession(endpoint),
      (session) => !session.lost,
    );
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
}
