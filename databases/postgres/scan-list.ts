import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { sentForm } from '../sent-form.js';
import { quoted } from './identifiers.js';
import { nativeForm, nativeKey } from './native-forms.js';

/**
 * The SELECT list of the proof: expressions whose binary form is the canonical form, so that a row of COPY's binary
 * format (each field a 4-byte length, 0xFFFFFFFF for NULL, and bytes) is a canonical row as it stands.
 */
export function canonicalExpression(column: ColumnMapping): string {
  const name = quoted(column.target);
  switch (column.kind) {
    case 'integer':
      return isInteger(column.type) ? `${name}::text` : `trim_scale(${name}::numeric)::text`;
    case 'decimal':
      return `trim_scale(${name}::numeric)::text`;
    case 'float8':
      return `CASE WHEN ${name}::float8 = 'NaN' THEN 'NaN'::float8 ELSE ${name}::float8 END`;
    case 'float4':
      return `CASE WHEN ${name}::float4 = 'NaN' THEN 'NaN'::float4 ELSE ${name}::float4 END`;
    case 'boolean':
      return `CASE ${name} WHEN true THEN '1' WHEN false THEN '0' END`;
    case 'text':
    case 'enum':
    case 'json':
    case 'bit':
      return `${name}::text`;
    case 'bytes':
      return `${name}::bytea`;
    case 'date':
      return `${name}::date::text`;
    case 'timestamp':
      return microseconds(`${name}::timestamp`, column.type);
    case 'timestamptz':
      return microseconds(`(${name}::timestamptz AT TIME ZONE 'UTC')`, column.type);
    case 'time':
      return `to_char(${name}::interval, 'HH24:MI:SS.US')`;
    case 'interval':
      return `(extract(epoch FROM ${name}) * 1000000)::bigint::text`;
    case 'text_array':
      // After 20 bytes of header, the binary form of a one-dimensional array is a length and bytes for each element.
      return `substring(array_send(${name}::text[]) FROM 21)`;
    case 'uuid':
      return `${name}::uuid`;
    case 'inet':
      return `substring(pg_catalog.inet_send(${name}) FROM 2 FOR 1) || substring(pg_catalog.inet_send(${name}) FROM 5)`;
    case 'geometry':
      return `${name}::bytea`;
    case 'native':
      return nativeForm(name, column.type);
    default:
      return unknownKind(column.kind);
  }
}

/** Expressions whose binary form is the one that sent-form.ts tells: the server makes no text of numbers and times. */
export function sentExpression(column: ColumnMapping): string {
  const name = quoted(column.target);
  const form = sentForm(column);
  switch (form.as) {
    case 'integer':
      return `${name}::int${String(form.bytes)}`;
    case 'numeric':
      // A value has the scale of its column, where that has one.
      return form.scale === undefined ? `trim_scale(${name}::numeric)` : `${name}::numeric`;
    case 'float8':
    case 'float4':
    case 'boolean':
    case 'date':
      return `${name}::${form.as}`;
    case 'moment':
      return `${name}::${column.kind}`;
    case 'canonical':
      // The binary form of an enum's value is its label.
      return column.kind === 'enum' && !/char/i.test(column.type) ? name : canonicalExpression(column);
  }
}

/** PostgreSQL prints a fraction without its trailing zeros. Three times as fast as to_char where there is none. */
function microseconds(timestamp: string, type: string): string {
  if (/\(\s*0\s*\)/.test(type)) return `${timestamp}::text || '.000000'`;
  const zeros = `CASE WHEN ${timestamp} = ${timestamp}::timestamp(0) THEN '.000000' ELSE '000000' END`;
  return `substring(textsend(${timestamp}::text || ${zeros}) FROM 1 FOR 26)`;
}

/**
 * The key's fields as the source prints them, in the order of `rowKey`; undefined when the target lacks one of them
 * (SQLite's bare rowid): the table then has no key to be told by.
 */
export function keyExpressions(table: TableMapping): string[] | undefined {
  if (table.rowKey === undefined) return undefined;
  const columns = table.rowKey.map((source) => table.columns.find((column) => column.source === source));
  const expressions: string[] = [];
  for (const column of columns) {
    if (column === undefined) return undefined;
    expressions.push(keyExpression(column));
  }
  return expressions;
}

function keyExpression(column: ColumnMapping): string {
  const name = quoted(column.target);
  const fraction = /\((\d)\)/.exec(column.type)?.[1];
  if (column.transform.some((step) => step.op === 'from_unix_seconds'))
    return `extract(epoch FROM ${name})::bigint::text`;
  switch (column.kind) {
    case 'boolean':
      return `CASE ${name} WHEN true THEN '1' WHEN false THEN '0' END`;
    case 'integer':
      return isInteger(column.type) ? `${name}::text` : `trim_scale(${name}::numeric)::text`;
    case 'bytes':
    case 'geometry':
      return `${name}::bytea`;
    case 'inet':
      return `host(${name})`;
    case 'timestamp':
    case 'timestamptz':
      // The source prints exactly the declared digits; undeclared, what PostgreSQL prints is the best there is.
      if (fraction === undefined) return `regexp_replace(${name}::text, '[+]00$', '')`;
      return `to_char(${name}, 'YYYY-MM-DD HH24:MI:SS${fraction === '0' ? '' : `.FF${fraction}`}')`;
    case 'time':
      if (fraction === undefined) return `${name}::text`;
      return `to_char(${name}::interval, 'HH24:MI:SS${fraction === '0' ? '' : `.FF${fraction}`}')`;
    case 'text_array':
      return `array_to_string(${name}, ',')`;
    case 'bit':
      return `${name}::bigint::text`;
    case 'decimal':
    case 'float4':
    case 'float8':
    case 'text':
    case 'enum':
    case 'date':
    case 'interval':
    case 'json':
    case 'uuid':
      return `${name}::text`;
    case 'native':
      return nativeKey(name);
    default:
      return unknownKind(column.kind);
  }
}

function isInteger(type: string): boolean {
  return /^(?:smallint|integer|int|bigint|int[248])$/i.test(type.trim());
}

function unknownKind(kind: never): never {
  throw new TypeError(`unknown kind ${String(kind)}`);
}
