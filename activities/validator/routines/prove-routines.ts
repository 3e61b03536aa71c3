import { qualified } from '../../../contracts/catalogue.js';
import type { MigrationMapping, RoutineMapping } from '../../../contracts/mapping.js';
import type { ViewReport } from '../../../contracts/migration.js';
import type { Asking } from '../../../databases/asking.js';
import type { Snapshot } from '../../../databases/source.js';
import type { Target } from '../../../databases/target.js';
import type { Deps } from '../../deps.js';
import type { Alive } from '../../heartbeat.js';
import { quotedName } from '../../kora/behaviour/literals.js';
import { proveProcedures } from './procedures/prove-procedures.js';
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
 * Makes routines of the plan in the shadow and tries them beside the source's: functions that only read are called,
 * triggers and procedures on a replica. What is not shown to do the same does not stay. Functions come first, for the
 * others may call them.
 */
export async function proveRoutines(proving: ProvingRoutines): Promise<ViewReport[]> {
  const { routines = [] } = proving.migration;
  if (routines.length === 0) return [];
  const reports: ViewReport[] = [];
  const tell = async (routine: RoutineMapping, tried: Tried): Promise<void> => {
    const report = reportOf(routine, tried);
    if (!report.equal) await proving.target.dropRoutine(routine);
    await proving.deps.store.migrations.putView(proving.migrationId, report);
    reports.push(report);
  };
  for (const routine of routines.filter(({ kind }) => kind === 'function'))
    await tell(routine, await proveFunctionOf(proving, routine));
  for (const [routine, tried] of await proveTogether(proving)) await tell(routine, tried);
  return reports;
}

/**
 * Procedures write what fires triggers, and triggers call procedures: all stand in the shadow while either is tried. Where
 * a procedure goes that others call, all others are tried once more without it.
 */
async function proveTogether(proving: ProvingRoutines): Promise<Map<RoutineMapping, Tried>> {
  const { target, migration } = proving;
  const { routines = [] } = migration;
  const triggers = routines.filter(({ kind }) => kind === 'trigger');
  const verdicts = new Map<RoutineMapping, Tried>();
  let standing: RoutineMapping[] = [];
  for (const procedure of routines.filter(({ kind }) => kind === 'procedure')) {
    const made = await target.makeRoutine(procedure, migration);
    if (made.made) standing.push(procedure);
    else verdicts.set(procedure, { reason: made.reason });
  }
  for (;;) {
    const fired = await proveTriggers(proving, triggers);
    const proven = triggers.filter((trigger) => isProven(fired.get(trigger)));
    const called = await proveProcedures(proving, standing, proven);
    for (const [routine, tried] of [...fired, ...called]) verdicts.set(routine, tried);
    const gone = standing.filter((procedure) => !isProven(called.get(procedure)));
    standing = standing.filter((procedure) => !gone.includes(procedure));
    for (const procedure of gone.toReversed()) await target.dropRoutine(procedure);
    if (![...proven, ...standing].some((routine) => gone.some((other) => calls(routine, other)))) return verdicts;
    for (const trigger of triggers) await target.dropRoutine(trigger);
  }
}

function isProven(tried: Tried | undefined): boolean {
  return tried !== undefined && 'tried' in tried;
}

function calls({ statements }: RoutineMapping, { target }: RoutineMapping): boolean {
  return statements.some((statement) => statement.includes(`${quotedName(target.name, 'postgres')}(`));
}

async function proveFunctionOf(
  { migration, target, snapshot, alive }: ProvingRoutines,
  routine: RoutineMapping,
): Promise<Tried> {
  alive.signal.throwIfAborted();
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
