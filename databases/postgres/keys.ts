import { backendPrefix } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { KeyMapping } from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import type { TargetNames } from '../target.js';
import { addChecks } from './checks.js';
import { constraintsIn, indexesIn, sameNames } from './constraints.js';
import type { ExistingConstraint, ExistingIndex } from './constraints.js';
import { targetColumn } from './ddl.js';
import { factsOf, isServerError, SQLSTATE } from './errors.js';
import { plainColumns } from './generated.js';
import { syncIdentity } from './identity.js';
import { addIndex } from './indexes.js';
import { literal, qualified, quoted, quotedList } from './identifiers.js';
import { constraintSql } from './native-ddl.js';
import { keepNotNull } from './not-null.js';
import { addOnUpdate } from './on-update.js';
import type { ShadowTable } from './shadow-table.js';
import { expressionSql } from './sql-guards.js';

/** `application_name` of the backend that builds the keys of a table; a new attempt ends the older one by it. */
export function keysApplication(names: TargetNames, table: number): string {
  return `${backendPrefix(names.hash)}${table}/keys`;
}

/** Keys, indexes, defaults, identity, checks, NOT NULL, the trigger of ON UPDATE, comments and statistics of a table. Each part is skipped when it is there. */
export async function buildKeys(at: ShadowTable): Promise<{ keys: number; indexes: number; findings: Finding[] }> {
  const { session, shadow, table } = at;
  const constraints = (await constraintsIn(session, shadow, table.target.name)).get(table.target.name) ?? [];
  const indexes = await dropInvalid(
    at,
    (await indexesIn(session, shadow, table.target.name)).get(table.target.name) ?? [],
  );
  if (table.primaryKey !== undefined) await addKey(at, { key: table.primaryKey, kind: 'p', constraints });
  for (const key of table.uniqueKeys) await addKey(at, { key, kind: 'u', constraints });
  await addExclusions(at, constraints);
  const findings: Finding[] = await plainColumns(at);
  for (const index of table.indexes) findings.push(...(await addIndex(at, index, indexes)));
  await setDefaults(at);
  await syncIdentity(at);
  findings.push(...(await addChecks(at, constraints)));
  findings.push(...(await keepNotNull(at)));
  await addOnUpdate(at);
  await comment(at);
  await session.run(`ANALYZE ${at.sql}`);
  const keys = table.uniqueKeys.length + (table.primaryKey === undefined ? 0 : 1);
  return { keys, indexes: table.indexes.length, findings };
}

/** An interrupted concurrent build leaves these; ours are not concurrent, but whoever mended by hand may have. */
async function dropInvalid(at: ShadowTable, indexes: readonly ExistingIndex[]): Promise<ExistingIndex[]> {
  for (const index of indexes) {
    if (!index.valid && !index.constraint) await at.session.run(`DROP INDEX ${qualified(at.shadow, index.name)}`);
  }
  return indexes.filter((index) => index.valid || index.constraint);
}

async function addKey(
  at: ShadowTable,
  wanted: { key: KeyMapping; kind: 'p' | 'u'; constraints: readonly ExistingConstraint[] },
): Promise<void> {
  const { key, kind, constraints } = wanted;
  const there = constraints.find((constraint) => constraint.name === key.name);
  if (there?.kind === kind && sameNames(there.columns, key.columns)) return;
  for (const column of key.columns) targetColumn(at.table, column);
  const what = kind === 'p' ? 'PRIMARY KEY' : 'UNIQUE';
  try {
    const words = key.definition === undefined ? `${what} (${quotedList(key.columns)})` : constraintSql(key.definition);
    await at.session.run(`ALTER TABLE ${at.sql} ADD CONSTRAINT ${quoted(key.name)} ${words}`);
  } catch (error) {
    const violated = [SQLSTATE.uniqueViolation, SQLSTATE.notNullViolation, SQLSTATE.programLimit];
    if (!isServerError(error) || !violated.some((state) => state === error.code)) throw error;
    throw await keyViolated(at, key, { ...factsOf(error), table: at.table.target.name, constraint: key.name });
  }
}

async function addExclusions(at: ShadowTable, constraints: readonly ExistingConstraint[]): Promise<void> {
  for (const key of at.table.exclusions ?? []) {
    if (constraints.some((constraint) => constraint.kind === 'x' && constraint.name === key.name)) continue;
    await at.session.run(`ALTER TABLE ${at.sql} ADD CONSTRAINT ${quoted(key.name)} ${constraintSql(key.definition)}`);
  }
}

async function keyViolated(at: ShadowTable, key: KeyMapping, facts: CaravanFailure['facts']): Promise<CaravanFailure> {
  const columns = key.columns.map(quoted);
  const present = columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
  const [row] = await at.session.rows(
    `SELECT (SELECT count(*) FROM (SELECT 1 FROM ${at.sql} WHERE ${present} GROUP BY ${columns.join(', ')} HAVING count(*) > 1) AS d) AS duplicates,
            (SELECT count(*) FROM ${at.sql} WHERE NOT (${present})) AS nulls`,
  );
  const seen =
    facts.sqlstate === SQLSTATE.uniqueViolation
      ? `${row?.['duplicates'] ?? '?'} keys occur more than once`
      : facts.sqlstate === SQLSTATE.notNullViolation
        ? `${row?.['nulls'] ?? '?'} rows have NULL in the key`
        : 'a key is longer than the server can index';
  const next = `Repair the named rows in the source. ${seeing(at, columns, facts)}`.trimEnd();
  return new CaravanFailure('KEY_VIOLATED', { attempted: 'add the key', on: key.name, seen, next, facts });
}

/** Values stay out of messages: whoever may read the rows sees them, with their bytes, while the migration waits. */
function seeing(at: ShadowTable, columns: readonly string[], { sqlstate }: CaravanFailure['facts']): string {
  if (sqlstate !== SQLSTATE.uniqueViolation) return '';
  const key = columns.join(', ');
  const bytes = columns.map((column) => `encode(convert_to(${column}::text, 'UTF8'), 'hex')`).join(', ');
  return `See them in the target while the migration waits: SELECT *, ${bytes} FROM ${at.sql} WHERE (${key}) IN (SELECT ${key} FROM ${at.sql} GROUP BY ${key} HAVING count(*) > 1) ORDER BY ${key};`;
}

async function setDefaults(at: ShadowTable): Promise<void> {
  const parts = at.table.columns
    .filter((column) => column.default !== undefined && column.identity === undefined)
    .map((column) => `ALTER COLUMN ${quoted(column.target)} SET DEFAULT ${expressionSql(column.default ?? '')}`);
  if (parts.length > 0) await at.session.run(`ALTER TABLE ${at.sql} ${parts.join(', ')}`);
}

async function comment(at: ShadowTable): Promise<void> {
  const statements: string[] = [];
  if (at.table.comment !== undefined) statements.push(`COMMENT ON TABLE ${at.sql} IS ${literal(at.table.comment)}`);
  for (const column of at.table.columns) {
    if (column.comment === undefined) continue;
    statements.push(`COMMENT ON COLUMN ${at.sql}.${quoted(column.target)} IS ${literal(column.comment)}`);
  }
  if (statements.length > 0) await at.session.run(statements.join(';\n'));
}
