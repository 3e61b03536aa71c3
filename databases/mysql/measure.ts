import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { measureBy, quantityOf, wholeText, type Aggregate, type TableMeasures } from '../measures/measures.js';
import { daysOf, microsecondsOf } from '../measures/times.js';
import type { MysqlSession, TextRow } from './connect.js';
import { quoteName, quoteTable, quoteText, rangeClause } from './sql.js';

/**
 * Aggregates over all rows that the plan moves. What of a column's type is not held in the form that its kind has (a
 * date in a text) has its NULLs counted, and no more.
 */
export async function measureTable(session: MysqlSession, table: TableMapping): Promise<TableMeasures> {
  const { source } = table;
  const attempt = { attempted: 'measure', on: `${source.schema}.${source.name}` };
  const declared = await typesOf(session, table);
  const aggregates = table.columns.flatMap((column, at) => aggregatesOf(column, at, declared.get(column.source)));
  return measureBy(aggregates, table.columns.length, async (list) => {
    const named = list.replace('AS "rows"', 'AS `rows`');
    const [row] = await session.query(`SELECT ${named} FROM ${quoteTable(source)}${rangeClause(table, {})}`, attempt);
    return row ?? {};
  });
}

type Types = ReadonlyMap<string, TextRow>;

/** By session and schema, and then by table: to ask for each table by itself takes longer than to measure a small one. */
const known = new WeakMap<MysqlSession, Map<string, Promise<ReadonlyMap<string, Types>>>>();

async function typesOf(session: MysqlSession, { source }: TableMapping): Promise<Types> {
  const schemas = known.get(session) ?? new Map<string, Promise<ReadonlyMap<string, Types>>>();
  known.set(session, schemas);
  const asked = schemas.get(source.schema) ?? typesIn(session, source.schema);
  schemas.set(source.schema, asked);
  try {
    return (await asked).get(source.name) ?? new Map<string, TextRow>();
  } catch (error) {
    schemas.delete(source.schema);
    throw error;
  }
}

async function typesIn(session: MysqlSession, schema: string): Promise<ReadonlyMap<string, Types>> {
  const rows = await session.query(
    `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS name, DATA_TYPE AS base, NUMERIC_PRECISION AS digits,
       NUMERIC_SCALE AS scale, CHARACTER_SET_NAME AS charset
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${quoteText(schema)}`,
    { attempted: 'read the columns of', on: schema },
  );
  const tables = Map.groupBy(rows, (row) => row['table'] ?? '');
  return new Map([...tables].map(([table, columns]) => [table, new Map(columns.map((row) => [row.name ?? '', row]))]));
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year', 'bit']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set']);
const BINARY = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
/** Digits that the server's decimals have at most, and of their fraction. */
const DIGITS_MAX = 65;
const SCALE_MAX = 30;
/** Digits by which the sum of many is longer than each. */
const SUM_DIGITS = 20;

function aggregatesOf(column: ColumnMapping, at: number, declared: TextRow | undefined): Aggregate[] {
  const name = quoteName(column.source);
  const base = (declared?.base ?? '').toLowerCase();
  const measure = (wanted: Aggregate['measure'], sql: string): Aggregate => ({ column: at, measure: wanted, sql });
  const present = measure('present', `COUNT(${name})`);
  const moments = (value: string): Aggregate[] => [
    present,
    measure('sum', `SUM(${value})`),
    measure('min', `MIN(${value})`),
    measure('max', `MAX(${value})`),
  ];
  const times = (value: string, of: (text: string) => number): Aggregate[] => [
    present,
    measure('sum', `SUM(${value})`),
    { ...measure('min', `MIN(${name})`), read: wholeText(of) },
    { ...measure('max', `MAX(${name})`), read: wholeText(of) },
  ];
  switch (quantityOf(column)) {
    case 'number':
      return numberMoments({ name, base, declared, moments, measure }) ?? [present];
    case 'float': {
      if (base !== 'float' && base !== 'double') return [present];
      return [...moments(`${name} * 1e0`), measure('sizes', `SUM(ABS(${name} * 1e0))`)];
    }
    case 'days':
      return base === 'date' ? times(`TO_DAYS(${name}) - 719528`, daysOf) : [present];
    case 'microseconds':
      if (base === 'datetime' || base === 'timestamp')
        return times(`TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ${name})`, microsecondsOf);
      return base === 'time' && column.kind === 'time' ? times(clockMicroseconds(name), microsecondsOf) : [present];
    case 'characters':
      return TEXTS.has(base)
        ? [
            present,
            measure('sum', `SUM(CHAR_LENGTH(${name}))`),
            measure('bytes', `SUM(LENGTH(${asUtf8(name, declared)}))`),
          ]
        : [present];
    case 'bytes':
      return BINARY.has(base) ? moments(`LENGTH(${name})`) : [present];
    case undefined:
      return [present];
  }
}

/** Part by part: TIME_TO_SEC keeps the fraction in MariaDB, and drops it in MySQL. */
function clockMicroseconds(name: string): string {
  return `((HOUR(${name}) * 60 + MINUTE(${name})) * 60 + SECOND(${name})) * 1000000 + MICROSECOND(${name})`;
}

/** Its UTF-8, which most columns hold as they are. */
function asUtf8(name: string, declared: TextRow | undefined): string {
  return /^(?:utf8|ascii)/.test(declared?.charset ?? '') ? name : `CONVERT(${name} USING utf8mb4)`;
}

interface NumberParts {
  readonly name: string;
  readonly base: string;
  readonly declared: TextRow | undefined;
  readonly moments: (value: string) => Aggregate[];
  readonly measure: (wanted: Aggregate['measure'], sql: string) => Aggregate;
}

/** Undefined where the column holds no numbers. */
function numberMoments({ name, base, declared, moments, measure }: NumberParts): Aggregate[] | undefined {
  if (INTEGERS.has(base)) {
    const value = base === 'bit' || base === 'year' ? `(${name} + 0)` : name;
    // Up to four bytes the square has eight: whole numbers are multiplied faster than decimals.
    const factor = base === 'bigint' || base === 'bit' ? `CAST(${value} AS DECIMAL(20, 0))` : value;
    const signed = base.endsWith('int') && base !== 'bigint' ? `CAST(${value} AS SIGNED)` : factor;
    return [...moments(value), measure('squares', `SUM(${signed} * ${value})`)];
  }
  if (base !== 'decimal') return undefined;
  const [digits, scale] = [Number(declared?.digits), Number(declared?.scale)];
  const isExact = 2 * digits + SUM_DIGITS <= DIGITS_MAX && 2 * scale <= SCALE_MAX;
  return [...moments(name), ...(isExact ? [measure('squares', `SUM(${name} * ${name})`)] : [])];
}
