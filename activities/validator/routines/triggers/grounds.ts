import { qualified } from '../../../../contracts/catalogue.js';
import { CaravanFailure } from '../../../../contracts/failures.js';
import type { RoutineMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { Replica, Writing } from '../../../../databases/asking.js';
import type { Target } from '../../../../databases/target.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { ROWS_MAX } from '../../checks/queries/effects.js';
import { SECONDS_MAX } from '../../checks/queries/lane.js';
import type { ProvingRoutines } from '../prove-routines.js';
import { changesFor, keyOf } from './changes.js';
import type { Changes, Ground } from './changes.js';
import { fire } from './firing.js';
import { holdsAlike } from './held.js';
import type { TouchedRows } from './held.js';

/** `refused`: both sides refuse it, which says nothing. */
export type Outcome = 'same' | 'differs' | 'refused';

/** Where triggers are tried. */
export interface Grounds {
  /** What is tried for a trigger; or why nothing can be. */
  changesFor(trigger: RoutineMapping, standing: readonly RoutineMapping[]): Promise<readonly Changes[] | string>;
  /** Makes the changes on both sides, with `firing` in the target, looks at the tables, and takes all back. */
  tryOut(changes: Changes, firing: readonly RoutineMapping[], of: RoutineMapping): Promise<Outcome>;
  /** Tables that a procedure writes, with `firing`, or changes by foreign keys; or why it cannot be tried. */
  watchedBy(procedure: RoutineMapping, firing: readonly RoutineMapping[]): Promise<Watched | string>;
  readonly sides: TrialSides;
  close(): Promise<void>;
}

export interface Watched {
  readonly written: readonly TableMapping[];
  /** Their rows follow those of the written ones. */
  readonly following: readonly TableMapping[];
}

/** The replica, and the shadow. */
export interface TrialSides {
  readonly source: Writing;
  readonly target: Writing;
}

export const NO_REPLICA = 'no replica of the source was given (--replay-source)';

/** Rows that are changed of one table: the first and the last ones. */
const ROWS = 2;

/** Or why the replica cannot be used. */
export async function openGrounds(
  { deps, migration, target }: ProvingRoutines,
  names: { readonly source: string; readonly replica: string },
): Promise<Grounds | string> {
  const { connections } = deps.store;
  const [source, replica] = await Promise.all([connections.get(names.source), connections.get(names.replica)]);
  let opened: { readonly replica: Replica; readonly source: Writing };
  try {
    const found = await deps.openReplica(source, replica);
    if (found === undefined) return 'there is no replica';
    opened = { replica: found, source: await found.writing({ path: [] }) };
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    return `the replica cannot be used (${error.code}: ${error.seen})`;
  }
  try {
    const sides = { source: opened.source, target: await target.writing() };
    return new OpenGrounds({ replica: opened.replica, sides, target, tables: migration.tables });
  } catch (error) {
    await opened.source.close().catch(() => undefined);
    throw error;
  }
}

interface Parts {
  readonly replica: Replica;
  readonly sides: TrialSides;
  readonly target: Target;
  readonly tables: readonly TableMapping[];
}

class OpenGrounds implements Grounds {
  readonly #parts: Parts;
  readonly #alike = new Map<string, boolean>();
  /** Rows that the last changes asked for are about. */
  #touched: TouchedRows | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get sides(): TrialSides {
    return this.#parts.sides;
  }

  async watchedBy(procedure: RoutineMapping, firing: readonly RoutineMapping[]): Promise<Watched | string> {
    const { tables } = this.#parts;
    const written = this.#watched(procedure, firing);
    const following = followersOf(written, tables);
    // What it reads decides what it does.
    const read = tables.filter(
      (table) => procedure.reads.includes(qualified(table.source)) && table.estimatedRows <= ROWS_MAX,
    );
    return (await this.#unfit([...written, ...following], read)) ?? { written, following };
  }

  /** Why what becomes of these tables could not be seen, or taken back. */
  async #unfit(watched: readonly TableMapping[], read: readonly TableMapping[] = []): Promise<string | undefined> {
    const large = watched.find(({ estimatedRows }) => estimatedRows > ROWS_MAX);
    if (large) return `${qualified(large.source)} has more than ${String(ROWS_MAX)} rows`;
    const held = [...this.#parts.replica.untransactional].map(bare);
    const loose = watched.find(({ source }) => held.includes(source.name.toLowerCase()));
    if (loose) return `the replica could not take back what is done to ${qualified(loose.source)}`;
    const unlike = await this.#unlike([...new Set([...watched, ...read])]);
    return unlike && `the replica holds other rows of ${qualified(unlike.source)}`;
  }

  async changesFor(trigger: RoutineMapping, standing: readonly RoutineMapping[]): Promise<readonly Changes[] | string> {
    const watched = this.#watched(trigger, standing);
    const unfit = await this.#unfit(watched);
    if (unfit !== undefined) return unfit;
    const own = watched[0];
    const key = own && keyOf(own);
    if (own === undefined || key === undefined) return 'its table has no key of one whole number';
    const ground = await this.#ground(own, key);
    const keys = [...ground.rows, String(ground.free), String(ground.free + 1n)];
    this.#touched = { column: key, keys };
    return trigger.trigger === undefined ? 'it is no trigger' : changesFor(trigger.trigger.event, ground);
  }

  async tryOut(changes: Changes, firing: readonly RoutineMapping[], of: RoutineMapping): Promise<Outcome> {
    const { source, target } = this.#parts.sides;
    await Promise.all([source.begin(), target.begin()]);
    try {
      await fire(target, firing);
      for (const change of changes) {
        const [one, other] = await Promise.all([
          source.write(change.source, SECONDS_MAX),
          target.write(change.target, SECONDS_MAX),
        ]);
        if (!one.ok && !other.ok) return 'refused';
        if (one.ok !== other.ok) return 'differs';
        if (one.ok && other.ok && one.rows !== other.rows) return 'differs';
      }
      if (!(await target.settle()).ok) return 'differs';
      const clocked = new Set(firing.concat(of).flatMap((routine) => routine.clocked));
      for (const [at, table] of this.#watched(of, firing.concat(of)).entries()) {
        // Of its own table no trigger of MySQL may write other rows than those that are changed.
        const only = at === 0 ? this.#touched : undefined;
        if (!(await holdsAlike(this.#parts.sides, table, { clocked, only }))) return 'differs';
      }
      return 'same';
    } finally {
      await Promise.all([source.rollback(), target.rollback()]);
    }
  }

  async close(): Promise<void> {
    const { source, target } = this.#parts.sides;
    await Promise.allSettled([source.close(), target.close()]);
    await this.#parts.replica.close().catch(() => undefined);
  }

  #watched({ trigger, writes }: RoutineMapping, standing: readonly RoutineMapping[]): TableMapping[] {
    const names = writtenBy({ trigger, writes }, standing);
    return [...names].flatMap((name) => this.#parts.tables.filter(({ target }) => target.name === name));
  }

  async #unlike(tables: readonly TableMapping[]): Promise<TableMapping | undefined> {
    const { source, target } = this.#parts.sides;
    for (const table of tables) {
      const name = qualified(table.source);
      if (!this.#alike.has(name)) {
        await Promise.all([source.begin(), target.begin()]);
        try {
          this.#alike.set(name, await holdsAlike(this.#parts.sides, table, { clocked: new Set() }));
        } finally {
          await Promise.all([source.rollback(), target.rollback()]);
        }
      }
      if (this.#alike.get(name) !== true) return table;
    }
    return undefined;
  }

  async #ground(table: TableMapping, key: Ground['key']): Promise<Ground> {
    const asking = await this.#parts.target.asking();
    const [name, from] = [quotedName(key.target, 'postgres'), quotedName(table.target.name, 'postgres')];
    const rows: string[] = [];
    try {
      for (const order of ['ASC', 'DESC']) {
        await asking.ask({
          sql: `SELECT ${name} FROM ${from} ORDER BY ${name} ${order} LIMIT ${String(ROWS)}`,
          seconds: SECONDS_MAX,
          onColumns: () => undefined,
          onRow: ([cell]) => cell !== undefined && cell !== null && rows.push(cell),
        });
      }
    } finally {
      await asking.close();
    }
    const most = rows.reduce((max, row) => (BigInt(row) > max ? BigInt(row) : max), 0n);
    return { table, key, rows: [...new Set(rows)], free: most + 1n };
  }
}

/** A trigger's own table first, then those that it writes, and that triggers of those write. */
export function writtenBy(
  { trigger, writes }: Pick<RoutineMapping, 'trigger' | 'writes'>,
  standing: readonly RoutineMapping[],
): ReadonlySet<string> {
  const names = new Set([trigger?.table ?? '', ...writes]);
  for (let before = -1; before !== names.size;) {
    before = names.size;
    for (const other of standing)
      if (names.has(other.trigger?.table ?? '')) for (const name of other.writes) names.add(name);
  }
  return names;
}

/** Other tables whose rows follow theirs by a foreign key. */
function followersOf(tables: readonly TableMapping[], all: readonly TableMapping[]): TableMapping[] {
  const found = new Set(tables);
  const follows = ({ foreignKeys }: TableMapping, { target }: TableMapping): boolean =>
    foreignKeys.some(
      ({ targetTable, onDelete, onUpdate }) =>
        targetTable.name === target.name && [onDelete, onUpdate].some((action) => /^(?:CASCADE|SET )/u.test(action)),
    );
  for (const parent of found) for (const child of all) if (follows(child, parent)) found.add(child);
  return [...found].filter((table) => !tables.includes(table));
}

/** The replica's database may be called otherwise. */
function bare(name: string): string {
  return name.slice(name.indexOf('.') + 1).toLowerCase();
}
