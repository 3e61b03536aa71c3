import { afterOf } from './dependency-index.js';
import type { DependencyIndex } from './dependency-index.js';
import type { PlanWarning } from './problems.js';
import type { PlannerTask } from './types.js';

/** Tasks whose event nothing emits, and what waits for them. */
export function findUnreleased(
  index: DependencyIndex,
  tasks: readonly PlannerTask[],
  events: readonly string[] | undefined,
): PlanWarning[] {
  if (events === undefined) return [];
  const emitted = new Set(events);
  const because = new Int32Array(tasks.length).fill(-1);
  const queue: number[] = [];
  tasks.forEach(({ onEvent }, position) => {
    if (onEvent === undefined || emitted.has(onEvent)) return;
    because[position] = position;
    queue.push(position);
  });
  for (const node of queue) {
    for (const follower of afterOf(index, node)) {
      if (because[follower] !== -1) continue;
      because[follower] = because[node] ?? -1;
      queue.push(follower);
    }
  }
  return tasks.flatMap(({ id, onEvent }, position): PlanWarning[] => {
    const cause = because[position] ?? -1;
    if (cause === -1) return [];
    if (cause === position) return [{ code: 'never_released', task: id, position, event: onEvent ?? '' }];
    return [{ code: 'unreachable', task: id, position, because: tasks[cause]?.id ?? '' }];
  });
}
