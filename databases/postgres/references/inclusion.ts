import type { Inclusion, InclusionOptions, Reference } from '../../checked.js';
import { cutting } from '../../lent-sessions.js';
import type { Session } from '../connect.js';
import { isServerError } from '../errors.js';
import { qualified, quoted, quotedList } from '../identifiers.js';

/** A statement that took longer than it may. */
const CANCELLED = '57014';

/** Counts rows that refer to something, and those that refer to nothing; within its time, and in no transaction's way. */
export async function countInclusion(
  session: Session,
  { schema, reference }: { readonly schema: string; readonly reference: Reference },
  { rowsMax, seconds, signal }: InclusionOptions,
): Promise<Inclusion | undefined> {
  const sql = inclusionSql(schema, reference, rowsMax);
  return cutting(session, signal, async () => {
    // Alone it begins a transaction; in a snapshot's it keeps that alive when the time is over.
    const inside = await isInTransaction(session);
    await session.run(`${inside ? '' : 'BEGIN; '}SAVEPOINT caravan_inclusion`);
    try {
      await session.run(`SET LOCAL statement_timeout = ${String(Math.ceil(seconds * 1000))}`);
      const [row] = await session.rows(sql);
      return { rows: Number(row?.['rows']), orphans: Number(row?.['orphans']), distinct: Number(row?.['different']) };
    } catch (error) {
      if (isServerError(error) && error.code === CANCELLED) return undefined;
      throw error;
    } finally {
      if (!session.lost) await session.run(`ROLLBACK TO SAVEPOINT caravan_inclusion${inside ? '' : '; ROLLBACK'}`);
    }
  });
}

async function isInTransaction(session: Session): Promise<boolean> {
  const [row] = await session.rows(`SELECT current_setting('transaction_isolation') AS level`);
  return row?.['level'] === 'repeatable read';
}

function inclusionSql(schema: string, reference: Reference, rowsMax: number | undefined): string {
  const { table, columns, referenced, referencedColumns } = reference;
  const present = columns.map((column) => `${quoted(column)} IS NOT NULL`).join(' AND ');
  const limit = rowsMax === undefined ? '' : ` LIMIT ${String(rowsMax)}`;
  const values = `SELECT ${quotedList(columns)}, count(*) AS rows FROM (SELECT ${quotedList(columns)} FROM ${qualified(schema, table)} WHERE ${present}${limit}) AS chosen GROUP BY ${quotedList(columns)}`;
  const equal = columns
    .map((column, at) => `p.${quoted(referencedColumns[at] ?? '')} = c.${quoted(column)}`)
    .join(' AND ');
  return `SELECT coalesce(sum(c.rows), 0) AS rows, count(*) AS different,
            coalesce(sum(c.rows) FILTER (WHERE NOT EXISTS (SELECT FROM ${qualified(schema, referenced)} AS p WHERE ${equal})), 0) AS orphans
       FROM (${values}) AS c`;
}
