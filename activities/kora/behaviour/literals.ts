import type { Dialect } from '../../../language/workload/scan.js';
import type { AnswerColumn, AnswerKind, Cell } from '../../../databases/asking.js';
import { DYNAMIC } from '../../../databases/asking.js';

/** A value that a side gave, as that side's SQL writes it; undefined where it has no literal that is sure. */
export function literalOf(cell: Cell, { kind }: AnswerColumn, dialect: Dialect): string | undefined {
  if (cell === null) return undefined;
  return kind === 'dynamic' ? dynamicLiteral(cell) : LITERALS[kind]?.(cell, dialect);
}

type Literal = (cell: string, dialect: Dialect) => string | undefined;

const number: Literal = (cell) => (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(cell) ? cell : undefined);
const text: Literal = (cell, dialect) =>
  `'${(dialect === 'mysql' ? cell.replaceAll('\\', '\\\\') : cell).replaceAll("'", "''")}'`;

const LITERALS: Readonly<Partial<Record<AnswerKind, Literal>>> = {
  integer: number,
  decimal: number,
  float4: number,
  float8: number,
  boolean: (cell, dialect) => (dialect === 'postgres' ? (cell === '1' ? 'TRUE' : 'FALSE') : cell),
  text,
  char: text,
  date: text,
  timestamp: text,
  set: text,
  uuid: text,
  bytes: (cell, dialect) => (dialect === 'postgres' ? `'\\x${cell}'` : `X'${cell}'`),
};

function dynamicLiteral(cell: string): string | undefined {
  const value = cell.slice(1);
  const mark = cell.charAt(0);
  if (mark === DYNAMIC.bytes) return `X'${value}'`;
  return mark === DYNAMIC.text ? text(value, 'sqlite') : number(value, 'sqlite');
}

/** A name of one or more parts, as a log has it, in quotes. */
export function quotedPath(path: string, dialect: Dialect): string {
  return path
    .split('.')
    .map((part) => quotedName(part, dialect))
    .join('.');
}

export function quotedName(name: string, dialect: Dialect): string {
  const quote = dialect === 'mysql' ? '`' : '"';
  return `${quote}${name.replaceAll(quote, quote + quote)}${quote}`;
}
