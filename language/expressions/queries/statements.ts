import type { Expression } from '../tree.js';
import type { Ordering, Query, Relation } from './tree.js';

/** What changes rows, as an application sends it. */
export type Statement = { readonly node: 'query'; readonly query: Query } | Insert | Update | Delete;

export interface Assignment {
  /** [table,] column. */
  readonly path: readonly string[];
  readonly value: Expression;
}

export interface Insert {
  readonly node: 'insert';
  readonly verb: 'insert' | 'replace';
  /** Rows that break a key are passed by. */
  readonly ignore: boolean;
  readonly schema?: string;
  readonly table: string;
  readonly columns?: readonly string[];
  /** One of these is there. DEFAULT is a path of this one word. */
  readonly rows?: readonly (readonly Expression[])[];
  readonly query?: Query;
  /** MySQL 8: what ON DUPLICATE KEY calls the new row. */
  readonly alias?: string;
  readonly conflict?: Conflict;
}

export interface Conflict {
  /** Of SQLite; of MySQL any key. */
  readonly columns?: readonly string[];
  /** None: nothing is done. */
  readonly assignments: readonly Assignment[];
  readonly where?: Expression;
}

interface Change {
  /** Several: a comma between them. */
  readonly from: readonly Relation[];
  readonly where?: Expression;
  readonly orderBy: readonly Ordering[];
  readonly limit?: Expression;
}

export interface Update extends Change {
  readonly node: 'update';
  readonly ignore: boolean;
  readonly assignments: readonly Assignment[];
}

export interface Delete extends Change {
  readonly node: 'delete';
  readonly ignore: boolean;
  /** Aliases of the tables whose rows go, where it names them apart. */
  readonly targets?: readonly string[];
}
