import { CaravanFailure } from '../../../../contracts/failures.js';
import type { RoutineMapping } from '../../../../contracts/mapping.js';
import { recordOf } from '../../../ends.js';
import { CutShort } from '../../checks/queries/lane.js';
import { callsOf } from '../calls.js';
import type { Value } from '../calls.js';
import type { Tried } from '../prove-function.js';
import type { ProvingRoutines } from '../prove-routines.js';
import { NO_REPLICA, openGrounds } from '../triggers/grounds.js';
import type { Grounds } from '../triggers/grounds.js';
import { CALL_SECONDS, contentsBefore, tryCall } from './call.js';
import { givenArguments, procedureCall } from './spell.js';

/** Calls of one procedure at most: each looks at whole tables. */
const CALLS_MAX = 24;
const PROPOSED = 'its translation stands in the plan';

type Verdicts = Map<RoutineMapping, Tried>;

/**
 * Calls procedures, which stand in the shadow, on a replica of the source and there: what comes back and what is left in
 * the tables must be the same. `firing`: triggers that were proven; on the replica all fire.
 */
export async function proveProcedures(
  proving: ProvingRoutines,
  procedures: readonly RoutineMapping[],
  firing: readonly RoutineMapping[],
): Promise<Verdicts> {
  const verdicts: Verdicts = new Map();
  if (procedures.length === 0) return verdicts;
  const { input } = await recordOf(proving.deps, proving.migrationId);
  const { replaySource: replica, source } = input;
  for (const procedure of procedures) {
    const tried =
      replica === undefined ? not(NO_REPLICA) : await prove(proving, { source, replica }, { procedure, firing });
    verdicts.set(procedure, tried);
  }
  return verdicts;
}

interface Proving {
  readonly procedure: RoutineMapping;
  readonly firing: readonly RoutineMapping[];
}

/** On sessions of its own: a call that does not end may cost one. */
async function prove(
  proving: ProvingRoutines,
  names: Parameters<typeof openGrounds>[1],
  tried: Proving,
): Promise<Tried> {
  const grounds = await openGrounds(proving, names);
  if (typeof grounds === 'string') return not(grounds);
  try {
    // MySQL has no such limit: there a call that takes longer ends the session.
    await grounds.sides.source.write(`SET SESSION max_statement_time = ${String(CALL_SECONDS)}`, CALL_SECONDS);
    return await proveProcedure(proving, grounds, tried);
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    return not(`the replica or the target was lost while it was tried (${error.code})`);
  } finally {
    await grounds.close();
  }
}

function not(reason: string): Tried {
  return { reason: `not proven: ${reason}; ${PROPOSED}` };
}

async function proveProcedure(
  proving: ProvingRoutines,
  grounds: Grounds,
  { procedure, firing }: Proving,
): Promise<Tried> {
  const watched = await grounds.watchedBy(procedure, firing);
  if (typeof watched === 'string') return not(watched);
  const calls = await callsFor(proving, procedure);
  if (calls === undefined) return not('an argument is of a type whose values are not tried');
  const clocked = new Set([procedure, ...firing].flatMap((routine) => routine.clocked));
  let [acted, differing, times] = [0, 0, 0];
  try {
    const before = await contentsBefore(grounds.sides, watched);
    for (const values of calls) {
      proving.alive.signal.throwIfAborted();
      const trying = { watched, firing, clocked, before };
      const called = await tryCall(grounds.sides, procedureCall(procedure, values), trying);
      if (called === 'late') return not(`a call took longer than ${String(CALL_SECONDS)} seconds`);
      times += 1;
      if (called === 'differs') differing += 1;
      else if (called !== 'refused' && called.acted) acted += 1;
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    return not(`its tables could not be compared (${error.refused?.code ?? 'unknown'})`);
  }
  const of = `of ${String(times)} calls`;
  if (differing > 0) return { reason: `translated, it does something else in ${String(differing)} ${of}; ${PROPOSED}` };
  if (acted === 0) return not(`none ${of} gave a value, or made a difference`);
  return { tried: { times, acted, onReplica: true } };
}

async function callsFor(
  { target }: ProvingRoutines,
  procedure: RoutineMapping,
): Promise<readonly Value[][] | undefined> {
  const asking = await target.asking();
  try {
    return (await callsOf({ ...procedure, arguments: givenArguments(procedure) }, asking))?.slice(0, CALLS_MAX);
  } finally {
    await asking.close();
  }
}
