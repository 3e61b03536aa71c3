import type { Expression } from '../tree.js';

/**
 * A SELECT as a view or an application states it. Names are as the text has them; nothing is resolved. What is not
 * here is not part of the language, and its text is refused with the place.
 */
export interface Query {
  readonly with: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy: readonly Ordering[];
  readonly limit?: Expression;
  readonly offset?: Expression;
}

export interface CommonTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: Query;
  /** It may name itself. */
  readonly recursive?: boolean;
}

export type QueryBody =
  | Select
  | {
      readonly node: 'set';
      readonly op: 'UNION' | 'UNION ALL' | 'INTERSECT' | 'EXCEPT';
      readonly left: QueryBody;
      readonly right: QueryBody;
    }
  /** A query in parentheses, with an order and a limit of its own. */
  | { readonly node: 'query'; readonly query: Query };

export interface Select {
  readonly node: 'select';
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  /** Several: a comma between them. */
  readonly from: readonly Relation[];
  readonly where?: Expression;
  readonly groupBy: readonly Expression[];
  /** GROUP BY … WITH ROLLUP. */
  readonly rollup?: boolean;
  readonly having?: Expression;
}

export type SelectItem =
  | { readonly star: true; readonly table?: string }
  | {
      readonly star: false;
      readonly expression: Expression;
      readonly alias?: string;
      /** The expression's own text, by which an engine names a column without an alias. */
      readonly text: string;
    };

export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS';

export type Relation =
  | { readonly node: 'table'; readonly schema?: string; readonly name: string; readonly alias?: string }
  | {
      readonly node: 'derived';
      readonly query: Query;
      readonly alias?: string;
      readonly columns: readonly string[];
    }
  | {
      readonly node: 'join';
      readonly kind: JoinKind;
      readonly left: Relation;
      readonly right: Relation;
      readonly on?: Expression;
      readonly using?: readonly string[];
      readonly natural?: boolean;
    };

export interface Ordering {
  readonly expression: Expression;
  readonly descending: boolean;
  readonly nulls?: 'FIRST' | 'LAST';
}

/** Expressions that stand in queries only. */
export type Extension =
  /** A column with what stands in front of it: schema, table. Last is the column. */
  | { readonly kind: 'path'; readonly path: readonly string[]; readonly quoted: boolean }
  | {
      readonly kind: 'case';
      readonly operand?: Expression;
      readonly whens: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise?: Expression;
    }
  | { readonly kind: 'subquery'; readonly query: Query }
  | { readonly kind: 'exists'; readonly query: Query }
  /** Lower-case unit: "day", "month". */
  | { readonly kind: 'interval'; readonly count: Expression; readonly unit: string }
  /** DATE '…', TIMESTAMP '…', TIME '…'. */
  | { readonly kind: 'moment'; readonly sort: 'date' | 'timestamp' | 'time'; readonly text: string }
  /** (a, b) */
  | { readonly kind: 'row'; readonly items: readonly Expression[] }
  | {
      readonly kind: 'regexp';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly negated: boolean;
    }
  /** The other side of a comparison: ANY (SELECT …). */
  | { readonly kind: 'quantified'; readonly quantifier: 'ANY' | 'ALL'; readonly query: Query }
  /** Operators on bits, and DIV. */
  | {
      readonly kind: 'whole';
      readonly op: '&' | '|' | '^' | '<<' | '>>' | 'DIV';
      readonly left: Expression;
      readonly right: Expression;
    }
  /** BINARY a, a COLLATE b: how it is compared. `collation` in lower case; "binary" for BINARY. */
  | { readonly kind: 'collated'; readonly operand: Expression; readonly collation: string }
  | FunctionCall;

export interface FunctionCall {
  readonly kind: 'function';
  /** Lower-case. Special forms have names of their own: "cast", "extract". */
  readonly name: string;
  readonly args: readonly Expression[];
  /** count(*) */
  readonly star: boolean;
  readonly distinct: boolean;
  readonly orderBy: readonly Ordering[];
  /** GROUP_CONCAT's. */
  readonly separator?: string;
  /** A bare word among the arguments: CAST's type, EXTRACT's unit. */
  readonly word?: string;
  readonly over?: Window;
}

export interface Window {
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly Ordering[];
  /** "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", which all dialects write alike. */
  readonly frame?: string;
}
