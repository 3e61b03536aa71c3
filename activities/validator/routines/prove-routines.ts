import { qualified } from '../../../contracts/catalogue.js';
import type { MigrationMapping, RoutineMapping } from '../../../contracts/mapping.js';
import type { ViewReport } from '../../../contracts/migration.js';
import type { Asking } from '../../../databases/asking.js';
import type { Snapshot } from '../../../databases/source.js';
import type { Target } from '../../../databases/target.js';
import type { Deps } from '../../deps.js';
import type { Alive } from '../../heartbeat.js';
import type { Tried } from './prove-function.js';
import { proveFunction } from './prove-function.js';
import { proveTriggers } from './triggers/prove-triggers.js';

export interface ProvingRoutines {
  readonly deps: Deps;
  readonly migrationId: string;
  readonly migration: MigrationMapping;
  readonly target: Target;
  readonly snapshot: Snapshot;
  readonly alive: Alive;
}

/**
 * Makes routines of the plan in the shadow and tries them beside the source's: functions that only read are called, and
 * triggers on a replica. What is not shown to do the same does not stay. Functions come first, for triggers may call them.
 */
export async function proveRoutines(proving: ProvingRoutines): Promise<ViewReport[]> {
  const { routines = [] } = proving.migration;
  if (routines.length === 0) return [];
  const reports: ViewReport[] = [];
  const gone = new Set<string>();
  const tell = async (routine: RoutineMapping, tried: Tried): Promise<void> => {
    const report = reportOf(routine, tried);
    if (!report.equal) {
      await proving.target.dropRoutine(routine);
      gone.add(qualified(routine.source));
    }
    await proving.deps.store.migrations.putView(proving.migrationId, report);
    reports.push(report);
  };
  const functions = routines.filter(({ kind }) => kind !== 'trigger');
  for (const routine of functions) await tell(routine, await proveOne(proving, routine));
  const triggers = routines.filter(({ kind }) => kind === 'trigger');
  for (const [routine, tried] of await proveTriggers(proving, triggers)) await tell(routine, tried);
  return reports;
}

async function proveOne(
  { migration, target, snapshot, alive }: ProvingRoutines,
  routine: RoutineMapping,
): Promise<Tried> {
  alive.signal.throwIfAborted();
  if (routine.kind === 'procedure') return { reason: `${NOT_RUN}: procedures are not called${PROPOSED}` };
  if (routine.writes.length > 0) return { reason: `${NOT_RUN}: it writes${PROPOSED}` };
  const made = await target.makeRoutine(routine, migration);
  if (!made.made) return { reason: made.reason };
  return snapshot.lend(async (reader) => {
    const source = await reader.asking?.({ path: [] });
    if (source === undefined) return { reason: `${NOT_RUN}: the source answers no calls` };
    return closing(source, async () => {
      const own = await target.asking();
      return closing(own, () => proveFunction(routine, { source, target: own }, alive.signal));
    });
  });
}

const NOT_RUN = 'not proven';
const PROPOSED = '; its translation stands in the plan';

async function closing<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await asking.close();
  }
}

function reportOf({ kind, source, target }: RoutineMapping, tried: Tried): ViewReport {
  return {
    kind: kind === 'trigger' ? 'trigger' : 'routine',
    source: qualified(source),
    target: qualified(target),
    equal: 'tried' in tried,
    ...('tried' in tried ? { tried: tried.tried } : { reason: tried.reason }),
    sourceRows: 0,
    targetRows: 0,
    sourceHash: null,
    targetHash: null,
  };
}
