import type { ExecutionTask } from '../../contracts/executions.js';
import { failure } from '../kit/failures.js';
import { answersOf, fieldsOf } from './answers.js';
import type { PatternRun } from './pattern-run.js';

/** Most reports that one task is given. */
const REPORTS = 100;
/** Most agents that one task may be given. */
const ALLOCATED_MAX = 1000;

/**
 * Levels that allocate downwards and report upwards. A task's answer may hold `allocate: {task: n}`: so many agents
 * of the level below work on that task at once. A task is given the reports of those it depends on: who did what, and
 * how it went. A task that is itself a pattern is a team of its own, a child execution.
 */
export async function hierarchical(run: PatternRun): Promise<void> {
  const { engine } = run;
  const reportOf = (id: string): Record<string, unknown> => ({
    task: id,
    state: engine.memory.stateOf(id),
    attempts: engine.memory.attemptOf(id),
  });
  await run.run({
    shared: ({ dependsOn }: ExecutionTask) => ({ reports: dependsOn.slice(0, REPORTS).map(reportOf) }),
    after: (task, output) => {
      const wanted = answersOf(task, output).flatMap(({ allocate }) => Object.entries(fieldsOf(allocate)));
      for (const [id, count] of wanted) {
        if (!isCount(count)) throw failure('TASK_OUTPUT_INVALID', `"${task.id}" allocates no number to "${id}".`);
        engine.routes.set(id, { ...engine.routes.get(id), parallel: count });
        engine.events.add('agent.assigned', { task: id, data: { by: task.id, agents: count } });
      }
      return Promise.resolve(output);
    },
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= ALLOCATED_MAX;
}
