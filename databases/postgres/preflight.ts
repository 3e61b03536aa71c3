import { CaravanFailure } from '../../contracts/failures.js';
import type { FailureCode } from '../../contracts/failures.js';
import type { TargetNames, TargetNeeds } from '../target.js';
import type { Row, Session } from './connect.js';
import { checkNeeds } from './preflight-needs.js';
import { ownerFor } from './privileges.js';
import { leased, leaseOf, schemaState } from './ownership.js';

const VERSION_MIN = 13;
const VERSION_MAX = 18;

/**
 * Locks that promotion holds for each object (table, key, index, foreign key, type). Measured: a moved table takes one
 * and its identity sequence another; only a change of owner locks indexes and toast tables as well.
 */
const LOCKS_PER_OBJECT = 1.25;
const LOCKS_PER_OBJECT_OWNED = 3;
const LOCKS_SPARE = 200;

/** Everything that would stop the migration later, asked before anything is touched. */
export async function preflight(
  session: Session,
  names: TargetNames,
  options: {
    readonly targetSchema: string;
    readonly objects: number;
    readonly needs?: TargetNeeds;
    readonly standing?: boolean;
  },
): Promise<{ version: number }> {
  const [server] = await session.rows(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding,
            current_setting('transaction_read_only') AS read_only, pg_is_in_recovery() AS standby,
            current_database() AS database, current_user AS login,
            has_database_privilege(current_database(), 'CREATE') AS may_create,
            current_setting('max_locks_per_transaction')::bigint AS per_transaction,
            current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint AS backends`,
  );
  if (server === undefined) throw refused('INTERNAL', 'the server', 'it told nothing about itself');
  const version = Number(server['version']);
  if (version < VERSION_MIN || version > VERSION_MAX)
    throw refused('TARGET_VERSION', 'the server', `it is PostgreSQL ${version}`);
  const database = server['database'] ?? '';
  if (server['encoding'] !== 'UTF8')
    throw refused('TARGET_ENCODING', database, `its encoding is ${server['encoding'] ?? ''}`);
  if (server['standby'] === 't')
    throw refused('TARGET_CREATE_MISSING', database, 'the server is a standby and read-only');
  if (server['may_create'] !== 't')
    throw refused('TARGET_CREATE_MISSING', database, 'the login has no CREATE on the database');
  await checkSchemaPrivileges(session, options.targetSchema, options.standing === true);
  if (options.needs !== undefined) await checkNeeds(session, { database, version }, options.needs);
  const { login, owner } = await ownerFor(session, options.targetSchema);
  checkLocks(server, options.objects, owner === login ? LOCKS_PER_OBJECT : LOCKS_PER_OBJECT_OWNED);
  const lease = leaseOf(options.targetSchema);
  if ((await schemaState(session, lease, names)) === 'other') throw leased(lease);
  return { version };
}

/** Into tables that stand, rows come without anything being made beside them. */
async function checkSchemaPrivileges(session: Session, schema: string, standing: boolean): Promise<void> {
  const [row] = await session.rows(
    `SELECT ($2 OR has_schema_privilege(oid, 'CREATE')) AND has_schema_privilege(oid, 'USAGE') AS may
       FROM pg_catalog.pg_namespace WHERE nspname = $1`,
    [schema, standing],
  );
  if (row === undefined || row['may'] === 't') return;
  throw new CaravanFailure('TARGET_CREATE_MISSING', {
    attempted: 'use the target schema',
    on: schema,
    seen: standing ? 'the login lacks USAGE on it' : 'the login lacks CREATE or USAGE on it',
    next: `Grant ${standing ? 'USAGE' : 'CREATE and USAGE'} on the schema, or use another --target-schema.`,
    facts: { schema },
  });
}

function checkLocks(server: Row, objects: number, locksPerObject: number): void {
  const perTransaction = Number(server['per_transaction']);
  const backends = Number(server['backends']);
  const needed = Math.ceil(objects * locksPerObject) + LOCKS_SPARE;
  if (needed <= perTransaction * backends) return;
  const value = Math.ceil(needed / backends);
  throw new CaravanFailure('TARGET_LOCKS', {
    attempted: 'reckon the locks of promotion for',
    on: `${objects} objects`,
    seen: `${needed} are needed; max_locks_per_transaction = ${perTransaction} gives ${perTransaction * backends}`,
    next: `Set max_locks_per_transaction = ${value} or more, and restart the server.`,
    facts: { names: ['max_locks_per_transaction', String(value)] },
  });
}

function refused(code: FailureCode, on: string, seen: string): CaravanFailure {
  return new CaravanFailure(code, { attempted: 'use the target', on, seen });
}
