import { CASE_INSENSITIVE_TYPE, isNative } from '../../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { AlikeColumn } from '../../../databases/target.js';
import { Groups } from '../../maba/mapping/collations/groups.js';
import { comparisonOf } from '../../maba/mapping/collations/list.js';
import { stricter } from '../../maba/mapping/collations/strength.js';
import type { Strength } from '../../maba/mapping/collations/strength.js';

type Level = Strength | 'citext';

/** How the columns of a plan are compared. What foreign keys join is compared alike, so it changes together. */
export class Levels {
  readonly #groups = new Groups();
  readonly #levels = new Map<string, Level>();
  readonly #changed = new Map<string, string>();

  constructor({ tables }: MigrationMapping) {
    for (const table of tables) {
      if (isNative(table)) continue;
      for (const key of table.foreignKeys) {
        for (const [at, column] of key.columns.entries())
          this.#groups.join(pathOf(table.target, column), pathOf(key.targetTable, key.targetColumns[at] ?? ''));
      }
      for (const column of table.columns) this.#levels.set(pathOf(table.target, column.target), comparisonOf(column));
    }
  }

  of(table: TableMapping, column: string): Level {
    return this.#levels.get(pathOf(table.target, column)) ?? 'plain';
  }

  /** Columns of a key, as the server is to compare them; undefined where it compares all of them exactly. */
  ofKey(table: TableMapping, columns: readonly string[]): AlikeColumn[] | undefined {
    const levels = columns.map((column) => this.of(table, column));
    if (levels.every((level) => level === 'plain')) return undefined;
    return levels.map((level) => (level === 'plain' ? 'exact' : level));
  }

  /** The columns of the key, and all that foreign keys join with them, tell more apart from now on. */
  tighten(table: TableMapping, columns: readonly string[], why: string): void {
    for (const column of columns) {
      const level = this.of(table, column);
      if (level !== 'plain')
        this.#set(pathOf(table.target, column), level === 'citext' ? 'plain' : stricter(level), why);
    }
  }

  /** Every column that is compared without regard to case becomes one of this level. */
  replace(to: 'citext' | 'plain', why: string): void {
    for (const [path, level] of this.#levels) if (level === 'ci_as' || level === 'ci_ai') this.#set(path, to, why);
  }

  /** Why, by target "schema.table.column"; only of columns that changed. */
  get changed(): ReadonlyMap<string, string> {
    return this.#changed;
  }

  #set(path: string, level: Level, why: string): void {
    const root = this.#groups.of(path);
    for (const [other, before] of this.#levels) {
      if (this.#groups.of(other) !== root || before === 'plain') continue;
      this.#levels.set(other, level);
      this.#changed.set(other, why);
    }
  }
}

export function pathOf({ schema, name }: TableMapping['target'], column: string): string {
  return `${schema}.${name}.${column}`;
}

/** The column as it is compared now. A citext has no length, so that a check must keep it. */
export function leveled(column: ColumnMapping, level: Level, why: string): ColumnMapping {
  const { collation, ...plain } = column;
  const reasons = [...column.reasons, why];
  if (collation === undefined) return { ...plain, type: 'text', reasons };
  if (level === 'citext') return { ...plain, type: CASE_INSENSITIVE_TYPE, reasons };
  return { ...plain, ...(level !== 'plain' && { collation: level }), reasons };
}
