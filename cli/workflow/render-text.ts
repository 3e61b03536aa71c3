import type { PlannedGraph } from '../../language/planner/types.js';
import { countText, printable } from '../text-table.js';

/** The graph as text: wave by wave, each task with what it waits for; `*` marks the critical path. */
export function renderText({ tasks, waves, criticalPath }: PlannedGraph): string[] {
  const critical = new Set(criticalPath.tasks);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return waves.flatMap((ids, wave) => [
    `wave ${countText(wave + 1)}`,
    ...ids.map((id) => {
      const task = byId.get(id);
      const before = task?.dependsOn.map(printable).join(', ') ?? '';
      const marks = [
        task?.onEvent === undefined ? '' : `  on ${printable(task.onEvent)}`,
        task?.pivot ? '  pivot' : '',
      ];
      const head = `  ${critical.has(id) ? '*' : ' '} ${printable(id)} (${printable(task?.agent ?? '')})`;
      return `${head}${before === '' ? '' : `  ← ${before}`}${marks.join('')}`;
    }),
  ]);
}
