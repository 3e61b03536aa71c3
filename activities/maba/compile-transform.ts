import { CaravanFailure, assertNever } from '../../contracts/failures.js';
import type { ColumnMapping, TableMapping, ValueKind } from '../../contracts/mapping.js';
import { isTextStep, PLACES } from '../../contracts/mapping.js';
import type { FieldCodec } from '../../contracts/record.js';
import { toNumeric } from './codecs/decimals.js';
import { toDate, toInterval, toTime, toTimestamp, unixToDate, unixToTimestamp } from './codecs/moments.js';
import { toEwkb, toInet } from './codecs/addresses.js';
import { toBits, toBoolean, toFloat4, toFloat8, toInt2, toInt4, toInt8 } from './codecs/numbers.js';
import { asBytes, splitComma, toJsonb, toUuid } from './codecs/texts.js';

/**
 * MABA's compiled transform: each column's pipeline becomes one codec from the source's bytes to the binary form that
 * its target type receives. Codecs rely on KORA's check of the field. PLAN_INVALID for a type that receives none of
 * the kind. Source of the forms: PostgreSQL's receive functions.
 */
export function compileTransform(table: TableMapping): readonly FieldCodec[] {
  return table.columns.map((column) => {
    // Text steps make another text of a text before it comes here.
    const last = column.transform.findLast((step) => !isTextStep(step)) ?? { op: 'as_is' };
    switch (last.op) {
      case 'as_is':
      case 'parse_datetime':
      case 'to_boolean':
      case 'to_bytea':
      case 'split_comma':
      case 'to_ewkb':
      case 'to_bits':
        return formOf(table, column);
      case 'from_unix_seconds':
        return formOf(table, column) === toDate ? unixToDate : unixToTimestamp;
      default:
        return assertNever(last, 'operator');
    }
  });
}

interface Form {
  readonly codec: FieldCodec;
  readonly kinds: readonly ValueKind[];
}

const form = (codec: FieldCodec, ...kinds: ValueKind[]): Form => ({ codec, kinds });
const TEXT = form(asBytes, 'text', 'enum');
const TIMESTAMP = form(toTimestamp, 'timestamp');
const TIMESTAMPTZ = form(toTimestamp, 'timestamptz');

/** What a type of PostgreSQL receives, and of which kinds of values. `bit` has its width in its modifier. */
const FORMS: ReadonlyMap<string, Form> = new Map([
  ['smallint', form(toInt2, 'integer')],
  ['integer', form(toInt4, 'integer')],
  ['bigint', form(toInt8, 'integer')],
  ['numeric', form(toNumeric, 'integer', 'decimal')],
  ['real', form(toFloat4, 'float4', 'float8')],
  ['double precision', form(toFloat8, 'float4', 'float8')],
  ['boolean', form(toBoolean, 'boolean')],
  ['text', TEXT],
  ['varchar', TEXT],
  ['character varying', TEXT],
  ['character', TEXT],
  ['citext', TEXT],
  ['bytea', form(asBytes, 'bytes')],
  ['inet', form(toInet, 'inet')],
  ['json', form(asBytes, 'json')],
  ['jsonb', form(toJsonb, 'json')],
  ['date', form(toDate, 'date')],
  ['timestamp', TIMESTAMP],
  ['timestamp without time zone', TIMESTAMP],
  ['timestamptz', TIMESTAMPTZ],
  ['timestamp with time zone', TIMESTAMPTZ],
  ['time', form(toTime, 'time')],
  ['interval', form(toInterval, 'interval')],
  ['text[]', form(splitComma, 'text_array')],
  ['uuid', form(toUuid, 'uuid')],
]);

const TYPE = /^([^(]+?)\s*(?:\(\s*(-?\d+)[^)]*\))?((?:\s*\[\])?|\s+with(?:out)? time zone)$/;

/**
 * The server takes any bytes of the right number for an integer, a date, a float: a form that does not fit its type
 * would arrive as another value without a word. So a type that is not known as the kind's own is refused.
 */
function formOf(table: TableMapping, column: ColumnMapping): FieldCodec {
  // A type that the plan makes; it receives a label as its text.
  const isMade = column.kind === 'enum' && !FORMS.has(column.type);
  if (isMade) return asBytes;
  if (column.kind === 'geometry' && (column.type === 'bytea' || PLACES.pattern.test(column.type))) return toEwkb;
  const [, name = '', modifier, behind = ''] = TYPE.exec(column.type.trim().toLowerCase()) ?? [];
  if (name === 'bit' && column.kind === 'bit') return toBits(Number(modifier ?? 1));
  const found = FORMS.get(name + behind.replace(/\s+/g, ' '));
  if (found?.kinds.includes(column.kind) === true) return found.codec;
  throw new CaravanFailure('PLAN_INVALID', {
    attempted: 'encode the column',
    on: `${table.target.name}.${column.target}`,
    seen: `the type ${column.type} receives no values of kind ${column.kind}`,
    facts: { table: table.target.name, column: column.target },
  });
}
