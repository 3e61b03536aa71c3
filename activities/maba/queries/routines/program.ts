import type { TableMapping } from '../../../../contracts/mapping.js';
import type { KnownRelations, Relation } from '../scope.js';
import type { VariableType } from './variable-types.js';

/** A function or a procedure of the plan, as other routines call it. */
export interface KnownRoutine {
  readonly kind: 'function' | 'procedure';
  readonly target: string;
  readonly parameters: readonly (VariableType & { readonly mode: 'IN' | 'OUT' | 'INOUT' })[];
  readonly returns?: VariableType;
  readonly writes: readonly string[];
  readonly reads: readonly string[];
  /** "table.column" of the target that get the clock. */
  readonly clocked: readonly string[];
}

/** What a body stands in. */
export interface ProgramGiven {
  readonly relations: KnownRelations;
  readonly columnName: (source: string) => string;
  readonly routines: ReadonlyMap<string, KnownRoutine>;
  /** Of texts that say nothing else. */
  readonly collation: string;
  readonly booleans: boolean;
  readonly returns?: VariableType;
  /** The clock may be the value of a column: what is left in the tables is compared. */
  readonly clock: boolean;
  readonly trigger?: {
    readonly timing: 'BEFORE' | 'AFTER';
    readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
    readonly relation: Relation;
    readonly table: TableMapping;
  };
}

/** What came to light while a body was translated. */
export interface Findings {
  /** Tables of the source that it writes. */
  readonly writes: Set<string>;
  /** Tables that routines read which it calls. */
  readonly reads: Set<string>;
  /** "table.column" of the target that get the clock, and nothing else. */
  readonly clocked: Set<string>;
}
