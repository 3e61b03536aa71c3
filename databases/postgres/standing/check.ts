import { CaravanFailure } from '../../../contracts/failures.js';
import type { MigrationMapping } from '../../../contracts/mapping.js';
import { columnProblems, misfits, unfilledProblems } from '../../standing.js';
import type { StandingTable } from '../../standing.js';
import type { Session } from '../connect.js';
import { qualified, quoted } from '../identifiers.js';
import { standingTables } from './tables.js';

const SHOWN = 20;

/**
 * Do the target's own tables stand as the plan says? With `fail` they must be empty; with `replace` no row of another
 * table may refer to theirs. All that is wrong of a kind is told at once.
 */
export async function checkStanding(
  session: Session,
  mapping: MigrationMapping,
  onExisting: 'fail' | 'replace',
): Promise<void> {
  const problems = standingProblems(mapping, await standingTables(session, mapping.targetSchema));
  if (problems.length > 0) throw misfits(mapping.targetSchema, problems);
  if (onExisting === 'replace') await refuseReferring(session, mapping);
  else await refuseRows(session, mapping);
}

/** Why the tables of the plan cannot take its rows; all of it. */
export function standingProblems(mapping: MigrationMapping, standing: readonly StandingTable[]): string[] {
  const byName = new Map(standing.map((table) => [table.name, table]));
  return mapping.tables.flatMap(({ target, columns }) => {
    const own = byName.get(target.name);
    if (own === undefined) return [`the target has no table "${target.name}"`];
    const filled = new Set(columns.map((column) => column.target));
    return [...unfilledProblems(own, filled), ...columnProblems(own, columns)];
  });
}

/** Names of the plan's own tables that hold rows. */
export async function filledTables(session: Session, mapping: MigrationMapping): Promise<string[]> {
  const filled: string[] = [];
  for (const { target } of mapping.tables) {
    const [row] = await session.rows(`SELECT EXISTS (SELECT FROM ${qualified(target.schema, target.name)}) AS filled`);
    if (row?.['filled'] === 't') filled.push(target.name);
  }
  return filled;
}

async function refuseRows(session: Session, mapping: MigrationMapping): Promise<void> {
  const filled = await filledTables(session, mapping);
  if (filled.length === 0) return;
  const more = filled.length > SHOWN ? ` and ${String(filled.length - SHOWN)} more` : '';
  throw new CaravanFailure('TARGET_CONFLICT', {
    attempted: 'put rows into the tables of the schema',
    on: mapping.targetSchema,
    seen: `there are rows already in ${filled.slice(0, SHOWN).join(', ')}${more}`,
    next: 'Exclude these tables, empty them, or use --on-existing replace.',
    facts: { schema: mapping.targetSchema, names: filled.slice(0, SHOWN) },
  });
}

/** Foreign keys of tables outside the plan to tables in it. */
export async function outerKeys(
  session: Session,
  mapping: MigrationMapping,
): Promise<{ readonly table: string; readonly columns: readonly string[] }[]> {
  const rows = await session.rows(
    `WITH own AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND c.relname = ANY($2::text[]))
     SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
            (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS columns
       FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE k.contype = 'f' AND k.confrelid IN (SELECT oid FROM own) AND k.conrelid NOT IN (SELECT oid FROM own)
      ORDER BY 1, k.conname`,
    [mapping.targetSchema, mapping.tables.map(({ target }) => target.name)],
  );
  return rows.map((row) => ({
    table: row['name'] ?? '',
    columns: JSON.parse(row['columns'] ?? '[]') as string[],
  }));
}

/** A row elsewhere that refers to one that goes would be orphaned, or deleted with it. */
async function refuseReferring(session: Session, mapping: MigrationMapping): Promise<void> {
  const names = new Set<string>();
  for (const { table, columns } of await outerKeys(session, mapping)) {
    const whole = columns.map((column) => `${quoted(column)} IS NOT NULL`).join(' AND ');
    const [row] = await session.rows(`SELECT EXISTS (SELECT FROM ${table} WHERE ${whole}) AS refers`);
    if (row?.['refers'] === 't') names.add(`table ${table}`);
  }
  if (names.size === 0) return;
  throw new CaravanFailure('TARGET_DEPENDENTS', {
    attempted: 'replace the rows in tables of the schema',
    on: mapping.targetSchema,
    seen: `rows outside the plan refer to them: ${[...names].slice(0, SHOWN).join(', ')}`,
    next: 'Include these tables, or delete the rows that refer.',
    facts: { schema: mapping.targetSchema, names: [...names].slice(0, SHOWN) },
  });
}
