import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { Session } from './connect.js';
import { literal, qualified, quoted } from './identifiers.js';
import type { ShadowTable } from './shadow-table.js';

/**
 * MySQL's ON UPDATE CURRENT_TIMESTAMP: a column gets the time of the statement when an update really changes the row,
 * and the update itself did not set the column to another value. The rows are compared as bytes, as MySQL does; what
 * the server generates is not known before the update. No schema is named: the function is promoted with its table.
 */
export function onUpdateBody(table: TableMapping): string {
  const touched = table.onUpdate?.columns ?? [];
  const compared = table.columns.filter((column) => column.generated === undefined);
  const row = (state: 'NEW' | 'OLD'): string =>
    `ROW(${compared.map((column) => `${state}.${quoted(column.target)}`).join(', ')})::record`;
  const changes = touched.map((target) => {
    const name = quoted(target);
    const clock = clockOf(table.columns.find((column) => column.target === target));
    return `    IF NEW.${name} IS NOT DISTINCT FROM OLD.${name} THEN NEW.${name} := ${clock}; END IF;`;
  });
  return [
    'BEGIN',
    `  IF ${row('NEW')} OPERATOR(pg_catalog.*<>) ${row('OLD')} THEN`,
    ...changes,
    '  END IF;',
    '  RETURN NEW;',
    'END',
  ].join('\n');
}

/** PostgreSQL rounds to a column's digits; MySQL's clock never runs ahead. */
function clockOf(column: ColumnMapping | undefined): string {
  const digits = Number(/\((\d)\)/.exec(column?.type ?? '')?.[1] ?? 6);
  const now = 'pg_catalog.statement_timestamp()';
  if (digits > 3) return now;
  return `pg_catalog.date_trunc('${digits === 0 ? 'second' : 'milliseconds'}', ${now})`;
}

/** Makes the function and its trigger; skipped where they are there. */
export async function addOnUpdate(at: ShadowTable): Promise<void> {
  const { session, shadow, table, sql } = at;
  if (table.onUpdate === undefined) return;
  const { name } = table.onUpdate;
  const callee = `${qualified(shadow, name)}()`;
  await session.run(
    `CREATE OR REPLACE FUNCTION ${callee} RETURNS trigger LANGUAGE plpgsql AS ${literal(onUpdateBody(table))}`,
  );
  const there = (await triggersIn(session, shadow)).get(table.target.name) ?? [];
  if (there.some((trigger) => trigger.name === name)) return;
  await session.run(`CREATE TRIGGER ${quoted(name)} BEFORE UPDATE ON ${sql} FOR EACH ROW EXECUTE FUNCTION ${callee}`);
}

export interface ExistingTrigger {
  readonly name: string;
  readonly function: string;
  readonly body: string;
  readonly enabled: boolean;
}

export function isOnUpdate(trigger: ExistingTrigger, table: TableMapping): boolean {
  const name = table.onUpdate?.name;
  return trigger.enabled && trigger.name === name && trigger.function === name && trigger.body === onUpdateBody(table);
}

/** Triggers of a schema's tables that the server did not make for a constraint, by table. */
export async function triggersIn(session: Session, schema: string): Promise<Map<string, ExistingTrigger[]>> {
  const rows = await session.rows(
    `SELECT c.relname AS table_name, t.tgname AS name, p.proname AS function, p.prosrc AS body, t.tgenabled AS enabled
       FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
      WHERE n.nspname = $1 AND NOT t.tgisinternal ORDER BY t.tgname`,
    [schema],
  );
  const triggers = new Map<string, ExistingTrigger[]>();
  for (const row of rows) {
    const table = row['table_name'] ?? '';
    const trigger = {
      name: row['name'] ?? '',
      function: row['function'] ?? '',
      body: row['body'] ?? '',
      enabled: row['enabled'] === 'O',
    };
    triggers.set(table, [...(triggers.get(table) ?? []), trigger]);
  }
  return triggers;
}
