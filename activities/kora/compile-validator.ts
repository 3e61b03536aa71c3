import { assertNever } from '../../contracts/failures.js';
import type { FieldCheck } from '../../contracts/record.js';
import type { CheckSpecification, CompiledValidator } from '../../contracts/validator.js';
import { inetCheck, placeCheck } from './address-checks.js';
import { intervalCheck, momentCheck, timeCheck } from './date-checks.js';
import { jsonbCheck, jsonCheck } from './json-check.js';
import { bitsCheck, booleanCheck, decimalCheck, floatCheck, integerCheck, unixSecondsCheck } from './number-checks.js';
import {
  bytesCheck,
  enumCheck,
  isText,
  lengthCheck,
  paddedCheck,
  textArrayCheck,
  textCheck,
  uuidCheck,
} from './text-checks.js';

/** Their fields need not be text: a look at a whole batch would find nothing out. */
const BYTES: ReadonlySet<CheckSpecification['check']> = new Set(['bytes', 'uuid', 'place']);

/** The checks of a table's columns, and what is enough for a batch whose bytes are text. */
export function compileChecks(columns: readonly CheckSpecification[]): Pick<CompiledValidator, 'fields' | 'ofText'> {
  const fields = columns.map(compileCheck);
  const shorter = columns.map(checkOfText);
  if (columns.some(({ check }) => BYTES.has(check)) || shorter.every((check) => check === undefined)) return { fields };
  return { fields, ofText: { isText, fields: fields.map((check, at) => shorter[at] ?? check) } };
}

/** What is left to check of a text that is UTF-8 without U+0000; undefined where that is no part of the check. */
function checkOfText(specified: CheckSpecification): FieldCheck | undefined {
  switch (specified.check) {
    case 'text':
      return lengthCheck(specified.maxCharacters);
    case 'padded':
      return paddedCheck(lengthCheck(specified.maxCharacters));
    case 'text_array':
      return textArrayCheck(lengthCheck());
    default:
      return undefined;
  }
}

/** What a specification says, as a function on bytes. */
export function compileCheck(specified: CheckSpecification): FieldCheck {
  switch (specified.check) {
    case 'integer':
      return integerCheck({ min: bound(specified.min), max: bound(specified.max) }, specified.reals === true);
    case 'decimal':
      return decimalCheck(specified);
    case 'float':
      return floatCheck(specified);
    case 'boolean':
      return booleanCheck;
    case 'bits':
      return bitsCheck(specified.width);
    case 'unix_seconds':
      return unixSecondsCheck(specified, specified.date);
    case 'text':
      return textCheck(specified.maxCharacters);
    case 'padded':
      return paddedCheck(textCheck(specified.maxCharacters));
    case 'text_array':
      return textArrayCheck(textCheck());
    case 'enum':
      return enumCheck(specified.labels);
    case 'bytes':
      return bytesCheck;
    case 'moment':
      return momentCheck(specified.of, specified);
    case 'time':
      return timeCheck(specified);
    case 'interval':
      return intervalCheck(specified);
    case 'json':
      return specified.binary ? jsonbCheck : jsonCheck;
    case 'uuid':
      return uuidCheck;
    case 'inet':
      return inetCheck;
    case 'place':
      return placeCheck;
    default:
      return assertNever(specified, 'check');
  }
}

function bound(digits: string | undefined): bigint | undefined {
  return digits === undefined ? undefined : BigInt(digits);
}
