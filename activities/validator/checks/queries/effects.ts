import { qualified } from '../../../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { Workload } from '../../../../contracts/workload.js';
import type { Counter, Writing } from '../../../../databases/asking.js';
import type { Comparison } from '../../../kora/behaviour/compare.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { CutShort, Lane } from './lane.js';
import { hasTable } from './triggers.js';
import type { WriteClock } from './write-clock.js';
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

  /** Those that are named, and whose rows follow theirs; and what triggers may change beside them. */
  watched(tables: readonly string[], changed: ReadonlySet<string> | 'any'): string[] {
    const also = changed === 'any' ? [...this.#tables.keys()] : [...changed].map((table) => this.#plannedAs(table));
    return [...new Set([...tables, ...also])].filter((table) => this.#tables.has(table) && !this.#isLarge(table));
  }

  /** With the tables whose rows follow theirs. */
  withFollowing(tables: readonly string[]): string[] {
    const all = new Set(tables);
    for (const table of all) for (const child of this.#childrenOf(table)) all.add(child);
    return [...all];
  }

  tooLarge(named: readonly string[]): string[] {
    return named.filter((table) => this.#isLarge(table));
  }

  /** The target's counters, where those of the replica stand. */
  async counters(): Promise<Counter[]> {
    const replica = await this.#sides.source.counters();
    return (await this.#sides.target.counters()).flatMap((counter) => {
      const [name, table] = [...this.#tables].find(([, { target }]) => isCalled(counter.table, target.name)) ?? [];
      const source = table?.columns.find(({ target }) => target === counter.column)?.source;
      const same = replica.find((each) => each.column === source && this.#plannedAs(each.table) === name);
      return same === undefined ? [] : [{ ...counter, next: same.next }];
    });
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

  /** `clock`: of the transaction in which they were written. */
  async differing(tables: readonly string[], clock: WriteClock): Promise<Differing[]> {
    const differing: Differing[] = [];
    for (const table of tables) {
      const comparison = await this.#compare(table, clock);
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

  /** The replica's database may be called otherwise. */
  #plannedAs(table: string): string {
    if (this.#tables.has(table)) return table;
    return [...this.#tables.keys()].find((known) => hasTable([known], table)) ?? table;
  }

  /** Without a schema where the replica's database may be called otherwise. */
  #sourceName({ source }: TableMapping): string {
    const name = quotedName(source.name, this.#dialect);
    return this.#dialect === 'postgres' ? `${quotedName(source.schema, 'postgres')}.${name}` : name;
  }

  async #compare(name: string, clock?: WriteClock): Promise<Comparison> {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`the plan has no table "${name}"`);
    const asked = {
      source: select(
        table.columns.map(({ source }) => source),
        this.#sourceName(table),
        this.#dialect,
      ),
      target: select(
        table.columns.map(({ target }) => target),
        quotedName(table.target.name, 'postgres'),
        'postgres',
      ),
      orderBy: { fixed: 'none', keys: [] },
    } as const;
    const { ended, answers } = await this.#lane.ask(asked);
    if (!ended.source.ok || !ended.target.ok) throw new CutShort(ended);
    return this.#lane.compare(asked, answers, clock?.masks);
  }
}

function isCalled(table: string, name: string): boolean {
  return table.slice(table.indexOf('.') + 1) === name;
}

function select(columns: readonly string[], from: string, dialect: Workload['dialect']): string {
  return `SELECT ${columns.map((column) => quotedName(column, dialect)).join(', ')} FROM ${from}`;
}
