import type { RoutineMapping } from '../../../../contracts/mapping.js';
import { recordOf } from '../../../ends.js';
import { CutShort } from '../../checks/queries/lane.js';
import type { Tried } from '../prove-function.js';
import type { ProvingRoutines } from '../prove-routines.js';
import { NO_REPLICA, openGrounds, writtenBy } from './grounds.js';
import type { Grounds } from './grounds.js';

type Verdicts = Map<RoutineMapping, Tried>;

/** As often as it is looked at whether a trigger makes a difference. */
const ACTED = 3;
const PROPOSED = 'its translation stands in the plan';

/**
 * Tries triggers on a replica of the source and in the shadow, where they fire for the time of a trial. Those that do
 * something else are taken away, and the others are tried once more without them, until all that are left do the same.
 */
export async function proveTriggers(proving: ProvingRoutines, triggers: readonly RoutineMapping[]): Promise<Verdicts> {
  const verdicts: Verdicts = new Map();
  if (triggers.length === 0) return verdicts;
  const unproven = (some: readonly RoutineMapping[], reason: string): Verdicts => {
    for (const trigger of some) verdicts.set(trigger, { reason: `not proven: ${reason}; ${PROPOSED}` });
    return verdicts;
  };
  const { input } = await recordOf(proving.deps, proving.migrationId);
  if (input.replaySource === undefined) return unproven(triggers, NO_REPLICA);
  const made: RoutineMapping[] = [];
  for (const trigger of triggers) {
    const done = await proving.target.makeRoutine(trigger, proving.migration);
    if (done.made) made.push(trigger);
    else verdicts.set(trigger, { reason: done.reason });
  }
  const grounds = await openGrounds(proving, { source: input.source, replica: input.replaySource });
  if (typeof grounds === 'string') return unproven(made, grounds);
  try {
    let [standing, left] = [made, made];
    while (left.length > 0) {
      for (const trigger of left) verdicts.set(trigger, await tryTrigger(proving, grounds, { trigger, standing }));
      const isProven = (trigger: RoutineMapping): boolean => 'tried' in (verdicts.get(trigger) ?? {});
      const proven = new Set(standing.filter(isProven).map(({ source }) => source.name));
      // What a change does is what all do that fire at it: one alone would do a part of it.
      for (const trigger of standing) {
        const missing = trigger.trigger?.beside.find((name) => !proven.has(name));
        if (missing !== undefined && isProven(trigger))
          unproven([trigger], `${missing}, which fires at the same change, was not proven`);
      }
      const gone = standing.filter((trigger) => !isProven(trigger));
      // Those that fire what is gone did it with its help.
      left = standing.filter((trigger) => isProven(trigger) && gone.some((other) => reaches(trigger, other, standing)));
      standing = standing.filter(isProven);
    }
    return verdicts;
  } finally {
    await grounds.close();
  }
}

function reaches(trigger: RoutineMapping, other: RoutineMapping, standing: readonly RoutineMapping[]): boolean {
  return other.trigger !== undefined && writtenBy(trigger, standing).has(other.trigger.table);
}

interface Trying {
  readonly trigger: RoutineMapping;
  /** All that fire. */
  readonly standing: readonly RoutineMapping[];
}

async function tryTrigger({ alive }: ProvingRoutines, grounds: Grounds, trying: Trying): Promise<Tried> {
  const { trigger, standing } = trying;
  const not = (reason: string): Tried => ({ reason: `not proven: ${reason}; ${PROPOSED}` });
  const changes = await grounds.changesFor(trigger, standing);
  if (typeof changes === 'string') return not(changes);
  let [times, acted] = [0, 0];
  const without = standing.filter((other) => other !== trigger);
  for (const change of changes) {
    alive.signal.throwIfAborted();
    try {
      const outcome = await grounds.tryOut(change, standing, trigger);
      if (outcome === 'refused') continue;
      if (outcome === 'differs') return { reason: `translated, it leaves other rows; ${PROPOSED}` };
      times += 1;
      // What happens as well without it says nothing of it.
      if (acted < ACTED && (await grounds.tryOut(change, without, trigger)) === 'differs') acted += 1;
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      return not(`its tables could not be compared (${error.refused?.code ?? 'unknown'})`);
    }
  }
  if (times === 0) return not('no row of its table could be changed to try it');
  if (acted === 0) return not(`it made no difference in any of ${String(times)} changes`);
  return { tried: { times, acted } };
}
