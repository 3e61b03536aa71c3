import type { Delete, Insert, Update } from '../queries/statements.js';
import type { Query } from '../queries/tree.js';
import type { Expression } from '../tree.js';

/** A type as the source declares it: "decimal(5,2) unsigned". */
export interface DeclaredType {
  /** Lower case: "varchar". */
  readonly base: string;
  readonly sizes: readonly number[];
  readonly unsigned: boolean;
}

export interface DeclaredVariable {
  readonly names: readonly string[];
  readonly type: DeclaredType;
  readonly default?: Expression;
}

export interface DeclaredCursor {
  readonly name: string;
  readonly query: Query;
}

/** What is done when a query or a cursor gives no row. Handlers of anything else are not in the language. */
export interface DeclaredHandler {
  readonly action: 'continue' | 'exit';
  readonly body: RoutineStatement;
}

export interface Block {
  readonly node: 'block';
  readonly label?: string;
  readonly variables: readonly DeclaredVariable[];
  readonly cursors: readonly DeclaredCursor[];
  readonly handler?: DeclaredHandler;
  readonly body: readonly RoutineStatement[];
}

interface Loop {
  readonly label?: string;
  readonly body: readonly RoutineStatement[];
}

export interface Arm {
  readonly when: Expression;
  readonly body: readonly RoutineStatement[];
}

/** A statement of MySQL's procedural language. */
export type RoutineStatement =
  | Block
  | { readonly node: 'set'; readonly path: readonly string[]; readonly value: Expression }
  | { readonly node: 'select'; readonly query: Query; readonly into?: readonly string[] }
  | { readonly node: 'change'; readonly statement: Insert | Update | Delete }
  | {
      readonly node: 'if';
      readonly arms: readonly Arm[];
      readonly otherwise?: readonly RoutineStatement[];
    }
  | {
      readonly node: 'case';
      readonly operand?: Expression;
      readonly arms: readonly Arm[];
      readonly otherwise?: readonly RoutineStatement[];
    }
  | ({ readonly node: 'while'; readonly when: Expression } & Loop)
  | ({ readonly node: 'repeat'; readonly until: Expression } & Loop)
  | ({ readonly node: 'loop' } & Loop)
  | { readonly node: 'leave' | 'iterate'; readonly label: string }
  | { readonly node: 'return'; readonly value: Expression }
  | { readonly node: 'signal'; readonly state: string; readonly message?: Expression }
  | { readonly node: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly node: 'open' | 'close'; readonly cursor: string }
  | { readonly node: 'fetch'; readonly cursor: string; readonly into: readonly string[] };
