import { qualified } from '../../contracts/catalogue.js';
import { assertNever } from '../../contracts/failures.js';
import { isNative } from '../../contracts/mapping.js';
import type { ColumnMapping, Operator, TableMapping } from '../../contracts/mapping.js';
import type { RowRule } from '../../contracts/rules.js';
import type { CheckSpecification, ValidatorSpecification } from '../../contracts/validator.js';
import { typeLimits } from './type-limits.js';

/**
 * KORA's record validator of a table (PH-16), as data: one check per column. What passes is stored by PostgreSQL as it
 * is: nothing is rounded, cut, padded or taken for another value. Rows that are passed as they are have none.
 */
export function specifyValidator(table: TableMapping, rules: readonly RowRule[] = []): ValidatorSpecification {
  const name = qualified(table.source);
  if (isNative(table)) return { version: 1, table: name, columns: [], rules: [] };
  return {
    version: 1,
    table: name,
    columns: table.columns.map((column) => ({
      source: column.source,
      check: checkOf(column),
      transform: column.transform,
      onInvalid: column.onInvalid,
      values: column.values,
    })),
    rules: rules.filter((rule) => isKeptOut(rule, name)).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
  };
}

/** A rule whose rows are only listed keeps nothing out of the shadow: it makes no other validator. */
function isKeptOut({ table, state, onBroken }: RowRule, name: string): boolean {
  return table === name && state === 'accepted' && onBroken === 'quarantine';
}

function checkOf(column: ColumnMapping): CheckSpecification {
  for (const step of column.transform) {
    const check = operatorCheck(step, column);
    if (check !== undefined) return check;
  }
  return kindCheck(column);
}

/** Operators that read another form than the kind's own. */
function operatorCheck(step: Operator, column: ColumnMapping): CheckSpecification | undefined {
  switch (step.op) {
    case 'to_bits':
      return { check: 'bits', width: step.width };
    case 'from_unix_seconds':
      return {
        check: 'unix_seconds',
        secondDigits: typeLimits(column).secondDigits,
        date: column.kind === 'date',
      };
    case 'split_comma':
      return { check: 'text_array' };
    case 'to_ewkb':
      return { check: 'place' };
    case 'to_bytea':
      return { check: 'bytes' };
    case 'to_boolean':
      return { check: 'boolean' };
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

function kindCheck(column: ColumnMapping): CheckSpecification {
  const { kind, limits } = column;
  const { whole, scale, single, secondDigits, ...type } = typeLimits(column);
  switch (kind) {
    case 'integer':
      return { check: 'integer', ...range(type), ...(limits.scale === 0 && { reals: true }) };
    case 'decimal':
      return { check: 'decimal', whole, scale };
    case 'float4':
    case 'float8':
      return { check: 'float', single };
    case 'boolean':
      return { check: 'boolean' };
    case 'text': {
      const most = Number.isFinite(type.maxCharacters) ? { maxCharacters: type.maxCharacters } : {};
      return { check: column.type.startsWith('character(') ? 'padded' : 'text', ...most };
    }
    case 'text_array':
      return { check: 'text_array' };
    case 'enum':
      return { check: 'enum', labels: limits.labels ?? [] };
    case 'bytes':
      return { check: 'bytes' };
    case 'date':
      return { check: 'moment', of: 'date', secondDigits };
    case 'timestamp':
    case 'timestamptz':
      return { check: 'moment', of: 'timestamp', secondDigits };
    case 'time':
    case 'interval':
      return { check: kind, secondDigits };
    case 'json':
      return { check: 'json', binary: column.type === 'jsonb' };
    case 'bit':
      return { check: 'bits', width: BITS_MAX };
    case 'uuid':
    case 'inet':
      return { check: kind };
    case 'geometry':
      return { check: 'place' };
    case 'native':
      throw new Error(`the values of "${column.source}" are passed as they are, and not checked`);
    default:
      return assertNever(kind, 'kind of value');
  }
}

function range({ min, max }: { min: bigint | undefined; max: bigint | undefined }): { min?: string; max?: string } {
  return { ...(min !== undefined && { min: String(min) }), ...(max !== undefined && { max: String(max) }) };
}
