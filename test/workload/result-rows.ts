import type { WorkloadQuery } from '../../contracts/workload.js';

type Row = readonly unknown[];

/** Rows of either side in one form: as a list where the order is fixed, else sorted; floats to six digits. */
export function comparableRows(rows: readonly Row[], query: WorkloadQuery): string[] {
  const texts = rows.map((row) => JSON.stringify(row.map((value, at) => plain(value, query, at))));
  return query.orderBy.fixed === 'total' ? texts : texts.toSorted();
}

function plain(value: unknown, { lists = [] }: WorkloadQuery, at: number): unknown {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  // Both sessions are in UTC, and only PostgreSQL says so.
  const text = said(value).replace(/^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\+00$/u, '$1');
  if (text === 't' || text === 'f') return text === 't' ? 1 : 0;
  const list = lists.find(({ output }) => output === at);
  if (list) return text.split(list.separator).toSorted();
  // An array of the target is a SET of the source.
  if (/^\{.*\}$/u.test(text)) return text.slice(1, -1).replaceAll('"', '');
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/iu.test(text) ? Number(Number(text).toPrecision(6)) : text;
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
