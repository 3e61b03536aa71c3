import { sidecarSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TargetNames, ValidatorLedger } from '../target.js';
import type { Session } from './connect.js';
import { quoted } from './identifiers.js';
import { bytesOf, reading } from './ledger.js';
import { inTransaction } from './session-pool.js';
import type { SessionPool } from './session-pool.js';

/** Which validator a table's rows must pass, and which each chunk passed; in the sidecar of the target database. */
export function validatorLedger(pool: SessionPool, { hash: of }: TargetNames): ValidatorLedger {
  const sidecar = quoted(sidecarSchema(of));
  const within = <T>(attempted: string, on: string, work: (session: Session) => Promise<T>): Promise<T> =>
    reading({ attempted, on }, () => pool.use(work));
  return {
    want: (validators) =>
      within('set the validators of', `${String(validators.length)} tables`, (session) =>
        inTransaction(session, async () => {
          await session.rows(
            `INSERT INTO ${sidecar}.validator (hash, specification)
             SELECT DISTINCT ON (n.hash) n.hash, n.specification::bytea FROM unnest($1::text[], $2::text[]) AS n(hash, specification)
             ON CONFLICT (hash) DO NOTHING`,
            [validators.map(({ hash }) => hash), validators.map(({ specification }) => hex(specification))],
          );
          await session.rows(
            `UPDATE ${sidecar}.source_table AS t SET validator = n.hash
               FROM unnest($1::text[], $2::text[]) AS n(name, hash)
              WHERE t.source_table = n.name AND t.validator IS DISTINCT FROM n.hash`,
            [validators.map(({ table }) => table), validators.map(({ hash }) => hash)],
          );
        }),
      ),
    wanted: (table) =>
      within('read the validator of', table, async (session) => {
        const [row] = await session.rows(
          `SELECT v.hash, v.specification FROM ${sidecar}.source_table AS t
             JOIN ${sidecar}.validator AS v ON v.hash = t.validator WHERE t.source_table = $1`,
          [table],
        );
        return row === undefined
          ? undefined
          : { hash: row['hash'] ?? '', specification: bytesOf(row['specification']) };
      }),
    unchecked: () => within('count the unchecked chunks of', of, (session) => unchecked(session, of)),
    markChecked: ({ table, chunk, epoch }, hash) =>
      within('mark as checked', `${table} #${String(chunk)}`, async (session) => {
        const marked = await session.rows(
          `UPDATE ${sidecar}.chunk SET validator = $4
            WHERE source_table = $1 AND chunk = $2 AND epoch = $3 AND done RETURNING 1`,
          [table, chunk, epoch, hash],
        );
        return marked.length === 1;
      }),
  };
}

function hex(bytes: Buffer): string {
  return `\\x${bytes.toString('hex')}`;
}

async function unchecked(session: Session, hash: string): Promise<{ table: string; chunks: number }[]> {
  const sidecar = quoted(sidecarSchema(hash));
  const rows = await session.rows(
    `SELECT c.source_table AS table_name, count(*) AS chunks FROM ${sidecar}.chunk AS c
       JOIN ${sidecar}.source_table AS t ON t.source_table = c.source_table
      WHERE c.done AND (c.validator IS NULL OR c.validator IS DISTINCT FROM t.validator) GROUP BY 1 ORDER BY 1`,
  );
  return rows.map((row) => ({ table: row['table_name'] ?? '', chunks: Number(row['chunks']) }));
}

/**
 * In the promotion's transaction. A validator that comes later waits for its end: what is promoted passed the ones that
 * were wanted then.
 */
export async function refuseUnchecked(session: Session, hash: string): Promise<void> {
  await session.run(`LOCK TABLE ${quoted(sidecarSchema(hash))}.source_table IN SHARE MODE`);
  const tables = await unchecked(session, hash);
  const [first] = tables;
  if (first === undefined) return;
  const chunks = tables.reduce((sum, table) => sum + table.chunks, 0);
  throw new CaravanFailure('CHUNKS_UNCHECKED', {
    attempted: 'promote',
    on: first.table,
    seen: `${String(chunks)} chunk(s) of ${String(tables.length)} table(s) wait for KORA`,
    facts: { table: first.table },
  });
}
