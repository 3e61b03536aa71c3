import { shadowSchema, sidecarSchema } from '../../contracts/names.js';
import type { MigrationMapping, NativeObject } from '../../contracts/mapping.js';
import type { MadeObject } from '../target.js';
import type { Session } from './connect.js';
import { isServerError, SQLSTATE } from './errors.js';
import { qualified, quoted } from './identifiers.js';
import { inTransaction } from './session-pool.js';
import { refusedPart } from './sql-guards.js';

/** What promotion may do to a table beside moving it. */
const PROMOTED = /^(?:ENABLE (?:ALWAYS |REPLICA )?(?:TRIGGER|RULE) |(?:ENABLE|FORCE) ROW LEVEL SECURITY\b)/;

/** What the server says of words that it does not take; its own message may hold what is none of a plan's business. */
const REFUSALS: Readonly<Record<string, string>> = {
  '22023': 'it knows no such option',
  '42501': 'the login may not do this',
  '42601': 'its syntax',
  '42704': 'a role, a type or another thing that it names is not there',
  '42883': 'a function that it names is not there',
  '42P01': 'a table or view that it names is not there',
};

export function refusalText(state: string): string {
  return `PostgreSQL refuses it: ${REFUSALS[state] ?? 'it does not take its words'} (SQLSTATE ${state})`;
}

/**
 * Makes an object in the shadow. The session's search path begins there, and the words name what they need without a
 * schema; what they belong to must be the shadow's, or they would change something that is none of ours.
 */
export async function makeObject(session: Session, hash: string, object: NativeObject): Promise<MadeObject> {
  const shadow = shadowSchema(hash);
  const unmade = async (reason: string): Promise<MadeObject> => {
    await session.rows(`INSERT INTO ${unmadeTable(hash)} (name) VALUES ($1) ON CONFLICT DO NOTHING`, [nameOf(object)]);
    return { made: false, reason };
  };
  if (object.relation !== undefined && !(await isFoundIn(session, shadow, object.relation)))
    return unmade(`${object.relation} is not there`);
  try {
    await inTransaction(session, async () => {
      await session.run('SET LOCAL check_function_bodies = off');
      for (const statement of object.statements) await session.one(statement);
      await session.rows(`DELETE FROM ${unmadeTable(hash)} WHERE name = $1`, [nameOf(object)]);
    });
  } catch (error) {
    if (!isServerError(error)) throw error;
    // All of it was made at once, before.
    if (SAME.some((state) => state === error.code)) return { made: true };
    if (!/^(?:0A|0L|22|23|42|54|P0)/.test(error.code)) throw error;
    return unmade(refusalText(error.code));
  }
  return { made: true };
}

const SAME = [SQLSTATE.duplicateObject, SQLSTATE.duplicateFunction, SQLSTATE.duplicateTable];

/** Does the search path find the shadow's own under this name? */
export async function isFoundIn(session: Session, shadow: string, relation: string): Promise<boolean> {
  const [row] = await session.rows(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = pg_catalog.to_regclass($1)`,
    [quoted(relation)],
  );
  return row?.['schema'] === shadow;
}

/** Triggers and rules begin to fire, and row level security to hold, as in the source; in the promotion's transaction. */
export async function finishObjects(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  const finishing = (mapping.objects ?? []).filter(({ promoted }) => promoted !== undefined);
  if (finishing.length === 0) return;
  const rows = await session.rows(`SELECT name FROM ${unmadeTable(hash)}`);
  const unmade = new Set(rows.map((row) => row['name'] ?? ''));
  for (const object of finishing) {
    const { relation = '', promoted = '' } = object;
    if (unmade.has(nameOf(object))) continue;
    await session.one(`ALTER TABLE ${qualified(shadowSchema(hash), relation)} ${promotedSql(promoted)}`);
  }
}

export function promotedSql(promoted: string): string {
  if (PROMOTED.test(promoted)) return promoted;
  throw refusedPart('use the action', promoted, 'promotion does no such thing');
}

function nameOf({ kind, name }: NativeObject): string {
  return `${kind} ${name}`;
}

function unmadeTable(hash: string): string {
  return `${quoted(sidecarSchema(hash))}.unmade`;
}
