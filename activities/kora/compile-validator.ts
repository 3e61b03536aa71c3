import { assertNever } from '../../contracts/failures.js';
import type { FieldCheck } from '../../contracts/record.js';
import type { CheckSpecification } from '../../contracts/validator.js';
import { inetCheck, placeCheck } from './address-checks.js';
import { intervalCheck, momentCheck, timeCheck } from './date-checks.js';
import { jsonbCheck, jsonCheck } from './json-check.js';
import { bitsCheck, booleanCheck, decimalCheck, floatCheck, integerCheck, unixSecondsCheck } from './number-checks.js';
import { bytesCheck, enumCheck, paddedCheck, textArrayCheck, textCheck, uuidCheck } from './text-checks.js';

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
      return paddedCheck(specified.maxCharacters ?? Infinity);
    case 'text_array':
      return textArrayCheck;
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
