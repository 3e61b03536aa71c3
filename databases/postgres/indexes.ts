import { CaravanFailure } from '../../contracts/failures.js';
import { hashOfSchema, sidecarSchema } from '../../contracts/names.js';
import type { IndexMapping } from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import type { Session } from './connect.js';
import type { ExistingIndex } from './constraints.js';
import { sameNames } from './constraints.js';
import { factsOf, isServerError, SQLSTATE } from './errors.js';
import { finding } from './findings.js';
import { quoted } from './identifiers.js';
import { nativeIndexSql } from './native-ddl.js';
import { objectName } from './shadow-table.js';
import type { ShadowTable } from './shadow-table.js';
import { expressionSql } from './sql-guards.js';

/** What stands behind the table's name in CREATE INDEX. */
export function indexSql({ columns, method, where, definition }: IndexMapping): string {
  if (definition !== undefined) return `USING ${nativeIndexSql(definition)}`;
  const parts = columns.map((part) => {
    const what = 'column' in part ? quoted(part.column) : expressionSql(part.expression);
    return `${what}${part.descending ? ' DESC' : ''}`;
  });
  const predicate = where === undefined ? '' : ` WHERE ${expressionSql(where)}`;
  return `USING ${method ?? 'btree'} (${parts.join(', ')})${predicate}`;
}

/** Of an expression the place is compared, not its text: the server prints it in its own way. */
export function isSameIndex(there: ExistingIndex, index: IndexMapping): boolean {
  if (index.definition !== undefined) return there.unique === (index.unique === true);
  const wanted = index.columns.map((part) => `${'column' in part ? part.column : ''}${part.descending ? ' desc' : ''}`);
  return (
    sameNames(there.columns, wanted) &&
    there.method === (index.method ?? 'btree') &&
    there.unique === (index.unique === true) &&
    there.partial === (index.where !== undefined)
  );
}

/** Makes an index that is not there. One that the server cannot make is an open finding, not a failure. */
export async function addIndex(
  at: ShadowTable,
  index: IndexMapping,
  there: readonly ExistingIndex[],
): Promise<Finding[]> {
  const existing = there.find((candidate) => candidate.name === index.name);
  if (existing !== undefined && isSameIndex(existing, index)) return [];
  const unique = index.unique === true ? 'UNIQUE ' : '';
  try {
    await at.session.run(`CREATE ${unique}INDEX ${quoted(index.name)} ON ${at.sql} ${indexSql(index)}`);
    return [];
  } catch (error) {
    if (!isServerError(error)) throw error;
    if (error.code === SQLSTATE.uniqueViolation) throw violated(at, index, factsOf(error));
    const why = obstacleOf(error.code);
    if (why === undefined || index.unique === true) throw error;
    await at.session.rows(`INSERT INTO ${sidecarOf(at)}.unmade (name) VALUES ($1) ON CONFLICT DO NOTHING`, [
      index.name,
    ]);
    const detail = `Index "${index.name}" was not made: ${why}.`;
    return [finding('structure_differs', `${objectName(at.table)}.${index.name}`, { count: 1, detail })];
  }
}

/** Names of indexes that could not be made. */
export async function unmadeIn(session: Session, sidecar: string): Promise<ReadonlySet<string>> {
  const rows = await session.rows(`SELECT name FROM ${quoted(sidecar)}.unmade`);
  return new Set(rows.map((row) => row['name'] ?? ''));
}

function sidecarOf({ shadow }: ShadowTable): string {
  return quoted(sidecarSchema(hashOfSchema(shadow) ?? ''));
}

function obstacleOf(sqlstate: string): string | undefined {
  if (sqlstate === SQLSTATE.programLimit) return 'a value is longer than the server can index';
  if (sqlstate === SQLSTATE.invalidDefinition) return 'its expression may change its value';
  return sqlstate.startsWith('22') ? 'its expression fails on a value' : undefined;
}

function violated(at: ShadowTable, index: IndexMapping, facts: CaravanFailure['facts']): CaravanFailure {
  return new CaravanFailure('KEY_VIOLATED', {
    attempted: 'add the unique index',
    on: index.name,
    seen: 'what it holds occurs more than once',
    facts: { ...facts, table: at.table.target.name, constraint: index.name },
  });
}
