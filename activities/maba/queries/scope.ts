import type { SqlType, Typed } from './typed.js';
import { fail } from './typed.js';

/** A column that a query can name. */
export interface ScopeColumn {
  /** As the source names it. */
  readonly source: string;
  readonly target: string;
  readonly type: SqlType;
  /** A star passes it by. */
  readonly hidden?: boolean;
  /** The server gives it the next number. */
  readonly counts?: boolean;
  /** The server computes it. */
  readonly computed?: boolean;
}

/** A table or view of the target, or a query in FROM. */
export interface Relation {
  /** Its name in the target; of tables and views. */
  readonly name?: string;
  readonly columns: readonly ScopeColumn[];
  /** Source names of the primary key's columns, where the target has that key. Empty: it has one row. */
  readonly primaryKey?: readonly string[];
  /** Source names of the columns of every unique key that the target has, the primary one with them. */
  readonly keys?: readonly (readonly string[])[];
}

/** What the plan makes in the target, found by the source's name. */
export interface KnownRelations {
  find(schema: string | undefined, name: string): Relation | undefined;
}

export interface Named {
  /** How the query calls it. */
  readonly alias: string;
  readonly relation: Relation;
}

function same(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names of one SELECT, and of those around it. */
export class Scope {
  readonly relations: Named[] = [];
  /** Columns that USING joins: they stand in several relations and are one. */
  readonly shared = new Set<string>();
  /** What a star over them gives is not known. */
  starless = false;
  /** The two tables that USING joins keep the rows of the second. */
  isRightJoin = false;
  readonly #outer: Scope | undefined;
  readonly #byName: (Named & { readonly as: string })[] = [];

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  add(named: Named): void {
    if (this.relations.some(({ alias }) => same(alias, named.alias))) fail(`two tables are called "${named.alias}"`);
    this.relations.push(named);
  }

  /** A relation whose columns are found only with its name. `as`: what the text calls it. */
  nameOnly(alias: string, relation: Relation, as = alias): void {
    this.#byName.push({ alias, relation, as });
  }

  /** The column behind a path of [schema,] [table,] column. */
  column(path: readonly string[]): Typed & { readonly owner: Named; readonly own: boolean } {
    const found = this.#find(path);
    if (found.length === 0) {
      if (!this.#outer) return fail(`there is no column "${path.join('.')}"`);
      return { ...this.#outer.column(path), own: false };
    }
    const [first] = found;
    const name = path.at(-1) ?? '';
    if (first === undefined || (found.length > 1 && !this.shared.has(name.toLowerCase()))) {
      return fail(`the column "${path.join('.')}" is not told apart`);
    }
    const { named, column } = first;
    const sql = `${quote(named.alias)}.${quote(column.target)}`;
    return { ...column.type, sql, owner: named, own: true };
  }

  has(path: readonly string[]): boolean {
    return this.#find(path).length > 0;
  }

  /** Here, or in a query around this one. */
  reaches(path: readonly string[]): boolean {
    return this.has(path) || this.#outer?.reaches(path) === true;
  }

  #find(path: readonly string[]): { named: Named; column: ScopeColumn }[] {
    const name = path.at(-1) ?? '';
    const table = path.length > 1 ? path.at(-2) : undefined;
    const byName = table === undefined ? [] : this.#byName.filter(({ as }) => same(as, table));
    return [...this.relations.filter(({ alias }) => table === undefined || same(alias, table)), ...byName].flatMap(
      (named) =>
        named.relation.columns
          .filter((column) => same(column.source, name))
          .slice(0, 1)
          .map((column) => ({ named, column })),
    );
  }
}
