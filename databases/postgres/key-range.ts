import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { KeyRange } from '../source.js';
import { targetColumn } from './ddl.js';
import { literal, quoted } from './identifiers.js';
import { typeSql } from './sql-guards.js';

/**
 * The rows of a half-open range of the chunk key, as a condition; undefined means the whole table. The bound's text
 * is cast to the column's own type, so that the comparison is the column's and can use its index. NULL belongs to
 * the first chunk.
 */
export function rangeCondition(table: TableMapping, range: KeyRange): string | undefined {
  const { lower, upper } = range;
  if (lower === undefined && upper === undefined) return undefined;
  const name = table.chunkKey?.target;
  if (name === undefined) {
    throw new CaravanFailure('INTERNAL', {
      attempted: 'select a range of',
      on: table.target.name,
      seen: 'the target has no column for the chunk key, so the table can only be read whole',
      facts: { table: table.target.name },
    });
  }
  const type = typeSql(targetColumn(table, name), [], '');
  const column = quoted(name);
  const below = upper === undefined ? undefined : `${column} < ${literal(upper)}::${type}`;
  if (lower === undefined) return `(${below ?? 'true'} OR ${column} IS NULL)`;
  const above = `${column} >= ${literal(lower)}::${type}`;
  return below === undefined ? above : `${above} AND ${below}`;
}
