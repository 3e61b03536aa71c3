import { copiedColumns } from '../../../contracts/mapping.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import { keyExpression, scanExpression } from './scan-list.js';
import type { CanonicalBatch, KeyRange, RowBatch, Scanned, ScanOptions } from '../../source.js';
import type { Session } from '../connect.js';
import { copyBatches } from '../copy-out.js';
import { quotedList } from '../identifiers.js';
import { canonicalBatches } from '../scan.js';
import { sourceFailureOf } from './errors.js';
import { LineCollector, TupleCollector } from './line-batches.js';
import { rangeClause, sourceTable } from './range.js';

/** Rows of a key range in a form of COPY. */
export function readRows(
  session: Session,
  table: TableMapping,
  { range, form }: { readonly range: KeyRange; readonly form: 'binary' | 'text' },
): AsyncIterable<RowBatch> {
  const columns = quotedList(copiedColumns(table).map((column) => column.source));
  const query = `SELECT ${columns} FROM ${sourceTable(table)}${rangeClause(table, range)}`;
  const collector = form === 'binary' ? new TupleCollector() : new LineCollector();
  return failing(copyBatches(session, `COPY (${query}) TO STDOUT (FORMAT ${form})`, collector), 'read', table);
}

/** Rows of a key range in canonical form. */
export function scanCanonical(
  session: Session,
  table: Scanned,
  { range, options }: { readonly range: KeyRange; readonly options: ScanOptions },
): AsyncIterable<CanonicalBatch> {
  const keys = options.keys ? (table.rowKey ?? copiedColumns(table).map((column) => column.source)) : [];
  const list = [...keys.map(keyExpression), ...table.columns.map(scanExpression)];
  const from = table.query === undefined ? sourceTable(table) : `(${table.query}\n) AS materialized`;
  const query = `SELECT ${list.join(', ')} FROM ${from}${rangeClause(table, range)}`;
  const identity = !options.keys ? 'none' : table.rowKey === undefined ? 'row' : 'key';
  const shape = { fields: list.length, keyFields: keys.length, identity } as const;
  return failing(canonicalBatches(session, query, shape), 'prove', table);
}

async function* failing<T>(batches: AsyncIterable<T>, attempted: string, { source }: TableMapping): AsyncIterable<T> {
  try {
    yield* batches;
  } catch (error) {
    throw sourceFailureOf(error, { attempted, on: `${source.schema}.${source.name}` });
  }
}
