import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { measureBy, quantityOf, wholeText, type Aggregate, type TableMeasures } from '../measures/measures.js';
import { daysOf, microsecondsOf, microsecondsOfSums } from '../measures/times.js';
import type { Session } from './connect.js';
import { quoted } from './identifiers.js';

/** What is measured: which table, by which of the mapping's names, and which of its rows. */
export interface MeasuredPlace {
  readonly from: string;
  readonly name: (column: ColumnMapping) => string;
  readonly where?: string;
}

/** Aggregates over all rows; sums of whole and decimal numbers are numeric, and exact. */
export function measureTable(session: Session, table: TableMapping, place: MeasuredPlace): Promise<TableMeasures> {
  const aggregates = table.columns.flatMap((column, at) => aggregatesOf(column, at, quoted(place.name(column))));
  return measureBy(aggregates, table.columns.length, async (list) => {
    const [row] = await session.rows(`SELECT ${list} FROM ${place.from}${place.where ?? ''}`);
    return row ?? {};
  });
}

function aggregatesOf(column: ColumnMapping, at: number, name: string): Aggregate[] {
  const present: Aggregate = { column: at, measure: 'present', sql: `count(${name})` };
  const measure = (wanted: Aggregate['measure'], sql: string): Aggregate => ({ column: at, measure: wanted, sql });
  const extremes = (value: string): Aggregate[] => [
    measure('min', `min(${value})::text`),
    measure('max', `max(${value})::text`),
  ];
  const times = (value: string, of: (text: string) => number): Aggregate[] =>
    extremes(value).map((extreme) => ({ ...extreme, read: wholeText(of) }));
  const sum = (value: string): Aggregate => measure('sum', `sum(${value})::text`);
  switch (quantityOf(column)) {
    case 'number': {
      const value = numberOf(column, name);
      return [present, sum(value), measure('squares', `sum(${squareOf(column, value)})::text`), ...extremes(value)];
    }
    case 'float': {
      const value = `${name}::float8`;
      return [present, sum(value), measure('sizes', `sum(abs(${value}))::text`), ...extremes(value)];
    }
    case 'days':
      return [present, sum(finite(column, name, `${name}::date - DATE '1970-01-01'`)), ...times(name, daysOf)];
    case 'microseconds':
      return [present, microsecondsSum(at, column, name), ...times(name, microsecondsOf)];
    case 'characters':
      return [present, sum(`length(${name}::text)`), measure('bytes', `sum(octet_length(${name}::text))::text`)];
    case 'bytes':
      return [present, sum(`octet_length(${name})`), ...extremes(`octet_length(${name})`)];
    case undefined:
      return [present];
  }
}

function isBoolean({ kind, type }: ColumnMapping): boolean {
  return kind === 'boolean' || type === 'boolean';
}

function numberOf(column: ColumnMapping, name: string): string {
  return isBoolean(column) ? `${name}::int` : name;
}

/** Whole numbers of four bytes have squares of eight: those are added up without numeric. */
function squareOf(column: ColumnMapping, value: string): string {
  const isSmall = isBoolean(column) || /^(?:smallint|integer|int|int[24])$/.test(column.type);
  return isSmall ? `${value}::bigint * ${value}` : `${value}::numeric * ${value}`;
}

/** An infinite day is none that could be added. Only PostgreSQL has one. */
function finite({ kind }: ColumnMapping, name: string, value: string): string {
  return kind === 'native' ? `CASE WHEN isfinite(${name}) THEN ${value} END` : value;
}

/** Days and clock times are added up apart: no floating point comes in between, and older servers extract a double. */
function microsecondsSum(at: number, column: ColumnMapping, name: string): Aggregate {
  const clock = (value: string): string => `sum(${value}::time - TIME '00:00')::text`;
  const moment = column.kind === 'timestamptz' || isZoned(column) ? `(${name} AT TIME ZONE 'UTC')` : name;
  const days = `sum(${finite(column, name, `${moment}::date - DATE '1970-01-01'`)})::text`;
  const sql = column.kind === 'time' ? `'0 ' || ${clock(name)}` : `${days} || ' ' || ${clock(moment)}`;
  const read = (text: string): string | undefined => {
    const [left = '', right = ''] = text.split(' ');
    return microsecondsOfSums(left, right);
  };
  return { column: at, measure: 'sum', sql, read };
}

function isZoned({ type }: ColumnMapping): boolean {
  return /^timestamptz|with time zone$/.test(type);
}
