import { randomInt } from 'node:crypto';
import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { AskOptions, Replica, Writing } from '../../asking.js';
import { openSession } from '../connect.js';
import type { Session } from '../connect.js';
import { literal } from '../identifiers.js';
import { PostgresWriting } from '../write.js';
import { readingSource } from './errors.js';

/** No name of a migration's backends: nobody's janitor ends it. */
const APPLICATION = 'caravan-replica';
const INTS = 2 ** 31;

/** A lock by number is its database's, and all of the server see it: whoever sees it is there, under whatever address. */
async function isSameDatabase(source: Session, replica: Session): Promise<boolean> {
  const [one, other] = [randomInt(INTS), randomInt(INTS)];
  await source.rows('SELECT pg_catalog.pg_advisory_lock_shared($1::int, $2::int)', [one, other]);
  const [row] = await replica.rows(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid
          AND d.datname = current_database())::text AS same`,
    [one, other],
  );
  return row?.['same'] === 'true';
}

/** Why writes may not be tried there; undefined where they may. A standby's primary is the source itself. */
async function standsAgainst(source: Session, replica: Session): Promise<string | undefined> {
  if (await isSameDatabase(source, replica)) return 'it is the source itself';
  const recovering = 'SELECT pg_catalog.pg_is_in_recovery()::text AS recovering';
  const [[one], [other]] = await Promise.all([source.rows(recovering), replica.rows(recovering)]);
  if (other?.['recovering'] === 'true') return 'it is a standby, which takes no writes';
  if (one?.['recovering'] === 'true' && (await isSameCluster(source, replica)))
    return 'the source is a standby of a server with the same identifier: it may follow this one';
  const [foreign] = await replica.rows(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1`,
  );
  if (foreign === undefined) return undefined;
  return `its login is not the owner of "${foreign['name'] ?? ''}", whose triggers are held still and whose sequences are set back`;
}

async function isSameCluster(source: Session, replica: Session): Promise<boolean> {
  const identifier = 'SELECT system_identifier AS id FROM pg_catalog.pg_control_system()';
  const [[one], [other]] = await Promise.all([source.rows(identifier), replica.rows(identifier)]);
  return one?.['id'] === other?.['id'];
}

/** Opens a throw-away replica of a PostgreSQL source: another database, of which nothing is kept. */
export async function openReplica(source: ServerEndpoint, endpoint: ServerEndpoint): Promise<Replica> {
  const place = `${endpoint.host}:${String(endpoint.port)}/${endpoint.database}`;
  return readingSource({ attempted: 'look at the replica', on: place }, async () => {
    const opened = await Promise.allSettled([openSession(source, APPLICATION), openSession(endpoint, APPLICATION)]);
    const sessions = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      const failed = opened.find((each) => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      const [one, other] = sessions as [Session, Session];
      const seen = await standsAgainst(one, other);
      if (seen !== undefined) {
        const next = 'Name a database with the same rows that is to be thrown away.';
        throw new CaravanFailure('INPUT_INVALID', { attempted: 'try writes on', on: place, seen, next });
      }
      return await replicaOf(endpoint, other);
    } finally {
      await Promise.all(sessions.map((session) => session.close()));
    }
  });
}

async function replicaOf(endpoint: ServerEndpoint, session: Session): Promise<Replica> {
  const foreign = await session.rows(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'f'`,
  );
  return {
    untransactional: new Set(foreign.map(({ name }) => name ?? '')),
    // They come to the target with the promotion: until then they are held still on the replica, too.
    triggers: new Map(),
    writing: (options) => openWriter(endpoint, options),
    close: () => Promise.resolve(),
  };
}

async function openWriter(endpoint: ServerEndpoint, { path }: AskOptions): Promise<Writing> {
  const session = await openSession(endpoint, APPLICATION);
  try {
    const among = path.map(literal).join(', ');
    const triggered = await session.rows(
      `SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_trigger t
         JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND c.relkind IN ('r', 'p') AND n.nspname IN (${among})`,
    );
    const still = triggered.map(({ name }) => `ALTER TABLE ${name ?? ''} DISABLE TRIGGER USER`);
    const options = { path, own: path, begun: still };
    return new PostgresWriting(session, options, () => session.close());
  } catch (error) {
    session.destroy();
    throw error;
  }
}
