import { qualified as sourcePath } from '../../contracts/catalogue.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import type { Session } from './connect.js';
import { finding } from './findings.js';
import { quoted } from './identifiers.js';
import type { ShadowTable } from './shadow-table.js';

/** NOT NULL in the source, and to be so here, where none of its values became NULL. */
export function isRelaxed({ relaxed, sourceNullable, nullable, generated }: ColumnMapping): boolean {
  return relaxed === true && !sourceNullable && nullable && generated === undefined;
}

/**
 * NOT NULL gave way to values without a faithful form that a plan reckoned with. Once all rows are there they say
 * themselves whether there were any: where not, NOT NULL is set, and what was found of it is repaired.
 */
export async function keepNotNull({ session, sql, table }: ShadowTable): Promise<Finding[]> {
  // A table whose rows come later keeps its place for them.
  const columns = table.rows === 'none' ? [] : table.columns.filter(isRelaxed);
  if (columns.length === 0) return [];
  const counts = columns.map(({ target }, at) => `count(*) - count(${quoted(target)}) AS nulls_${String(at)}`);
  const [row] = await session.rows(`SELECT ${counts.join(', ')} FROM ${sql}`);
  const seen = columns.map((column, at) => ({ column, nulls: Number(row?.[`nulls_${String(at)}`]) }));
  const whole = seen.filter(({ nulls }) => nulls === 0).map(({ column }) => alter(column, 'SET'));
  if (whole.length > 0) await session.run(`ALTER TABLE ${sql} ${whole.join(', ')}`);
  return seen.map(({ column, nulls }) => told(table, column, nulls));
}

/** Before rows are copied again: some of their values may become NULL this time. In the open transaction. */
export async function takeNull(session: Session, sql: string, table: TableMapping): Promise<void> {
  const relaxed = table.columns.filter(isRelaxed).map(({ target }) => target);
  if (relaxed.length === 0) return;
  const rows = await session.rows(
    `SELECT attname AS name FROM pg_catalog.pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull ORDER BY attnum`,
    [sql],
  );
  const strict = new Set(rows.map(({ name }) => name));
  const drops = relaxed.filter((target) => strict.has(target)).map((target) => alter({ target }, 'DROP'));
  if (drops.length > 0) await session.run(`ALTER TABLE ${sql} ${drops.join(', ')}`);
}

function alter({ target }: Pick<ColumnMapping, 'target'>, what: 'SET' | 'DROP'): string {
  return `ALTER COLUMN ${quoted(target)} ${what} NOT NULL`;
}

/** By the name that the plan's finding has. */
function told(table: TableMapping, column: ColumnMapping, nulls: number): Finding {
  const kept = nulls === 0;
  const detail = kept
    ? 'NOT NULL again: no value became NULL.'
    : `NOT NULL relaxed: ${String(nulls)} value(s) became NULL, kept in the value ledger.`;
  const path = `${sourcePath(table.source)}.${column.source}`;
  return { ...finding('not_null_relaxed', path, { count: nulls, detail }), disposition: kept ? 'repaired' : 'listed' };
}
