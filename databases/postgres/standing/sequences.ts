import type { ColumnMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { qualified, quoted } from '../identifiers.js';
import { nextBehind } from '../native-ddl.js';

/** Sequences that a column owns, or that its default asks. */
const COUNTERS = `
  SELECT DISTINCT a.attname AS column_name, pg_catalog.format('%I.%I', n.nspname, s.relname) AS sequence, q.seqmin::text AS min,
         q.seqmax::text AS max, q.seqincrement::text AS increment
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
    JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
         AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
      OR d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_class s ON s.relkind = 'S'
         AND s.oid = CASE d.classid WHEN 'pg_catalog.pg_class'::regclass THEN d.objid ELSE d.refobjid END
    JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
   WHERE a.attrelid = $1::regclass AND a.attnum > 0 ORDER BY 1, 2`;

interface Counter {
  readonly sequence: string;
  readonly min: bigint;
  readonly max: bigint;
  readonly increment: bigint;
}

/**
 * Puts each sequence of a table's columns behind their values, behind what the source has given out, and never back.
 * RESTART, and not setval: it is undone with the transaction.
 */
export async function advanceSequences(session: Session, table: TableMapping): Promise<void> {
  const own = qualified(table.target.schema, table.target.name);
  for (const row of await session.rows(COUNTERS, [own])) {
    const column = table.columns.find(({ target }) => target === row['column_name']);
    if (column === undefined || !isNumber(column)) continue;
    await advance(session, own, column, {
      sequence: row['sequence'] ?? '',
      min: BigInt(row['min'] ?? 1),
      max: BigInt(row['max'] ?? 1),
      increment: BigInt(row['increment'] ?? 1),
    });
  }
}

function isNumber({ kind, type }: ColumnMapping): boolean {
  return (
    kind === 'integer' || kind === 'decimal' || (kind === 'native' && /^(?:smallint|integer|bigint|numeric)/.test(type))
  );
}

async function advance(session: Session, own: string, column: ColumnMapping, counter: Counter): Promise<void> {
  const { sequence, min, max, increment } = counter;
  const up = increment > 0n;
  const name = quoted(column.target);
  const [state] = await session.rows(
    `SELECT s.last_value::text AS last, s.is_called, (SELECT pg_catalog.trunc(${up ? 'max' : 'min'}(${name})::numeric)::text FROM ${own}) AS extreme
       FROM ${sequence} AS s`,
  );
  const here = BigInt(state?.['last'] ?? 1) + (state?.['is_called'] === 't' ? increment : 0n);
  const given = BigInt(column.identity?.next ?? here);
  const extreme = state?.['extreme'] ?? null;
  const next = nextBehind(up && given > here ? given : here, increment, extreme === null ? undefined : BigInt(extreme));
  if (next === here) return;
  if (next >= min && next <= max) {
    await session.run(`ALTER SEQUENCE ${sequence} RESTART WITH ${String(next)}`);
    return;
  }
  // Used up: the next value is refused by the server, as the source would refuse it.
  await session.run(
    `ALTER SEQUENCE ${sequence} RESTART WITH ${String(up ? max : min)}; SELECT pg_catalog.nextval('${sequence.replaceAll("'", "''")}')`,
  );
}
