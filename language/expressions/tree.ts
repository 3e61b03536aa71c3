import type { Extension } from './queries/tree.js';

export type BinaryOperator =
  | 'OR'
  | 'AND'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IS DISTINCT FROM'
  | 'IS NOT DISTINCT FROM'
  | '||'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

/** The type of a cast: a text under the collation of its database. */
export const DEFAULT_COLLATED = 'text COLLATE "default"';

/** One expression of a check or a default. There is no node for anything that reads another row. */
export type Expression =
  | { readonly node: 'number'; readonly text: string }
  | { readonly node: 'string'; readonly value: string }
  | { readonly node: 'bits'; readonly value: string }
  | { readonly node: 'bytes'; readonly hex: string }
  | { readonly node: 'boolean'; readonly value: boolean }
  | { readonly node: 'null' }
  /** `quoted`: written in quotes; in SQLite such a name that is no column is a text. */
  | { readonly node: 'column'; readonly name: string; readonly quoted: boolean }
  /** CURRENT_TIMESTAMP and its kin, lower-case. */
  | { readonly node: 'keyword'; readonly name: string; readonly precision?: number }
  /** Lower-case name. */
  | { readonly node: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly node: 'unary'; readonly op: 'NOT' | '-' | '+'; readonly operand: Expression }
  | { readonly node: 'binary'; readonly op: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | {
      readonly node: 'is';
      readonly operand: Expression;
      readonly negated: boolean;
      readonly what: 'NULL' | 'TRUE' | 'FALSE';
    }
  | {
      readonly node: 'in';
      readonly operand: Expression;
      readonly negated: boolean;
      readonly items: readonly Expression[];
    }
  | {
      readonly node: 'between';
      readonly operand: Expression;
      readonly negated: boolean;
      readonly low: Expression;
      readonly high: Expression;
    }
  | {
      readonly node: 'like';
      readonly operand: Expression;
      readonly negated: boolean;
      readonly op: 'LIKE' | 'ILIKE';
      readonly pattern: Expression;
      readonly escape?: string;
    }
  | { readonly node: 'cast'; readonly operand: Expression; readonly type: string }
  /** What only a query can hold (see `queries/tree.ts`); a check or a default never does. */
  | { readonly node: 'extended'; readonly extension: Extension };
