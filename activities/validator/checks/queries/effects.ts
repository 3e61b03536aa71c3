import { qualified } from '../../../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { Workload } from '../../../../contracts/workload.js';
import type { Writing } from '../../../../databases/asking.js';
import type { Comparison } from '../../../kora/behaviour/compare.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { CutShort, Lane } from './lane.js';
import type { Differing } from './writes.js';

/** Tables with more rows are not read for every write: of them the number of changed rows is compared. */
export const ROWS_MAX = 100_000;

/** What a foreign key does to rows of its own table. */
const FOLLOWS: ReadonlySet<string> = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT']);

/** What the tables of both sides hold, inside the transactions that write. */
export class Effects {
  readonly #tables: ReadonlyMap<string, TableMapping>;
  readonly #lane: Lane;
  readonly #sides: { readonly source: Writing; readonly target: Writing };
  readonly #dialect: Workload['dialect'];
  /** Whether both sides held the same before anything was written. */
  readonly #alike = new Map<string, boolean>();

  constructor(
    migration: MigrationMapping,
    sides: { readonly source: Writing; readonly target: Writing },
    dialect: Workload['dialect'],
  ) {
    this.#tables = new Map(migration.tables.map((table) => [qualified(table.source), table]));
    this.#lane = new Lane(sides);
    this.#sides = sides;
    this.#dialect = dialect;
  }

  /** The tables that are named; with `following` those whose rows follow theirs; where triggers run, all. */
  watched(
    named: readonly string[],
    { following, triggered }: { readonly following: boolean; readonly triggered: boolean },
  ): string[] {
    const watched = new Set(triggered ? this.#tables.keys() : named.filter((table) => this.#tables.has(table)));
    if (following) for (const table of watched) for (const child of this.#childrenOf(table)) watched.add(child);
    return [...watched].filter((table) => !this.#isLarge(table));
  }

  tooLarge(named: readonly string[]): string[] {
    return named.filter((table) => this.#isLarge(table));
  }

  /** Of these tables, those that the replica and the target do not hold alike. */
  async unlike(tables: readonly string[]): Promise<string[]> {
    const { source, target } = this.#sides;
    const unknown = tables.filter((table) => !this.#alike.has(table));
    if (unknown.length > 0) {
      await Promise.all([source.begin(), target.begin()]);
      try {
        for (const table of unknown) this.#alike.set(table, (await this.#compare(table)).outcome === 'equal');
      } finally {
        await Promise.all([source.rollback(), target.rollback()]);
      }
    }
    return tables.filter((table) => this.#alike.get(table) !== true);
  }

  async differing(tables: readonly string[]): Promise<Differing[]> {
    const differing: Differing[] = [];
    for (const table of tables) {
      const comparison = await this.#compare(table);
      if (comparison.outcome !== 'equal') differing.push({ table, comparison });
    }
    return differing;
  }

  #childrenOf(table: string): string[] {
    const parent = this.#tables.get(table)?.target;
    if (parent === undefined) return [];
    const children = [...this.#tables].filter(([, { foreignKeys }]) =>
      foreignKeys.some(
        ({ targetTable, onDelete, onUpdate }) =>
          targetTable.name === parent.name &&
          targetTable.schema === parent.schema &&
          (FOLLOWS.has(onDelete) || FOLLOWS.has(onUpdate)),
      ),
    );
    return children.map(([name]) => name);
  }

  #isLarge(table: string): boolean {
    return (this.#tables.get(table)?.estimatedRows ?? 0) > ROWS_MAX;
  }

  async #compare(name: string): Promise<Comparison> {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`the plan has no table "${name}"`);
    const asked = {
      source: select(
        table.columns.map(({ source }) => source),
        table.source.name,
        this.#dialect,
      ),
      target: select(
        table.columns.map(({ target }) => target),
        table.target.name,
        'postgres',
      ),
      orderBy: { fixed: 'none', keys: [] },
    } as const;
    const { ended, answers } = await this.#lane.ask(asked);
    if (!ended.source.ok || !ended.target.ok) throw new CutShort(ended);
    return this.#lane.compare(asked, answers);
  }
}

/** Without a schema: the replica's database may be called otherwise, and the target's tables stand in the shadow. */
function select(columns: readonly string[], table: string, dialect: Workload['dialect']): string {
  return `SELECT ${columns.map((column) => quotedName(column, dialect)).join(', ')} FROM ${quotedName(table, dialect)}`;
}
