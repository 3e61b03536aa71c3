import { shadowSchema } from '../../contracts/names.js';
import { isNative } from '../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import type { RefusedColumn } from '../target.js';
import type { Session } from './connect.js';
import { isServerError } from './errors.js';
import { finding } from './findings.js';
import { literal, qualified, quoted } from './identifiers.js';
import { definitionPath } from './native-ddl.js';
import { objectName } from './shadow-table.js';
import type { ShadowTable } from './shadow-table.js';
import { expressionSql, typeSql } from './sql-guards.js';

/** Other chunks of the table may be at work for their time; the retry profile tries again after this. */
const LOCK_TIMEOUT = '30s';
const PROBE = 'caravan_probe';
/** The session's own schema for temporary things. */
const TEMPORARY = 'pg_temp';

export function generatedSql({ generated }: ColumnMapping): string {
  return generated === undefined ? '' : ` GENERATED ALWAYS AS ${expressionSql(generated)} STORED`;
}

export interface ComputedTask {
  readonly hash: string;
  readonly mapping: TableMapping;
  /** Generated columns become plain ones. */
  readonly plain: boolean;
}

/**
 * Columns of a chunk's table that the server reckons. The lock holds until the transaction ends, so that they stay
 * what they are while rows are written. With `plain` they become plain columns first, and keep the values they have.
 */
export async function computedColumns(session: Session, task: ComputedTask): Promise<ReadonlySet<string>> {
  if (!task.mapping.columns.some((column) => column.generated !== undefined)) return new Set();
  const table = qualified(shadowSchema(task.hash), task.mapping.target.name);
  await session.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await session.run(`LOCK TABLE ${table} IN ${task.plain ? 'ACCESS EXCLUSIVE' : 'ROW EXCLUSIVE'} MODE`);
  const names = await computedIn(session, table);
  if (!task.plain || names.size === 0) return names;
  const drops = [...names].map((name) => `ALTER COLUMN ${quoted(name)} DROP EXPRESSION`);
  await session.run(`ALTER TABLE ${table} ${drops.join(', ')}`);
  return new Set();
}

/** Columns that are plain although the plan generates them: open findings. */
export async function plainColumns(at: ShadowTable): Promise<Finding[]> {
  const planned = at.table.columns.filter((column) => column.generated !== undefined);
  if (planned.length === 0) return [];
  const computed = await computedIn(at.session, at.sql);
  return planned
    .filter((column) => !computed.has(column.target))
    .map(({ target }) => {
      const detail = `Column "${target}" is plain, with the source's values: its expression gives others, or fails.`;
      return finding('structure_differs', `${objectName(at.table)}.${target}`, { count: 1, detail });
    });
}

async function computedIn(session: Session, table: string): Promise<Set<string>> {
  const rows = await session.rows(
    `SELECT attname AS name FROM pg_catalog.pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated <> ''`,
    [table],
  );
  return new Set(rows.map((row) => row['name'] ?? ''));
}

/** Tries every generated column of the plan beside its table's others, on temporary tables that are rolled back. */
export async function refusedGenerated(session: Session, mapping: MigrationMapping): Promise<RefusedColumn[]> {
  // PostgreSQL's own expressions need no trial.
  const tables = mapping.tables.filter(
    (table) => !isNative(table) && table.columns.some((column) => column.generated !== undefined),
  );
  if (tables.length === 0) return [];
  const [login] = await session.rows(
    `SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') AS may`,
  );
  if (login?.['may'] !== 't') return tables.flatMap(untried);
  const refused: RefusedColumn[] = [];
  for (const table of tables) {
    await session.run('BEGIN');
    try {
      await makeProbe(session, table, mapping);
      for (const column of table.columns) {
        if (column.generated === undefined) continue;
        const reason = await refusalOf(session, column, mapping);
        if (reason !== undefined) refused.push({ table: table.target.name, column: column.target, reason });
      }
    } finally {
      await session.run('ROLLBACK');
    }
  }
  return refused;
}

/** What cannot be tried is not risked: the copy would fail on it. */
function untried({ target, columns }: TableMapping): RefusedColumn[] {
  const reason = 'the login may make no temporary table, in which its expression would be tried (GRANT TEMPORARY)';
  return columns
    .filter((column) => column.generated !== undefined)
    .map((column) => ({ table: target.name, column: column.target, reason }));
}

async function makeProbe(session: Session, table: TableMapping, mapping: MigrationMapping): Promise<void> {
  const path = await definitionPath(session, TEMPORARY, mapping.extensions);
  const used = mapping.types.filter((type) => table.columns.some((column) => column.type === type.name));
  const types = used.map(
    (type) => `CREATE TYPE ${qualified(TEMPORARY, type.name)} AS ENUM (${type.labels.map(literal).join(', ')})`,
  );
  const columns = table.columns
    .filter((column) => column.generated === undefined)
    .map((column) => `${quoted(column.target)} ${typeSql(column, mapping.types, TEMPORARY)}`);
  const create = `CREATE TEMPORARY TABLE ${qualified(TEMPORARY, PROBE)} (${columns.join(', ')})`;
  await session.run([`SET LOCAL search_path = ${path}`, ...types, create].join(';\n'));
}

/** The server's SQLSTATE tells: its texts may hold more than names. */
async function refusalOf(
  session: Session,
  column: ColumnMapping,
  mapping: MigrationMapping,
): Promise<string | undefined> {
  const type = typeSql(column, mapping.types, TEMPORARY);
  await session.run('SAVEPOINT probe');
  try {
    const add = `ADD COLUMN ${quoted(column.target)} ${type}${generatedSql(column)}`;
    await session.run(`ALTER TABLE ${qualified(TEMPORARY, PROBE)} ${add}; ROLLBACK TO SAVEPOINT probe`);
    return undefined;
  } catch (error) {
    if (!isServerError(error)) throw error;
    await session.run('ROLLBACK TO SAVEPOINT probe');
    return `PostgreSQL does not take its expression (SQLSTATE ${error.code})`;
  }
}
