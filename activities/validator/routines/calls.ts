import type { RoutineMapping } from '../../../contracts/mapping.js';
import type { Asking } from '../../../databases/asking.js';
import { quotedName } from '../../kora/behaviour/literals.js';

/** Calls of one function at most. */
export const CALLS_MAX = 48;
/** Rows that values of the data are taken from, and how many of their values. */
const ROWS = 2000;
const VALUES = 12;
const SECONDS = 10;

type Argument = RoutineMapping['arguments'][number];
/** A value as text, or NULL. */
export type Value = string | null;

/** At the edges of what types hold, and where rules change. */
const EDGES: Readonly<Record<string, readonly Value[]>> = {
  integer: [null, '0', '1', '-1', '2', '100', '127', '128', '255', '256', '32768', '2147483647', '-2147483648'],
  decimal: [null, '0', '1', '-1', '0.005', '-0.005', '2.5', '99.99', '1000000'],
  float: [null, '0', '1', '-1', '0.5', '1e10'],
  boolean: [null, '0', '1'],
  text: [null, '', 'a', 'A', ' a ', '0', "it's", 'Ünï', '12ab'],
  date: [null, '1970-01-01', '2000-02-29', '2024-12-31', '2038-01-19'],
  timestamp: [null, '1970-01-01 00:00:00', '2000-02-29 23:59:59', '2024-12-31 12:00:00', '2038-01-19 03:14:08'],
};

/**
 * Argument lists to try a function with: values of the data, those of one row together where they are of one table, then
 * each argument at its edges with the others as in the data. Undefined: an argument has a type without known values.
 */
export async function callsOf(routine: RoutineMapping, target: Asking): Promise<Value[][] | undefined> {
  const args = routine.arguments;
  if (args.length === 0) return [[]];
  if (args.some(({ sort }) => EDGES[sort] === undefined)) return undefined;
  const rows = await sampledRows(args, target);
  const typical = rows[0] ?? args.map(({ sort }) => EDGES[sort]?.[2] ?? null);
  const edges = args.flatMap(({ sort }, at) =>
    (EDGES[sort] ?? []).map((edge) => typical.map((value, place) => (place === at ? edge : value))),
  );
  const first = args.map(({ sort }) => EDGES[sort]?.[1] ?? null);
  const all = [...rows, args.map(() => null), first, ...edges];
  const known = new Map(all.map((values) => [JSON.stringify(values), values]));
  return [...known.values()].slice(0, CALLS_MAX);
}

async function sampledRows(args: readonly Argument[], target: Asking): Promise<Value[][]> {
  const tables = [...new Set(args.flatMap(({ like }) => (like ? [like.table] : [])))];
  const found = new Map<string, readonly (readonly Value[])[]>();
  for (const table of tables) found.set(table, await readRows(target, table, columnsOf(args, table)));
  const least = Math.max(0, ...[...found.values()].map((rows) => rows.length));
  return Array.from({ length: least }, (_, row) =>
    args.map(({ like, sort }) => {
      const edges = EDGES[sort] ?? [];
      if (like === undefined) return edges[row % edges.length] ?? null;
      const rows = found.get(like.table) ?? [];
      return rows[row % Math.max(1, rows.length)]?.[columnsOf(args, like.table).indexOf(like.column)] ?? null;
    }),
  );
}

function columnsOf(args: readonly Argument[], table: string): string[] {
  return [...new Set(args.flatMap(({ like }) => (like?.table === table ? [like.column] : [])))];
}

/** From all over the first rows. */
async function readRows(target: Asking, table: string, columns: readonly string[]): Promise<(readonly Value[])[]> {
  const names = columns.map((column) => quotedName(column, 'postgres')).join(', ');
  const rows: (readonly Value[])[] = [];
  await target.ask({
    sql: `SELECT ${names} FROM ${quotedName(table, 'postgres')} LIMIT ${String(ROWS)}`,
    seconds: SECONDS,
    onColumns: () => undefined,
    onRow: (cells) => rows.push(cells),
  });
  const step = Math.max(1, Math.floor(rows.length / VALUES));
  return rows.filter((_, at) => at % step === 0).slice(0, VALUES);
}

/** A call on each side. */
export function callSql(
  { source, target, arguments: args }: RoutineMapping,
  values: readonly Value[],
): { readonly source: string; readonly target: string } {
  const mysql = values.map((value) => (value === null ? 'NULL' : mysqlText(value))).join(', ');
  const own = values.map((value, at) => targetValue(value, args[at]?.type ?? 'text')).join(', ');
  const name = `${quotedName(source.schema, 'mysql')}.${quotedName(source.name, 'mysql')}`;
  return { source: `SELECT ${name}(${mysql})`, target: `SELECT ${quotedName(target.name, 'postgres')}(${own})` };
}

export function mysqlText(value: string): string {
  if (/^-?\d+(?:\.\d+)?$/u.test(value)) return value;
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function targetValue(value: Value, type: string): string {
  return `CAST(${value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`} AS ${type})`;
}
