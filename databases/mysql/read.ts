import type { FieldPacket } from 'mysql2';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { KeyRange, RowBatch } from '../source.js';
import type { MysqlSession } from './connect.js';
import type { Attempt } from './errors.js';
import { RowFeed } from './row-feed.js';
import { batchesOf } from './end-query.js';
import { labelOrNul, quoteName, quoteTable, rangeClause } from './sql.js';

/** Type numbers of the protocol that are not read as they are. */
const FLOAT = 4;
const DOUBLE = 5;
const BIT = 16;
const DECIMALS = new Set([0, 246]);
const ZEROFILL = 64;
const ENUM = 256;

/**
 * FLOAT and DOUBLE by a multiplication: FLOAT is printed with six digits only, and the product (unlike a sum) keeps
 * "-0". BIT as a decimal number; ZEROFILL (YEAR too) without its zeros. GEOMETRY as it is: its SRID, then its WKB.
 */
function expressionOf(column: string, field: FieldPacket | undefined, mapped?: ColumnMapping): string {
  const name = quoteName(column);
  const isEnum = field !== undefined && (Number(field.flags) & ENUM) !== 0;
  if (isEnum && mapped?.kind === 'enum' && mapped.limits.labels?.includes('') === true) return labelOrNul(name);
  if (field?.columnType === FLOAT || field?.columnType === DOUBLE) return `${name} * 1e0`;
  if (field?.columnType === BIT) return `${name} + 0`;
  const filled = field !== undefined && (Number(field.flags) & ZEROFILL) !== 0;
  // A sum of DECIMAL(65,30) would lose a digit; its zeros in front do no harm.
  return filled && !DECIMALS.has(field.columnType ?? 0) ? `${name} + 0` : name;
}

/** The SELECT of the copy: the mapping's columns in order, then the row key. */
async function selectOf(
  session: MysqlSession,
  table: TableMapping,
  attempt: Attempt,
): Promise<{ list: string; fields: number }> {
  const columns = [...table.columns.map((column) => column.source), ...(table.rowKey ?? [])];
  const probe = `SELECT ${columns.map(quoteName).join(', ')} FROM ${quoteTable(table.source)} LIMIT 0`;
  const fields = await session.fields(probe, attempt);
  return {
    list: columns.map((column, index) => expressionOf(column, fields[index], table.columns[index])).join(', '),
    fields: columns.length,
  };
}

export interface ReadRequest {
  readonly table: TableMapping;
  readonly range: KeyRange;
  readonly signal?: AbortSignal | undefined;
}

/** Rows of a key range as the source's own bytes. */
export async function* readRows(session: MysqlSession, request: ReadRequest): AsyncGenerator<RowBatch> {
  const { table, range, signal } = request;
  signal?.throwIfAborted();
  const attempt: Attempt = {
    attempted: 'read',
    on: `${table.source.schema}.${table.source.name}`,
    schema: table.source.schema,
    table: table.source.name,
  };
  const { list, fields } = await selectOf(session, table, attempt);
  const sql = `SELECT ${list} FROM ${quoteTable(table.source)}${rangeClause(table, range)}`;
  yield* readQuery(session, { sql, fields, attempt, signal });
}

/** Rows of a query as the source's own bytes. A consumer that has enough ends the query by leaving its loop. */
export function readQuery(
  session: MysqlSession,
  query: {
    readonly sql: string;
    readonly fields: number;
    readonly attempt: Attempt;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<RowBatch> {
  return batchesOf(session, () => new RowFeed(session, query), query.signal);
}
