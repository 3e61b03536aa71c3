import { PAGE } from '../../contracts/activities.js';
import type { GraphTask, TaskPhase } from '../../contracts/graph.js';
import { architect } from '../kit/profiles.js';

/** The plan's slice of one phase, page by page. */
export async function readTasks(planId: string, phase: TaskPhase): Promise<GraphTask[]> {
  const tasks: GraphTask[] = [];
  for (;;) {
    const page = await architect(`read the plan's ${phase} tasks`).readPlanTasks({
      planId,
      phase,
      offset: tasks.length,
    });
    tasks.push(...page.tasks);
    if (page.tasks.length < PAGE) return tasks;
  }
}
