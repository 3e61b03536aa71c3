import type { InPlan } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import { CaravanFailure, FAILURES } from '../../contracts/failures.js';
import type { ColumnMapping, TableMapping, ViewMapping } from '../../contracts/mapping.js';
import type { ViewReport } from '../../contracts/migration.js';
import type { Reader } from '../../databases/source.js';
import type { MadeView, Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { openTargetOf, planOf, withEnd } from '../ends.js';
import type { Alive } from '../heartbeat.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { hashSides } from './hash-sides.js';
import { sortedParts } from './sorted-parts.js';

/** A view that takes longer on either side is not proven. Milliseconds. */
const VIEW_MS_MAX = 10 * 60_000;

/**
 * Makes the plan's views in the shadow, in their order, and compares what each gives with what its source gives at S2.
 * A view that is not shown equal does not stay: a wrong view is worse than none.
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
      for (const view of migration.views) {
        const report = await snapshot.lend((reader) => proveView({ view, target, reader, alive }));
        if (!report.equal) await target.dropView(view);
        await deps.store.migrations.putView(input.migrationId, report);
        done.push(report);
      }
      return done;
    },
    alive.signal,
  );
  return { views: reports.length, equal: reports.filter(({ equal }) => equal).length };
}

interface Proving {
  readonly view: ViewMapping;
  readonly target: Target;
  readonly reader: Reader;
  readonly alive: Alive;
}

async function proveView(proving: Proving): Promise<ViewReport> {
  const { view, target } = proving;
  const made = await target.makeView(view);
  if (!made.made) return left(view, made.reason);
  const table = asTable(view, made);
  if (typeof table === 'string') return left(view, table);
  try {
    return await compare(proving, table);
  } catch (error) {
    proving.alive.signal.throwIfAborted();
    if (isTimeout(error)) return left(view, 'to compare it takes longer than ten minutes');
    if (!(error instanceof CaravanFailure) || FAILURES[error.code].disposition === 'retryable') throw error;
    return left(view, `it could not be read on both sides (${error.code})`);
  }
}

async function compare({ view, target, reader, alive }: Proving, table: TableMapping): Promise<ViewReport> {
  const signal = AbortSignal.any([alive.signal, AbortSignal.timeout(VIEW_MS_MAX)]);
  const options = { keys: false, signal };
  const parts = view.columns.map((column) => column.parts);
  const both = await hashSides(
    sortedParts(reader.scan(table, {}, options), parts),
    sortedParts(target.scan(table, {}, options), parts),
  );
  const { source, target: own } = both;
  const equal = source.equals(own);
  return {
    ...names(view),
    equal,
    ...(!equal && { reason: differing(source.count, own.count) }),
    sourceRows: source.count,
    targetRows: own.count,
    sourceHash: source.hex(),
    targetHash: own.hex(),
  };
}

function differing(source: number, target: number): string {
  if (source !== target) return `translated, it gives ${String(target)} rows instead of ${String(source)}`;
  return `translated, it gives ${String(source)} rows as in the source, but other values`;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function names(view: ViewMapping): { source: string; target: string } {
  return { source: qualified(view.source), target: qualified(view.target) };
}

function left(view: ViewMapping, reason: string): ViewReport {
  return { ...names(view), equal: false, reason, sourceRows: 0, targetRows: 0, sourceHash: null, targetHash: null };
}

/** The view as a table without a key, by which the proof reads both sides; or why it cannot. */
function asTable(view: ViewMapping, made: Extract<MadeView, { made: true }>): TableMapping | string {
  if (made.columns.length !== view.columns.length) return 'it has another number of columns in the target';
  const columns: ColumnMapping[] = [];
  for (const [at, { type, kind }] of made.columns.entries()) {
    const names = view.columns[at];
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
