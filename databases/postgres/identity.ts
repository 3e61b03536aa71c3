import { isNative } from '../../contracts/mapping.js';
import type { ColumnMapping } from '../../contracts/mapping.js';
import { qualified, quoted } from './identifiers.js';
import { nextBehind, sequenceOptionsSql, setvalSql } from './native-ddl.js';
import type { ShadowTable } from './shadow-table.js';

/**
 * Makes identity columns and puts each sequence at the greater of the plan's next value and max + 1: a value that was
 * given once is never given again. Runs again at promotion, because a repair may have brought greater values.
 */
export async function syncIdentity(at: ShadowTable): Promise<void> {
  for (const column of at.table.columns) {
    if (column.identity !== undefined) await syncColumn(at, column, column.identity);
    else if (column.default !== undefined && isNative(at.table)) await syncOwned(at, column);
  }
}

async function syncColumn(
  at: ShadowTable,
  column: ColumnMapping,
  identity: NonNullable<ColumnMapping['identity']>,
): Promise<void> {
  const { session, sql } = at;
  const name = quoted(column.target);
  const [there] = await session.rows(
    `SELECT attidentity FROM pg_catalog.pg_attribute WHERE attrelid = $1::regclass AND attname = $2 AND NOT attisdropped`,
    [sql, column.target],
  );
  if (there?.['attidentity'] === '') {
    const notNull = column.nullable ? `ALTER TABLE ${sql} ALTER COLUMN ${name} SET NOT NULL; ` : '';
    const { sequence } = identity;
    const options =
      sequence === undefined
        ? ''
        : ` (SEQUENCE NAME ${qualified(at.shadow, sequence.name)} ${sequenceOptionsSql(sequence)})`;
    const when = identity.always === true ? 'ALWAYS' : 'BY DEFAULT';
    await session.run(`${notNull}ALTER TABLE ${sql} ALTER COLUMN ${name} ADD GENERATED ${when} AS IDENTITY${options}`);
  }
  await syncSequence(at, column, BigInt(identity.next));
}

/** The sequence that a column owns without being an identity column; where it stands was set when it was made. */
async function syncOwned(at: ShadowTable, column: ColumnMapping): Promise<void> {
  if (/^(?:smallint|integer|bigint)$/.test(column.type)) await syncSequence(at, column, undefined);
}

/** `leastNext` absent: from where the sequence stands. */
async function syncSequence(at: ShadowTable, column: ColumnMapping, leastNext: bigint | undefined): Promise<void> {
  const { session, sql } = at;
  const name = quoted(column.target);
  const [row] = await session.rows(
    `SELECT pg_catalog.pg_get_serial_sequence($1, $2) AS sequence, max(${name})::text AS greatest, min(${name})::text AS least FROM ${sql}`,
    [sql, column.target],
  );
  const sequence = row?.['sequence'] ?? '';
  if (sequence === '') return;
  const [limits] = await session.rows(
    `SELECT seqmax::text AS max, seqmin::text AS min, seqincrement::text AS increment, seqstart::text AS start, is_called, last_value::text AS last
       FROM pg_catalog.pg_sequence, ${sequence} WHERE seqrelid = $1::regclass`,
    [sequence],
  );
  const increment = BigInt(limits?.['increment'] ?? 1);
  const here = BigInt(limits?.['last'] ?? 1) + (limits?.['is_called'] === 't' ? increment : 0n);
  const extreme = row?.[increment > 0n ? 'greatest' : 'least'] ?? null;
  const least = leastNext ?? here;
  const behind = nextBehind(least, increment, extreme === null ? undefined : BigInt(extreme));
  const min = limits?.['min'] ?? '1';
  const next = increment > 0n && behind < BigInt(min) ? BigInt(min) : behind;
  // Used up: the next value is refused by the server, as the source would refuse it.
  const steps = isNative(at.table) && { start: limits?.['start'] ?? '1', increment: String(increment) };
  await session.run(`SELECT ${setvalSql(sequence, String(next), { min, max: limits?.['max'] ?? min, ...steps })}`);
}
