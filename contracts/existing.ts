import type { CatalogueColumn, CatalogueTable } from './catalogue.js';
import type { ColumnMapping, TableMapping, ValueKind } from './mapping.js';

/** A table or view of a target that is there already, whoever made it: as the target's own catalogue tells it. */
export interface ExistingTable {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly columns: readonly ExistingColumn[];
  readonly constraints: readonly ExistingConstraint[];
  readonly indexes: readonly ExistingIndex[];
  readonly triggers: readonly { readonly enabled: boolean; readonly body: string }[];
}

export interface ExistingColumn {
  readonly name: string;
  /** As the server prints it, of a domain its base: "character varying(20)". */
  readonly type: string;
  /** The domain itself, or the type: a type that somebody made with its schema. */
  readonly declared: string;
  /** Name of the type alone; "enum" for any of labels. */
  readonly base: string;
  readonly labels?: readonly string[];
  /** What its values are, as a view's column is read; absent: they cannot be compared. */
  readonly kind?: ValueKind;
  readonly nullable: boolean;
  readonly default?: string;
  readonly generated: boolean;
  /**
   * The sequence that gives its next value, and the greatest that is there, as text; of one that counts down both with
   * the other sign. Null where the login may not read it.
   */
  readonly sequence?: { readonly next: string | null; readonly greatest: string | null };
}

export interface ExistingConstraint {
  readonly name: string;
  /** pg_constraint.contype: p, u, f, c … */
  readonly kind: string;
  readonly columns: readonly string[];
  readonly validated: boolean;
  readonly referenced: string | null;
  readonly referencedColumns: readonly string[];
  readonly onDelete: string | null;
  readonly onUpdate: string | null;
  /** Of a check, as the server prints it. */
  readonly expression: string | null;
}

export interface ExistingIndex {
  readonly name: string;
  readonly valid: boolean;
  readonly unique: boolean;
  /** btree, gin … */
  readonly method: string;
  readonly partial: boolean;
  /** Column names, "name desc" where descending; an expression is "". */
  readonly columns: readonly string[];
  /** True when a constraint owns it. */
  readonly constraint: boolean;
}

/** A column of the source, and what stands for it in the target. */
export interface MatchedColumn {
  readonly source: CatalogueColumn;
  /** As Caravan itself would make it; absent where it has no mapping for the type. */
  readonly drafted?: ColumnMapping;
  readonly existing?: ExistingColumn;
  /** How both sides are put into one form; absent: there is no known way, and `reason` says why. */
  readonly way?: ColumnMapping;
  readonly reason?: string;
}

export interface MatchedTable {
  readonly source: CatalogueTable;
  readonly drafted?: TableMapping;
  readonly existing?: ExistingTable;
  readonly columns: readonly MatchedColumn[];
}

/** Of pg_constraint.confdeltype and confupdtype. */
export const REFERENTIAL_ACTIONS: Readonly<Record<string, string>> = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};
