import type { ColumnMapping, TableMapping } from '../../../../contracts/mapping.js';
import { quotedName } from '../../../kora/behaviour/literals.js';

/** A statement as each side is told it. */
export interface Change {
  readonly source: string;
  readonly target: string;
}

/** Statements that are made one after the other, and taken back together. */
export type Changes = readonly Change[];

/** A table with what changes of it need: a key of one whole number, some rows, and numbers that are free. */
export interface Ground {
  readonly table: TableMapping;
  readonly key: ColumnMapping;
  /** Keys of rows, the first first. */
  readonly rows: readonly string[];
  /** A key that no row has. */
  readonly free: bigint;
}

const UPDATES_MAX = 24;
type Side = 'source' | 'target';

/** The table's key where it is one whole number. */
export function keyOf(table: TableMapping): ColumnMapping | undefined {
  const [name, ...more] = table.primaryKey?.columns ?? [];
  if (name === undefined || more.length > 0) return undefined;
  return table.columns.find(({ target, kind }) => target === name && kind === 'integer');
}

/** What is tried for a trigger of this event; empty where no row is there, or none can be made. */
export function changesFor(event: 'INSERT' | 'UPDATE' | 'DELETE', ground: Ground): Changes[] {
  const copies = ground.rows.map((row) => copyOf(ground, row, 'same'));
  const [first] = ground.rows;
  if (first === undefined) return [];
  const varied = (['null', 'other'] as const).map((how) => copyOf(ground, first, how));
  if (event === 'INSERT') return [...copies, ...varied].flatMap((copy) => (copy ? [[copy]] : []));
  const [copy] = copies;
  if (event === 'DELETE') {
    const own = ground.rows.map((row) => [deleted(ground, row)]);
    return [...(copy ? [[copy, deleted(ground, String(ground.free))]] : []), ...own];
  }
  const moved = copy ? [[copy, updated(ground, [String(ground.free)], ground.key, String(ground.free + 1n))]] : [];
  return [...moved, ...updates(ground)];
}

function name(column: ColumnMapping, side: Side): string {
  return quotedName(column[side], side === 'source' ? 'mysql' : 'postgres');
}

function tableName({ table }: Ground, side: Side): string {
  return side === 'source' ? quotedName(table.source.name, 'mysql') : quotedName(table.target.name, 'postgres');
}

function both(make: (side: Side) => string): Change {
  return { source: make('source'), target: make('target') };
}

/** A new row like one that is there, with keys of its own; with NULL, or with other values, wherever that may be. */
function copyOf(ground: Ground, row: string, how: 'same' | 'null' | 'other'): Change | undefined {
  const { table, key, free } = ground;
  const columns = table.columns.filter(({ generated }) => generated === undefined);
  const referring = new Set(table.foreignKeys.flatMap((each) => each.columns));
  const owned = new Map<ColumnMapping, (side: Side) => string>();
  for (const unique of table.uniqueKeys) {
    const fit = columns.find(
      ({ target, kind }) =>
        unique.columns.includes(target) && !referring.has(target) && ['integer', 'text', 'timestamp'].includes(kind),
    );
    const value = fit && ownValue(fit, free);
    if (fit === undefined || value === undefined) return undefined;
    owned.set(fit, value);
  }
  const isFree = (column: ColumnMapping): boolean =>
    !table.uniqueKeys.some((unique) => unique.columns.includes(column.target)) && !referring.has(column.target);
  const valueOf = (column: ColumnMapping, side: Side): string => {
    if (column === key) return String(free);
    if (how === 'null' && isNullable(column) && isFree(column)) return 'NULL';
    const changed = how === 'other' && isFree(column) ? other(column) : undefined;
    return (owned.get(column) ?? changed)?.(side) ?? name(column, side);
  };
  return both((side) => {
    const list = columns.map((column) => name(column, side)).join(', ');
    const values = columns.map((column) => valueOf(column, side)).join(', ');
    const from = tableName(ground, side);
    return `INSERT INTO ${from} (${list}) SELECT ${values} FROM ${from} WHERE ${name(key, side)} = ${row}`;
  });
}

function isNullable({ sourceNullable, nullable }: ColumnMapping): boolean {
  return sourceNullable && nullable;
}

/** A value that no other row has. */
function ownValue(column: ColumnMapping, free: bigint): ((side: Side) => string) | undefined {
  if (column.kind === 'integer') return () => String(free);
  if (column.kind === 'timestamp') return (side) => later(column, side, 20_000);
  return column.kind === 'text' ? (side) => prefixed(column, side, `q${String(free)}`) : undefined;
}

function prefixed(column: ColumnMapping, side: Side, prefix: string): string {
  const own = name(column, side);
  const joined = side === 'source' ? `CONCAT('${prefix}', ${own})` : `('${prefix}' || ${own})`;
  const { maxCharacters } = column.limits;
  return maxCharacters === undefined ? joined : `LEFT(${joined}, ${String(maxCharacters)})`;
}

function later(column: ColumnMapping, side: Side, days: number): string {
  const interval = side === 'source' ? `${String(days)} DAY` : `'${String(days)} days'`;
  return `${name(column, side)} + INTERVAL ${interval}`;
}

/** Another value for a column, from the one that it has. */
function other(column: ColumnMapping): ((side: Side) => string) | undefined {
  switch (column.kind) {
    case 'integer':
    case 'decimal':
      return (side) => `${name(column, side)} + 1`;
    case 'text':
      return (side) => prefixed(column, side, 'q');
    case 'boolean':
      return (side) => `NOT ${name(column, side)}`;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return (side) => later(column, side, 1);
    default:
      return undefined;
  }
}

function updates(ground: Ground): Changes[] {
  const { table, key, rows } = ground;
  const clock = new Set(table.onUpdate?.columns ?? []);
  const referring = new Set(table.foreignKeys.flatMap((each) => each.columns));
  const free = table.columns.filter(
    (column) => column !== key && column.generated === undefined && !clock.has(column.target),
  );
  const [first = ''] = rows;
  const last = rows.at(-1) ?? first;
  const single = free.flatMap((column): Changes[] => {
    const changed = referring.has(column.target) ? undefined : other(column);
    const nothing = isNullable(column) ? [[updated(ground, [first], column, 'NULL')]] : [];
    const told = changed === undefined ? [] : [[updated(ground, [last], column, changed)]];
    // From NULL to a value, and to the value that it has.
    const back = column.kind === 'text' && isNullable(column) ? [[updated(ground, [first], column, "'q'")]] : [];
    return [...told, ...nothing, ...back];
  });
  const same = free.slice(0, 1).map((column) => [updated(ground, [first], column, (side) => name(column, side))]);
  const many = free.flatMap((column) => {
    const changed = referring.has(column.target) ? undefined : other(column);
    return changed === undefined ? [] : [[updated(ground, rows, column, changed)]];
  });
  return [...same, ...many.slice(0, 2), ...single].slice(0, UPDATES_MAX);
}

function updated(
  ground: Ground,
  rows: readonly string[],
  column: ColumnMapping,
  value: string | ((side: Side) => string),
): Change {
  return both((side) => {
    const told = typeof value === 'string' ? value : value(side);
    return `UPDATE ${tableName(ground, side)} SET ${name(column, side)} = ${told} WHERE ${name(ground.key, side)} IN (${rows.join(', ')})`;
  });
}

function deleted(ground: Ground, row: string): Change {
  return both((side) => `DELETE FROM ${tableName(ground, side)} WHERE ${name(ground.key, side)} = ${row}`);
}
