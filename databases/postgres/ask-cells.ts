import type { FieldDef } from 'pg';
import { microseconds, moment } from '../asking.js';
import type { AnswerColumn, AnswerKind } from '../asking.js';

/** Built-in types by their number; a domain comes under that of its base. All else is text. */
const KINDS: Readonly<Record<number, AnswerKind>> = {
  16: 'boolean',
  17: 'bytes',
  20: 'integer',
  21: 'integer',
  23: 'integer',
  26: 'integer',
  114: 'json',
  700: 'float4',
  701: 'float8',
  1009: 'array',
  1015: 'array',
  1042: 'char',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1184: 'timestamp',
  1186: 'time',
  1560: 'bit',
  1562: 'bit',
  1700: 'decimal',
  2950: 'uuid',
  3802: 'json',
};

const NUMERIC = 1700;

export function answerColumn({ name, dataTypeID, dataTypeModifier }: FieldDef): AnswerColumn {
  const kind = KINDS[dataTypeID] ?? 'text';
  const isBound = dataTypeID === NUMERIC && dataTypeModifier >= 4;
  return { name, kind, ...(isBound && { scale: (dataTypeModifier - 4) & 0x7ff }) };
}

/** A value in the server's own text. */
export function cellOf(text: string, field: FieldDef | undefined): string {
  switch (field && KINDS[field.dataTypeID]) {
    case 'boolean':
      return text === 't' ? '1' : '0';
    case 'bytes':
      return text.startsWith('\\x') ? text.slice(2) : text;
    case 'uuid':
      return text.replaceAll('-', '');
    case 'timestamp':
      // The session's zone is UTC.
      return moment(text.replace(/\+00(?=$| BC$)/, ''));
    case 'time':
      return timeOf(text);
    default:
      return text;
  }
}

/** Days of an interval as hours; one with months has no fixed length and stays as it is. */
function timeOf(text: string): string {
  const days = /^(-?\d+) days? ?(.*)$/.exec(text);
  if (days === null) return microseconds(text) ?? text;
  const rest = days[2] === '' ? '0' : microseconds(days[2] ?? '');
  return rest === undefined ? text : (BigInt(days[1] ?? '0') * 86_400_000_000n + BigInt(rest)).toString();
}
