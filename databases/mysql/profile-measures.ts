import type { CatalogueColumn } from '../../contracts/catalogue.js';
import type { OddValue, Shape } from '../../contracts/profile.js';
import { quoteName } from './sql.js';

/** One aggregate of one column; `name` says where its result goes. */
export interface Measure {
  readonly name: string;
  readonly sql: string;
}

export type Family = 'number' | 'moment' | 'time' | 'text' | 'label' | 'binary' | 'document' | 'other';

const FAMILIES: Readonly<Record<string, Family>> = Object.fromEntries([
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year', 'bit', 'decimal', 'float', 'double'].map((base) => [
    base,
    'number',
  ]),
  ...['date', 'datetime', 'timestamp'].map((base) => [base, 'moment']),
  ['time', 'time'],
  ...['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'].map((base) => [base, 'text']),
  ...['enum', 'set'].map((base) => [base, 'label']),
  ...['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'].map((base) => [base, 'binary']),
  ['json', 'document'],
]) as Record<string, Family>;

export function familyOf(column: CatalogueColumn): Family {
  return FAMILIES[column.type.base] ?? 'other';
}

const LONG = new Set(['tinytext', 'text', 'mediumtext', 'longtext', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
/** Character sets in which every character holds zero bytes. */
const WIDE = new Set(['ucs2', 'utf16', 'utf16le', 'utf32']);

function odd(cause: OddValue, condition: string): Measure {
  return { name: `odd.${cause}`, sql: `SUM(${condition})` };
}

function numberMeasures(column: CatalogueColumn, name: string): Measure[] {
  const { base, length } = column.type;
  const value =
    base === 'float' || base === 'double' ? `${name} * 1e0` : base === 'bit' || base === 'year' ? `${name} + 0` : name;
  return [
    { name: 'min', sql: `MIN(${value})` },
    { name: 'max', sql: `MAX(${value})` },
    { name: 'mean', sql: `AVG(${value})` },
    { name: 'variance', sql: `VAR_POP(${value})` },
    ...(base === 'tinyint' && length === 1 ? [odd('not_a_boolean', `${name} NOT IN (0, 1)`)] : []),
  ];
}

function momentMeasures(name: string): Measure[] {
  const impossible = `${name} + 0 <> 0 AND (MONTH(${name}) = 0 OR DAYOFMONTH(${name}) = 0 OR LAST_DAY(${name}) IS NULL)`;
  return [
    { name: 'min', sql: `MIN(${name})` },
    { name: 'max', sql: `MAX(${name})` },
    odd('zero_date', `${name} + 0 = 0`),
    odd('impossible_date', impossible),
    odd('out_of_range', `${name} + 0 <> 0 AND YEAR(${name}) = 0 AND NOT (${impossible})`),
  ];
}

function lengths(length: string): Measure[] {
  return [
    { name: 'minLength', sql: `MIN(${length})` },
    { name: 'maxLength', sql: `MAX(${length})` },
    { name: 'averageLength', sql: `AVG(${length})` },
  ];
}

function textMeasures(column: CatalogueColumn, name: string): Measure[] {
  const extreme = LONG.has(column.type.base) ? `LEFT(${name}, 255)` : name;
  const bytes = WIDE.has(column.charset ?? '')
    ? `CAST(CONVERT(${name} USING utf8mb4) AS BINARY)`
    : `CAST(${name} AS BINARY)`;
  return [
    { name: 'min', sql: `MIN(${extreme})` },
    { name: 'max', sql: `MAX(${extreme})` },
    ...lengths(`CHAR_LENGTH(${name})`),
    odd('nul_character', `LOCATE(x'00', ${bytes}) > 0`),
  ];
}

/**
 * The value 0 of an ENUM, which stands for what was no label, by its text: a sample that is a UNION gives texts, which
 * have no numbers. Where the empty text is a label, it is read as that.
 */
function badLabels({ type }: CatalogueColumn, name: string): Measure[] {
  const holdsNone = type.base === 'enum' && type.labels?.includes('') !== true;
  return holdsNone ? [odd('bad_label', `LENGTH(${name}) = 0`)] : [];
}

/** Exact facts of a column: one pass over all rows that are looked at. */
export function wholeMeasures(column: CatalogueColumn): Measure[] {
  const name = quoteName(column.name);
  const present = { name: 'present', sql: `COUNT(${name})` };
  switch (familyOf(column)) {
    case 'number':
      return [present, ...numberMeasures(column, name)];
    case 'moment':
      return [present, ...momentMeasures(name)];
    case 'time':
      return [
        present,
        { name: 'min', sql: `MIN(${name})` },
        { name: 'max', sql: `MAX(${name})` },
        odd('out_of_range', `${name} + 0 < 0 OR ${name} + 0 >= 240000`),
      ];
    case 'text':
      return [present, ...textMeasures(column, name)];
    case 'label':
      return [
        present,
        { name: 'min', sql: `MIN(CONCAT(${name}))` },
        { name: 'max', sql: `MAX(CONCAT(${name}))` },
        ...badLabels(column, name),
      ];
    case 'binary':
      return [present, ...lengths(`LENGTH(${name})`)];
    default:
      return [present];
  }
}

/**
 * Costly facts of texts: Latin-1 bytes of the text that are valid UTF-8 again say that it was encoded twice; bytes that
 * do not survive a conversion to UTF-8 were never valid.
 */
function encodingMeasures(column: CatalogueColumn, name: string): Measure[] {
  const text = `CONVERT(${name} USING utf8mb4)`;
  const latin = `CONVERT(${text} USING latin1)`;
  const bytes = `CAST(${latin} AS BINARY)`;
  const beyondAscii = `LENGTH(${text}) <> CHAR_LENGTH(${text})`;
  const survives = `CAST(CONVERT(${latin} USING utf8mb4) AS BINARY) = CAST(${text} AS BINARY)`;
  const twice = `CAST(CONVERT(${bytes} USING utf8mb4) AS BINARY) = ${bytes}`;
  const raw = `CAST(${name} AS BINARY)`;
  const unicode = column.charset === 'utf8mb4' || column.charset === 'utf8mb3' || column.charset === 'utf8';
  return [
    odd('mojibake', `${beyondAscii} AND ${survives} AND ${twice}`),
    ...(unicode ? [odd('invalid_utf8', `NOT (CAST(CONVERT(${raw} USING utf8mb4) AS BINARY) <=> ${raw})`)] : []),
  ];
}

/** Encodings of texts: from at most some ten thousand rows. */
export function sampledMeasures(column: CatalogueColumn): Measure[] {
  return familyOf(column) === 'text' ? encodingMeasures(column, quoteName(column.name)) : [];
}

/** Patterns that Spencer's (MySQL 5.7), ICU's (8) and PCRE's (MariaDB) regular expressions read alike. */
const PATTERNS: Readonly<Partial<Record<Shape, string>>> = {
  email: '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$',
  url: '^[a-zA-Z][a-zA-Z0-9+.-]*://[^[:space:]]+$',
  phone: '^[+(]?[0-9][0-9 ()./-]{5,18}[0-9]$',
  date: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  timestamp: '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9:]+)?$',
  integer: '^[+-]?[0-9]+$',
  decimal: '^[+-]?[0-9]*[.][0-9]+$',
  uuid: '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$',
};

/** A longer text has none of the shapes: no pattern is tried on megabytes. */
const SHAPED_BYTES = 16_384;

const FLAGS = ['0', '1', 'y', 'n', 't', 'f', 'yes', 'no', 'on', 'off', 'true', 'false']
  .map((flag) => `'${flag}'`)
  .join(', ');

/** Shares of values with a known shape: from at most some thousand rows. */
export function shapeMeasures(column: CatalogueColumn, knowsJson: boolean): Measure[] {
  const name = quoteName(column.name);
  const { base, scale } = column.type;
  const family = familyOf(column);
  if (family === 'number' && base !== 'float' && base !== 'double' && !scale) {
    return [{ name: 'shape.flag', sql: `AVG(${name} IN (0, 1))` }];
  }
  if (family !== 'text') return [];
  const text = `CONVERT(${name} USING utf8mb4)`;
  const isShort = `LENGTH(${name}) <= ${String(SHAPED_BYTES)}`;
  const measures = Object.entries(PATTERNS).map(([shape, pattern]) => ({
    name: `shape.${shape}`,
    sql: `AVG(${isShort} AND ${text} REGEXP '${pattern}')`,
  }));
  measures.push({ name: 'shape.flag', sql: `AVG(${isShort} AND LOWER(${text}) IN (${FLAGS}))` });
  if (knowsJson)
    measures.push({ name: 'shape.json', sql: `AVG(LEFT(LTRIM(${text}), 1) IN ('{', '[') AND JSON_VALID(${text}))` });
  return measures;
}
