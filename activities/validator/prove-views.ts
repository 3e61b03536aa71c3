import type { InPlan } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import { CaravanFailure, FAILURES } from '../../contracts/failures.js';
import type {
  ColumnMapping,
  MigrationMapping,
  NativeObject,
  TableMapping,
  ViewMapping,
} from '../../contracts/mapping.js';
import type { ViewReport } from '../../contracts/migration.js';
import type { Reader } from '../../databases/source.js';
import type { MadeView, Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { openTargetOf, planOf, withEnd } from '../ends.js';
import type { Alive } from '../heartbeat.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { hashSides } from './hash-sides.js';
import { proveRoutines } from './routines/prove-routines.js';
import { sortedParts } from './sorted-parts.js';

/** A view that takes longer on either side is not proven. Milliseconds. */
const VIEW_MS_MAX = 10 * 60_000;
const TOO_LONG = 'to compare it takes longer than ten minutes';

/**
 * Makes the plan's views in the shadow, in their order, and compares what each gives with what its source gives at S2.
 * A view that is not shown equal does not stay: a wrong view is worse than none. Routines of a plan from PostgreSQL come
 * before them, and what belongs to tables and views after; last come those that were translated.
 */
export async function proveViews(
  { deps, host }: { readonly deps: Deps; readonly host: SnapshotHost },
  input: InPlan & { snapshotId: string },
  alive: Alive,
): Promise<{ views: number; equal: number }> {
  const { migration } = (await planOf(deps, input.planId)).document;
  const { snapshot } = host.get(input.snapshotId);
  const reports = await withEnd(
    openTargetOf(deps, input.migrationId),
    async (target) => {
      await target.dropViews(migration);
      const done: ViewReport[] = [];
      const { objects = [] } = migration;
      const make = async (object: NativeObject): Promise<void> => {
        alive.signal.throwIfAborted();
        done.push(await makeAndTell({ deps, target, migration }, input.migrationId, object));
      };
      for (const object of objects) if (object.kind === 'routine') await make(object);
      for (const view of migration.views) {
        const report = await snapshot.lend((reader) => proveView({ view, target, reader, alive, migration }));
        if (!report.equal) await target.dropView(view);
        await deps.store.migrations.putView(input.migrationId, report);
        done.push(report);
      }
      for (const object of objects) if (object.kind !== 'routine') await make(object);
      done.push(...(await proveRoutines({ deps, migrationId: input.migrationId, migration, target, snapshot, alive })));
      return done;
    },
    alive.signal,
  );
  return { views: reports.length, equal: reports.filter(({ equal }) => equal).length };
}

/** One that tables need is there already. */
async function makeAndTell(
  { deps, target, migration }: { readonly deps: Deps; readonly target: Target; readonly migration: MigrationMapping },
  migrationId: string,
  object: NativeObject,
): Promise<ViewReport> {
  const made = await target.makeObject(object, migration);
  const { kind, name } = object;
  const report: ViewReport = {
    kind,
    source: name,
    target: `${migration.targetSchema}.${object.relation ?? object.routine?.name ?? name.slice(name.indexOf('.') + 1)}`,
    equal: made.made,
    ...(!made.made && { reason: made.reason }),
    ...NOTHING,
  };
  await deps.store.migrations.putView(migrationId, report);
  return report;
}

interface Proving extends ViewSides {
  readonly migration: MigrationMapping;
  readonly target: Target;
}

async function proveView(proving: Proving): Promise<ViewReport> {
  const { view, target, migration } = proving;
  const made = await target.makeView(view, migration);
  if (!made.made) return left(view, made.reason);
  // One that is not filled in the source has nothing to compare.
  if (view.materialized?.populated === false) return { ...names(view), ...NOTHING, kind: MATERIALIZED, equal: true };
  const table = asTable(view, made, migration.sourceEngine === 'postgres');
  if (typeof table === 'string') return left(view, table);
  const report = await compareOrSay(proving, table);
  return typeof report === 'string' ? left(view, report) : report;
}

/** What a view gives on both sides. */
export interface ViewSides {
  readonly migration: Pick<MigrationMapping, 'sourceEngine'>;
  readonly view: ViewMapping;
  readonly target: Pick<Target, 'scan'>;
  readonly reader: Reader;
  readonly alive: Alive;
}

/** What both give, as sets, or why it could not be read; what was of the moment only does not come twice. */
export async function compareOrSay(sides: ViewSides, table: TableMapping): Promise<ViewReport | string> {
  const first = await tryCompare(sides, table);
  return typeof first === 'string' && first !== TOO_LONG ? tryCompare(sides, table) : first;
}

async function tryCompare(sides: ViewSides, table: TableMapping): Promise<ViewReport | string> {
  try {
    return await compareView(sides, table);
  } catch (error) {
    sides.alive.signal.throwIfAborted();
    if (isTimeout(error)) return TOO_LONG;
    if (!(error instanceof CaravanFailure) || FAILURES[error.code].disposition === 'retryable') throw error;
    return `it could not be read on both sides (${error.code}: ${error.seen})`;
  }
}

async function compareView(
  { view, target, reader, alive, migration }: ViewSides,
  table: TableMapping,
): Promise<ViewReport> {
  const signal = AbortSignal.any([alive.signal, AbortSignal.timeout(VIEW_MS_MAX)]);
  const options = { keys: false, readOnly: true, signal };
  const parts = view.columns.map((column) => column.parts);
  const asked = view.materialized ? { ...table, query: view.materialized.query } : table;
  const both = await hashSides(
    sortedParts(reader.scan(asked, {}, options), parts),
    sortedParts(target.scan(table, {}, options), parts),
  );
  const { source, target: own } = both;
  const equal = source.equals(own);
  return {
    ...names(view),
    equal,
    ...(view.materialized && (equal ? { ofQuery: true } : { kind: MATERIALIZED })),
    ...(!equal && { reason: differing(source.count, own.count, migration) }),
    sourceRows: source.count,
    targetRows: own.count,
    sourceHash: source.hex(),
    targetHash: own.hex(),
  };
}

function differing(source: number, target: number, { sourceEngine }: Pick<MigrationMapping, 'sourceEngine'>): string {
  const which = sourceEngine === 'postgres' ? 'in the target' : 'translated,';
  if (source !== target) return `${which} it gives ${String(target)} rows instead of ${String(source)}`;
  return `${which} it gives ${String(source)} rows as in the source, but other values`;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function names(view: ViewMapping): { source: string; target: string } {
  return { source: qualified(view.source), target: qualified(view.target) };
}

const MATERIALIZED = 'materialized view';
const NOTHING = { sourceRows: 0, targetRows: 0, sourceHash: null, targetHash: null } as const;

function left(view: ViewMapping, reason: string): ViewReport {
  return { ...names(view), ...NOTHING, ...(view.materialized && { kind: MATERIALIZED }), equal: false, reason };
}

/** The view as a table without a key, by which the proof reads both sides; or why it cannot. */
export function asTable(
  view: ViewMapping,
  made: Pick<Extract<MadeView, { made: true }>, 'columns'>,
  fromPostgres: boolean,
): TableMapping | string {
  if (made.columns.length !== view.columns.length) return 'it has another number of columns in the target';
  const columns: ColumnMapping[] = [];
  for (const [at, column] of made.columns.entries()) {
    const names = view.columns[at];
    const type = fromPostgres ? column.native : column.type;
    const kind = fromPostgres ? 'native' : column.kind;
    if (kind === undefined || names === undefined) return `a column of the type ${type} cannot be compared`;
    columns.push({
      source: names.source,
      target: names.target,
      type,
      kind,
      sourceNullable: true,
      nullable: true,
      transform: [{ op: 'as_is' }],
      limits: {},
      onInvalid: 'null',
      confidence: 1,
      reasons: [],
    });
  }
  return {
    source: view.source,
    target: view.target,
    columns,
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    chunkRows: 1,
    estimatedRows: 0,
    transactional: true,
  };
}
