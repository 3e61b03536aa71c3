import type { SourceEngine } from '../../../contracts/catalogue.js';
import type { ColumnMapping } from '../../../contracts/mapping.js';
import type { Expression } from '../../../language/expressions.js';

/** A column as an expression of the source may name it. */
export interface KnownColumn {
  readonly mapping: ColumnMapping;
  readonly collation?: string;
}

export interface TranslateContext {
  readonly engine: SourceEngine;
  /** By lower-case source name: column names fold case in both engines. */
  readonly columns: ReadonlyMap<string, KnownColumn>;
}

export type Sort = 'number' | 'text' | 'boolean' | 'moment' | 'bytes' | 'null' | 'other';
export interface Typed {
  readonly expression: Expression;
  readonly sort: Sort;
  /** Set for a bare column. */
  readonly column?: KnownColumn;
}

/** Why an expression has no translation. Only thrown and caught inside this folder. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
}

export const SORTS: Readonly<Record<ColumnMapping['kind'], Sort>> = {
  integer: 'number',
  decimal: 'number',
  float4: 'number',
  float8: 'number',
  boolean: 'boolean',
  text: 'text',
  enum: 'text',
  bytes: 'bytes',
  date: 'moment',
  timestamp: 'moment',
  timestamptz: 'moment',
  time: 'moment',
  interval: 'other',
  json: 'other',
  text_array: 'other',
  bit: 'other',
  uuid: 'other',
  inet: 'other',
  geometry: 'other',
  native: 'other',
};

export const TRUE: Typed = { expression: { node: 'boolean', value: true }, sort: 'boolean' };

export function fail(reason: string): never {
  throw new Untranslatable(reason);
}

/** An enum where a text is wanted. */
export function textOf(value: Typed): Expression {
  if (value.sort !== 'text') fail('a text function on something that is no text in the target');
  if (value.column?.mapping.kind === 'enum') return { node: 'cast', operand: value.expression, type: 'text' };
  return value.expression;
}

/** What is divided by zero is NULL in the source, and an error in PostgreSQL. */
export function neverZero(divisor: Expression): Expression {
  if (divisor.node === 'number' && Number(divisor.text) !== 0) return divisor;
  return { node: 'call', name: 'nullif', args: [divisor, { node: 'number', text: '0' }] };
}
