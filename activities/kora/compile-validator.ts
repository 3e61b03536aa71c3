import { assertNever } from '../../contracts/failures.js';
import type { ColumnMapping, Operator, TableMapping } from '../../contracts/mapping.js';
import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck } from '../../contracts/record.js';
import { dateCheck, intervalCheck, looseDateTimeCheck, timeCheck, timestampCheck } from './date-checks.js';
import { bitsCheck, booleanCheck, decimalCheck, floatCheck, integerCheck } from './number-checks.js';
import { enumCheck, jsonCheck, textCheck, uuidCheck } from './text-checks.js';

/** KORA's record validator (PH-16): one check per column, compiled once per table, on bytes. */
export function compileValidator(table: TableMapping): readonly FieldCheck[] {
  return table.columns.map(checkOf);
}

/** Unix seconds of years 1 to 9999. */
const UNIX_SECONDS = { min: '-62135596800', max: '253402300799' };

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
      return integerCheck(UNIX_SECONDS);
    case 'parse_datetime':
      return looseDateTimeCheck;
    case 'split_comma':
      return textCheck({});
    case 'to_bytea':
      return always;
    case 'as_is':
    case 'to_boolean':
      return column.kind === 'bytes' ? always : undefined;
    default:
      return assertNever(step, 'operator');
  }
}

const always: FieldCheck = () => ISSUE.ok;

function kindCheck({ kind, limits }: ColumnMapping): FieldCheck {
  switch (kind) {
    case 'integer':
      return integerCheck(limits);
    case 'decimal':
      return decimalCheck(limits);
    case 'float4':
    case 'float8':
      return floatCheck;
    case 'boolean':
      return booleanCheck;
    case 'text':
    case 'text_array':
      return textCheck(limits);
    case 'enum':
      return enumCheck(limits);
    case 'bytes':
      return always;
    case 'date':
      return dateCheck;
    case 'timestamp':
    case 'timestamptz':
      return timestampCheck;
    case 'time':
      return timeCheck;
    case 'interval':
      return intervalCheck;
    case 'json':
      return jsonCheck;
    case 'bit':
      return bitsCheck(64);
    case 'uuid':
      return uuidCheck;
    default:
      return assertNever(kind, 'kind of value');
  }
}
