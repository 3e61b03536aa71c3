import type { RoutineMapping } from '../../../contracts/mapping.js';
import type { ViewReport } from '../../../contracts/migration.js';
import type { Asking } from '../../../databases/asking.js';
import { Lane } from '../checks/queries/lane.js';
import type { Heard } from '../checks/queries/lane.js';
import { callsOf, callSql } from './calls.js';

/** How a routine came out: proven, or why not. */
export type Tried = { readonly tried: NonNullable<ViewReport['tried']> } | { readonly reason: string };

const ORDER = { orderBy: { fixed: 'none', keys: [] } } as const;

/**
 * Calls a function that only reads on both sides, each in its read-only transaction at one state of the data, and compares
 * what comes back. One value that differs is enough, and so is a function that never gave a value.
 */
export async function proveFunction(
  routine: RoutineMapping,
  sides: { readonly source: Asking; readonly target: Asking },
  signal: AbortSignal,
): Promise<Tried> {
  const calls = await callsOf(routine, sides.target);
  if (calls === undefined) return { reason: 'not proven: an argument is of a type whose values are not tried' };
  const lane = new Lane(sides);
  let [acted, differing, times] = [0, 0, 0];
  for (const values of calls) {
    signal.throwIfAborted();
    const asked = { ...callSql(routine, values), ...ORDER };
    const { answers, ended } = await lane.ask(asked);
    const stopped = refusedOf(ended);
    if (stopped !== undefined) return { reason: stopped };
    times += 1;
    if (!ended.source.ok || !ended.target.ok) {
      if (ended.source.ok !== ended.target.ok) differing += 1;
      continue;
    }
    const { outcome } = await lane.compare(asked, answers);
    if (outcome !== 'equal') differing += 1;
    else if (answers.source.rows[0]?.[0] !== null) acted += 1;
  }
  if (differing > 0)
    return { reason: `translated, it gives something else in ${String(differing)} of ${String(times)} calls` };
  if (acted === 0) return { reason: `not proven: none of ${String(times)} calls gave a value` };
  return { tried: { times, acted } };
}

/** What says nothing of the function. */
function refusedOf({ source, target }: Heard['ended']): string | undefined {
  const refused = [source, target].flatMap((side) => (side.ok ? [] : [side.refused]));
  if (refused.some(({ why }) => why === 'time_limit')) return 'not proven: a call took longer than 30 seconds';
  if (!source.ok && source.refused.why === 'not_allowed')
    return 'not proven: the login may not call it; mend it with: GRANT EXECUTE';
  return undefined;
}
