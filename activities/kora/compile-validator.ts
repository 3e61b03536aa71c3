import { assertNever } from '../../contracts/failures.js';
import type { ColumnMapping, Operator, TableMapping } from '../../contracts/mapping.js';
import type { FieldCheck } from '../../contracts/record.js';
import { inetCheck, placeCheck } from './address-checks.js';
import { intervalCheck, momentCheck, timeCheck } from './date-checks.js';
import { jsonbCheck, jsonCheck } from './json-check.js';
import { bitsCheck, booleanCheck, decimalCheck, floatCheck, integerCheck, unixSecondsCheck } from './number-checks.js';
import { bytesCheck, enumCheck, paddedCheck, textArrayCheck, textCheck, uuidCheck } from './text-checks.js';
import { typeLimits } from './type-limits.js';

/**
 * KORA's record validator (PH-16): one check per column, compiled once per table, on bytes. What passes is stored by
 * PostgreSQL as it is: nothing is rounded, cut, padded or taken for another value.
 */
export function compileValidator(table: TableMapping): readonly FieldCheck[] {
  return table.columns.map(checkOf);
}

function checkOf(column: ColumnMapping): FieldCheck {
  for (const step of column.transform) {
    const check = operatorCheck(step, column);
    if (check !== undefined) return check;
  }
  return kindCheck(column);
}

/** Operators that read another form than the kind's own. */
function operatorCheck(step: Operator, column: ColumnMapping): FieldCheck | undefined {
  switch (step.op) {
    case 'to_bits':
      return bitsCheck(step.width);
    case 'from_unix_seconds':
      return unixSecondsCheck(typeLimits(column), column.kind === 'date');
    case 'split_comma':
      return textArrayCheck;
    case 'to_ewkb':
      return placeCheck;
    case 'to_bytea':
      return bytesCheck;
    case 'to_boolean':
      return booleanCheck;
    case 'as_is':
    case 'parse_datetime':
    case 'trim':
    case 'lower':
    case 'upper':
    case 'empty_to_null':
    case 'replace':
    case 'decode':
      return undefined;
    default:
      return assertNever(step, 'operator');
  }
}

/** A `bit` without a width in its transform; the proof's canonical form takes the same. */
const BITS_MAX = 64;

function kindCheck(column: ColumnMapping): FieldCheck {
  const { kind, limits } = column;
  const type = typeLimits(column);
  switch (kind) {
    case 'integer':
      return integerCheck(type, limits.scale === 0);
    case 'decimal':
      return decimalCheck(type);
    case 'float4':
    case 'float8':
      return floatCheck(type);
    case 'boolean':
      return booleanCheck;
    case 'text':
      return column.type.startsWith('character(') ? paddedCheck(type.maxCharacters) : textCheck(type.maxCharacters);
    case 'text_array':
      return textArrayCheck;
    case 'enum':
      return enumCheck(limits.labels ?? []);
    case 'bytes':
      return bytesCheck;
    case 'date':
      return momentCheck('date', type);
    case 'timestamp':
    case 'timestamptz':
      return momentCheck('timestamp', type);
    case 'time':
      return timeCheck(type);
    case 'interval':
      return intervalCheck(type);
    case 'json':
      return column.type === 'jsonb' ? jsonbCheck : jsonCheck;
    case 'bit':
      return bitsCheck(BITS_MAX);
    case 'uuid':
      return uuidCheck;
    case 'inet':
      return inetCheck;
    case 'geometry':
      return placeCheck;
    case 'native':
      throw new Error(`the values of "${column.source}" are passed as they are, and not checked`);
    default:
      return assertNever(kind, 'kind of value');
  }
}
