import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import { openSession, reopenSession } from '../connect.js';
import type { Session } from '../connect.js';
import { attempting } from '../errors.js';
import type { Attempt } from '../errors.js';

/** No name of a migration's backends: nobody's janitor ends it. */
const APPLICATION = 'caravan-verify';
const VERSION_MIN = 13;
const VERSION_MAX = 18;

/** One that sees one state, and that the server lets write nothing. */
export const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** A session in which the server refuses every change, whatever is asked of it. */
export async function openReadOnly(endpoint: ServerEndpoint, again: boolean): Promise<Session> {
  const session = await (again ? reopenSession : openSession)(endpoint, APPLICATION);
  try {
    await session.run('SET default_transaction_read_only = on; SET idle_in_transaction_session_timeout = 0');
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** Is it a server whose rows can be compared? */
export async function checkServer(session: Session): Promise<number> {
  const [row] = await session.rows(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding`,
  );
  const version = Number(row?.['version']);
  const encoding = row?.['encoding'] ?? '';
  if (version < VERSION_MIN || version > VERSION_MAX) {
    throw refused('TARGET_VERSION', `it is PostgreSQL ${String(version)}`);
  }
  if (encoding === 'SQL_ASCII')
    throw refused('TARGET_ENCODING', 'its encoding is SQL_ASCII: its texts have no known form');
  return version;
}

function refused(code: 'TARGET_VERSION' | 'TARGET_ENCODING', seen: string): CaravanFailure {
  return new CaravanFailure(code, { attempted: 'compare with', on: 'the server', seen });
}

const NOT_ALLOWED = '42501';

/** For what only reads: a login that may not read is to be given SELECT, and nothing more. */
export async function readingTarget<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await attempting(attempt, work);
  } catch (error) {
    throw asUnreadable(error);
  }
}

export function asUnreadable(error: unknown): unknown {
  if (!(error instanceof CaravanFailure) || error.facts.sqlstate !== NOT_ALLOWED) return error;
  const { table = '' } = error.facts;
  const parts = { attempted: 'read from the target', on: table, seen: 'the login may not', facts: error.facts };
  return new CaravanFailure('SELECT_MISSING', { ...parts, next: 'Grant SELECT in the target, or exclude the table.' });
}
