import { CaravanFailure } from '../../contracts/failures.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { plainEncoder, type CanonicalEncoder } from './canonical-values.js';
import { temporalEncoder, type TemporalBase, type TemporalKind } from './canonical-times.js';
import type { MysqlSession, ServerFacts, TextRow } from './connect.js';
import { sentForm, type SentForm } from '../sent-form.js';
import { labelOrNul, quoteName, quoteText } from './sql.js';

/**
 * The SELECT list of the proof. It shares nothing with the copy's: types come from information_schema and not from
 * the protocol, times are numbers, short binary is hexadecimal, texts are bytes converted in the query.
 */
export interface ScanColumn {
  readonly sql: string;
  readonly encode: CanonicalEncoder;
}

const TEMPORAL = new Set(['date', 'datetime', 'timestamp', 'time']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set']);
/** Texts that are shorter than any limit on what a server's function gives. */
const CONCATENATED = new Set(['char', 'varchar', 'tinytext', 'text']);
const BINARY = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const FLOATS = new Set(['float', 'double']);
/** HEX doubles a value, and what is greater than max_allowed_packet becomes NULL: long binary stays as it is. */
const SHORT_BINARY = new Set(['binary', 'varbinary', 'tinyblob', 'vector']);
const TEMPORAL_KINDS = new Set(['date', 'timestamp', 'timestamptz', 'time', 'interval']);

function asBytes(name: string, base: string, charset: string | null): string {
  if (FLOATS.has(base)) return `1e0 * ${name}`;
  if (BINARY.has(base)) return name;
  if (base === 'json') return `CAST(CAST(${name} AS CHAR CHARACTER SET utf8mb4) AS BINARY)`;
  if (!TEXTS.has(base)) return `CAST(${name} AS CHAR)`;
  if (charset === 'utf8mb4' || charset === 'utf8mb3' || charset === 'utf8' || charset === 'ascii') {
    return base === 'enum' || base === 'set' ? `CAST(${name} AS CHAR)` : `CAST(${name} AS BINARY)`;
  }
  return `CAST(CONVERT(${name} USING utf8mb4) AS BINARY)`;
}

/**
 * The SRID in front of the server's own WKB. MySQL 8 turns coordinates to the order that the SRID says, unless told
 * otherwise; others know one order only.
 */
function placeExpression(name: string, { engine, number }: ServerFacts): string {
  const order = engine === 'mysql' && number >= 80_000 ? `, 'axis-order=long-lat'` : '';
  return `CONCAT(UNHEX(LPAD(HEX(ST_SRID(${name})), 8, '0')), ST_AsWKB(${name}${order}))`;
}

interface Declared {
  readonly base: string;
  readonly charset: string | null;
}

function expressionOf(column: ColumnMapping, { base, charset }: Declared, facts: ServerFacts): string {
  const name = quoteName(column.source);
  if (column.kind === 'geometry') return placeExpression(name, facts);
  if (column.kind === 'inet') return `HEX(INET6_ATON(${name}))`;
  if (TEMPORAL.has(base) && TEMPORAL_KINDS.has(column.kind)) return `${name} + 0`;
  if (base === 'bit') return column.kind === 'bit' ? `BIN(${name} + 0)` : `${name} + 0`;
  if (column.kind === 'enum' && base === 'enum') return `CONCAT(IF(${name} + 0 = 0, '!', '='), ${name})`;
  if (column.kind === 'enum') return `CONCAT('=', ${name})`;
  if (column.kind === 'uuid') return BINARY.has(base) ? `HEX(${name})` : `CAST(${name} AS CHAR)`;
  if (column.kind === 'bytes' && SHORT_BINARY.has(base)) return `HEX(${name})`;
  return asBytes(name, base, charset);
}

/** The key in the plain form that the copy gives: decimal digits for BIT, no zeros in front, all digits of FLOAT. */
function keyExpression(source: string, base: string, declared: string): string {
  const name = quoteName(source);
  if (FLOATS.has(base)) return `1e0 * ${name}`;
  if (base === 'bit' || base === 'year') return `0 + ${name}`;
  return /zerofill/i.test(declared) && base !== 'decimal' ? `0 + ${name}` : name;
}

/** A column as a part of what tells rows apart that have no key: as the copy gives it, by the labels of the plan. */
function contentOf({ source, kind, limits }: ColumnMapping, base: string, keyOf: (column: string) => string): string {
  const hasEmpty = kind === 'enum' && base === 'enum' && limits.labels?.includes('') === true;
  return hasEmpty ? labelOrNul(quoteName(source)) : keyOf(source);
}

function isTemporalKind(kind: ColumnMapping['kind']): kind is TemporalKind {
  return TEMPORAL_KINDS.has(kind);
}

function encoderOf(column: ColumnMapping, base: string): CanonicalEncoder {
  if (isTemporalKind(column.kind)) {
    return temporalEncoder(column.kind, TEMPORAL.has(base) ? (base as TemporalBase) : undefined);
  }
  const encoder = plainEncoder(column, { hex: SHORT_BINARY.has(base) });
  if (!encoder) {
    throw new CaravanFailure('INTERNAL', {
      attempted: 'prove',
      on: column.source,
      seen: `no canonical form for ${column.kind}`,
    });
  }
  return encoder;
}

async function typeRows(session: MysqlSession, table: TableMapping): Promise<Map<string, TextRow>> {
  const rows = await session.query(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS base, COLUMN_TYPE AS declared, CHARACTER_SET_NAME AS charset
     FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = ${quoteText(table.source.schema)} AND TABLE_NAME = ${quoteText(table.source.name)}`,
    { attempted: 'read the columns of', on: table.source.name },
  );
  return new Map(rows.map((row) => [row.name ?? '', row]));
}

type TypeOf = (column: string) => { readonly base: string; readonly declared: string; readonly charset: string | null };

/** What the catalogue says of the table's columns now. */
async function typesOf(session: MysqlSession, table: TableMapping): Promise<TypeOf> {
  const types = await typeRows(session, table);
  return (column) => {
    const row = types.get(column);
    if (!row) {
      throw new CaravanFailure('SCHEMA_DRIFT', {
        attempted: 'prove',
        on: `${table.source.schema}.${table.source.name}`,
        seen: `no column "${column}"`,
        facts: { schema: table.source.schema, table: table.source.name, column },
      });
    }
    return {
      base: (row.base ?? '').toLowerCase(),
      declared: row.declared ?? '',
      charset: row.charset ?? null,
    };
  };
}

export interface ScanSelect {
  readonly columns: readonly ScanColumn[];
  /** Expressions of what tells rows apart: of the row key, or of all columns where there is none. */
  readonly keys: readonly string[];
  readonly keyed: boolean;
}

export async function scanSelect(session: MysqlSession, table: TableMapping): Promise<ScanSelect> {
  const typeOf = await typesOf(session, table);
  const keyOf = (column: string): string => {
    const { base, declared } = typeOf(column);
    return keyExpression(column, base, declared);
  };
  return {
    columns: table.columns.map((column) => {
      const declared = typeOf(column.source);
      const sql = expressionOf(column, declared, session.facts);
      return { sql, encode: encoderOf(column, declared.base) };
    }),
    keyed: table.rowKey !== undefined,
    keys:
      table.rowKey?.map(keyOf) ?? table.columns.map((column) => contentOf(column, typeOf(column.source).base, keyOf)),
  };
}

/** A column as the binary protocol is asked for it. */
export interface SentColumn {
  readonly sql: string;
  readonly form: SentForm;
  /** Of a column whose form is the canonical one. */
  readonly encode: CanonicalEncoder | 'as it is' | 'label';
}

/** Forms that take the type's own value, by the types that have it. */
const OWN_FORMS: Readonly<Partial<Record<SentForm['as'], ReadonlySet<string>>>> = {
  integer: new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year']),
  boolean: new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'bit']),
  numeric: new Set(['decimal']),
  float8: FLOATS,
  float4: FLOATS,
  date: new Set(['date']),
  moment: new Set(['datetime', 'timestamp']),
};

/** The list of a proof in the form in which the target sends values; undefined where a column has no way into it. */
export async function sentSelect(session: MysqlSession, table: TableMapping): Promise<SentColumn[] | undefined> {
  const typeOf = await typesOf(session, table);
  const columns: SentColumn[] = [];
  for (const column of table.columns) {
    const sent = sentColumn(column, typeOf(column.source), session.facts);
    if (sent === undefined) return undefined;
    columns.push(sent);
  }
  return columns;
}

function sentColumn(column: ColumnMapping, declared: Declared, facts: ServerFacts): SentColumn | undefined {
  const form = sentForm(column);
  const { base } = declared;
  const name = quoteName(column.source);
  if (form.as === 'canonical') {
    const text = plainText(column, declared);
    if (text !== undefined) return { form, sql: `CONCAT(${name})`, encode: text };
    const encode = encoderOf(column, base);
    // The text of a number is not what the binary protocol gives.
    return base === 'time' || base === 'bit' ? undefined : { form, sql: expressionOf(column, declared, facts), encode };
  }
  if (OWN_FORMS[form.as]?.has(base) !== true) return undefined;
  if (FLOATS.has(base)) return { form, sql: `1e0 * ${name}`, encode: 'as it is' };
  // A sum of DECIMAL(65,30) would lose a digit.
  const isWhole = !TEMPORAL.has(base) && base !== 'decimal';
  return { form, sql: isWhole ? `${name} + 0` : name, encode: 'as it is' };
}

/** A text that the target can hold as it is; what is no such text it holds otherwise, so that it differs there. */
function plainText({ kind, limits }: ColumnMapping, { base, charset }: Declared): 'as it is' | 'label' | undefined {
  if (charset !== 'utf8mb4') return undefined;
  if (kind === 'enum') return base === 'enum' && limits.labels?.includes('') === false ? 'label' : undefined;
  return kind === 'text' && CONCATENATED.has(base) ? 'as it is' : undefined;
}
