import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { measureBy, quantityOf, type Aggregate, type TableMeasures } from '../measures/measures.js';
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
    case 'days': {
      const value = `CASE WHEN isfinite(${name}) THEN ${name}::date - DATE '1970-01-01' END`;
      return [present, sum(value), ...extremes(value)];
    }
    case 'microseconds': {
      const value = microsecondsOf(column, name);
      return [present, sum(value), ...extremes(value)];
    }
    case 'characters': {
      const text = `${name}::text`;
      return [
        present,
        sum(`length(${text})`),
        ...extremes(`length(${text})`),
        measure('bytes', `sum(octet_length(${text}))::text`),
      ];
    }
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

/** Whole numbers, with no floating point in between: older servers extract a double. */
function microsecondsOf({ kind }: ColumnMapping, name: string): string {
  if (kind === 'time') {
    return `(extract(hour FROM ${name})::bigint * 60 + extract(minute FROM ${name})::bigint) * 60000000 + extract(microseconds FROM ${name})::bigint`;
  }
  const minutes = `extract(epoch FROM date_trunc('minute', ${name}))::bigint * 1000000`;
  return `CASE WHEN isfinite(${name}) THEN ${minutes} + extract(microseconds FROM ${name})::bigint END`;
}
