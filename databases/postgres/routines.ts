import { shadowSchema } from '../../contracts/names.js';
import type { MigrationMapping, RoutineMapping } from '../../contracts/mapping.js';
import type { MadeObject } from '../target.js';
import { extensionSchemas } from './ask.js';
import type { Session } from './connect.js';
import { isServerError } from './errors.js';
import { qualified, quoted } from './identifiers.js';
import { isFoundIn, refusalText } from './native-objects.js';
import { inTransaction } from './session-pool.js';

/**
 * Makes a function, a procedure or a trigger in the shadow; the server looks at its body. A trigger does not fire before the
 * promotion: rows that are repaired have what the source's own triggers made.
 */
export async function makeRoutine(session: Session, hash: string, routine: RoutineMapping): Promise<MadeObject> {
  const shadow = shadowSchema(hash);
  const { trigger } = routine;
  if (trigger && !(await isFoundIn(session, shadow, trigger.table)))
    return { made: false, reason: `${trigger.table} is not there` };
  try {
    await inTransaction(session, async () => {
      for (const statement of routine.statements) await session.one(statement);
      if (trigger) await session.one(actSql(shadow, trigger, 'DISABLE'));
    });
  } catch (error) {
    if (!isServerError(error) || !/^(?:0A|22|42)/.test(error.code)) throw error;
    return { made: false, reason: refusalText(error.code) };
  }
  return { made: true };
}

function actSql(
  schema: string,
  { table, name }: { readonly table: string; readonly name: string },
  act: string,
): string {
  return `ALTER TABLE ${qualified(schema, table)} ${act} TRIGGER ${quoted(name)}`;
}

/** Triggers before functions, the last first. */
export async function dropRoutines(session: Session, hash: string, routines: readonly RoutineMapping[]): Promise<void> {
  const shadow = shadowSchema(hash);
  for (const { trigger } of routines) {
    if (trigger)
      await session.run(`DROP TRIGGER IF EXISTS ${quoted(trigger.name)} ON ${qualified(shadow, trigger.table)}`);
  }
  for (const { target } of routines.toReversed())
    await session.run(`DROP ROUTINE IF EXISTS ${qualified(shadow, target.name)} RESTRICT`);
}

/**
 * In the promotion's transaction: whoever calls a routine of the plan, it finds the tables beside it, as in the source; and
 * its triggers begin to fire. What was not proven is not there any more.
 */
export async function finishRoutines(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  const { routines = [], targetSchema } = mapping;
  if (routines.length === 0) return;
  const shadow = shadowSchema(hash);
  const path = [...new Set([targetSchema, ...(await extensionSchemas(session)), 'pg_temp'])].map(quoted).join(', ');
  const made = await session.rows(
    `SELECT p.proname AS name, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS called
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = $1 AND p.proname = ANY($2::text[])`,
    [shadow, routines.map(({ target }) => target.name)],
  );
  for (const { called } of made) await session.one(`ALTER ROUTINE ${called ?? ''} SET search_path = ${path}`);
  const there = await session.rows(
    `SELECT t.tgname AS name, c.relname AS relation FROM pg_catalog.pg_trigger t
       JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND NOT t.tgisinternal`,
    [shadow],
  );
  for (const { trigger } of routines) {
    if (!trigger || !there.some(({ name, relation }) => name === trigger.name && relation === trigger.table)) continue;
    await session.one(actSql(shadow, trigger, 'ENABLE'));
  }
}
