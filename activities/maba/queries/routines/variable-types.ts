import type { DeclaredType } from '../../../../language/expressions/routines/tree.js';
import type { SqlType } from '../typed.js';
import { fail } from '../typed.js';

/** How a variable of the source is kept in PL/pgSQL. */
export interface VariableType {
  /** Target SQL; its sizes hold for variables, not for arguments. */
  readonly sql: string;
  readonly type: SqlType;
  /** The least and the greatest number, as decimal text, where the target's type is wider. */
  readonly range?: readonly [string, string | undefined];
  /** Blanks at its end do not count. */
  readonly padded?: boolean;
  /** The target's type alone says what fits. */
  readonly plain: boolean;
}

const NARROW: Readonly<Record<string, readonly [string, string]>> = {
  tinyint: ['-128', '127'],
  smallint: ['-32768', '32767'],
  mediumint: ['-8388608', '8388607'],
};
const UNSIGNED: Readonly<Record<string, readonly [string, string]>> = {
  tinyint: ['integer', '255'],
  smallint: ['integer', '65535'],
  mediumint: ['integer', '16777215'],
  int: ['bigint', '4294967295'],
  bigint: ['numeric(20)', '18446744073709551615'],
};
const TEXTS = new Set(['tinytext', 'text', 'mediumtext', 'longtext']);
const SYNONYMS: Readonly<Record<string, string>> = {
  integer: 'int',
  dec: 'decimal',
  numeric: 'decimal',
  real: 'double',
};

/** `booleans`: TINYINT(1) is a boolean, as a column of this type is. */
export function variableType(declared: DeclaredType, collation: string, booleans: boolean): VariableType {
  const base = SYNONYMS[declared.base] ?? declared.base;
  const { sizes, unsigned } = declared;
  const isBoolean = base === 'bool' || base === 'boolean' || (base === 'tinyint' && sizes[0] === 1 && !unsigned);
  if (isBoolean && booleans) return { sql: 'boolean', type: { sort: 'boolean' }, plain: true };
  const whole = wholeType(isBoolean ? 'tinyint' : base, unsigned);
  if (whole) return whole;
  switch (base) {
    case 'decimal': {
      const [precision = 10, scale = 0] = sizes;
      const sql = `numeric(${String(precision)},${String(scale)})`;
      return { sql, type: { sort: 'decimal', scale }, ...(unsigned && { range: ['0', undefined] }), plain: false };
    }
    case 'double':
      if (sizes.length > 0 || unsigned) return fail('a floating number with digits or without a sign');
      return { sql: 'double precision', type: { sort: 'float' }, plain: true };
    case 'date':
      return { sql: 'date', type: { sort: 'date' }, plain: true };
    case 'datetime':
      return { sql: `timestamp(${String(sizes[0] ?? 0)})`, type: { sort: 'timestamp' }, plain: false };
    default:
      return textType(base, sizes, collation);
  }
}

function wholeType(base: string, unsigned: boolean): VariableType | undefined {
  const type: SqlType = { sort: 'integer', scale: 0 };
  if (unsigned) {
    const [sql, most] = UNSIGNED[base] ?? [];
    return sql === undefined || most === undefined ? undefined : { sql, type, range: ['0', most], plain: false };
  }
  const range = NARROW[base];
  if (range) return { sql: 'integer', type, range, plain: false };
  if (base === 'int') return { sql: 'integer', type, plain: true };
  return base === 'bigint' ? { sql: 'bigint', type, plain: true } : undefined;
}

function textType(base: string, [length]: readonly number[], collation: string): VariableType {
  if (/_bin$|^binary$/u.test(collation)) return bare(base, length, false);
  if (!collation.endsWith('_ci')) return fail(`a text of the collation "${collation}"`);
  return bare(base, length, true);
}

function bare(base: string, length: number | undefined, folds: boolean): VariableType {
  const type: SqlType = { sort: 'text', ...(folds && { folds }) };
  if (base === 'varchar' && length !== undefined) return { sql: `varchar(${String(length)})`, type, plain: false };
  if (base === 'char') return { sql: `varchar(${String(length ?? 1)})`, type, padded: true, plain: false };
  if (TEXTS.has(base)) return { sql: 'text', type, plain: true };
  return fail(`a variable of the type "${base}"`);
}

/** Without sizes, which an argument has none of. */
export function argumentType({ sql }: VariableType): string {
  return sql.replace(/\(.*\)$/u, '');
}
