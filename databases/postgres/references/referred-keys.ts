import type { Reference, ReferredKeys } from '../../checked.js';
import type { Session } from '../connect.js';
import { qualified, quoted } from '../identifiers.js';

/** Rows that keys are chosen among. */
const LOOKED_AT = 2000;

/** Keys that rows refer to and that are there, chosen by hash: the same ones in every try. */
export async function referredKeys(
  session: Session,
  { schema, reference }: { readonly schema: string; readonly reference: Reference },
  most: number,
): Promise<ReferredKeys> {
  const { table, columns, referenced, referencedColumns } = reference;
  const list = columns.map((column, at) => `c.${quoted(column)}::text AS v${String(at)}`).join(', ');
  const present = columns.map((column) => `c.${quoted(column)} IS NOT NULL`).join(' AND ');
  const equal = columns
    .map((column, at) => `p.${quoted(referencedColumns[at] ?? '')} = c.${quoted(column)}`)
    .join(' AND ');
  const values = columns.map((_, at) => `v${String(at)}`).join(', ');
  const rows = await session.rows(
    `SELECT ${values} FROM (SELECT DISTINCT ${list} FROM (SELECT * FROM ${qualified(schema, table)} AS c WHERE ${present} LIMIT ${String(LOOKED_AT)}) AS c
        JOIN ${qualified(schema, referenced)} AS p ON ${equal}) AS keys
      ORDER BY md5(concat_ws(',', ${values})), ${values} LIMIT ${String(most)}`,
  );
  const keys = rows.map((row) => columns.map((_, at) => row[`v${String(at)}`] ?? ''));
  const [only] = referencedColumns;
  if (referencedColumns.length !== 1 || only === undefined || !keys.flat().every((key) => /^-?\d+$/.test(key)))
    return { keys };
  const [row] = await session.rows(
    // Below the others where it can be: a key above them would move on what MySQL counts by, and that is not taken back.
    `SELECT (CASE WHEN min(k) > 0 THEN min(k) - 1 ELSE max(k) + 1 END)::text AS free
       FROM (SELECT ${quoted(only)}::numeric AS k FROM ${qualified(schema, referenced)}) AS keys`,
  );
  return { keys, ...(row?.['free'] && { free: row['free'] }) };
}
