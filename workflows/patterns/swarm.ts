import type { ExecutionTask } from '../../contracts/executions.js';
import { answersOf, askedTasks } from './answers.js';
import type { PatternRun } from './pattern-run.js';

/**
 * Equal agents on one heap of work: whoever is idle takes what is left (see `AgentPool`, sharing `pool`), and whoever
 * finds more work adds it (`spawn` of an answer: tasks with id, agent, input). What two of them find is done once: an
 * id that is there already adds nothing.
 */
export async function swarm(run: PatternRun): Promise<void> {
  const { engine } = run;
  await run.run({
    after: (task, output) => {
      const found = answersOf(task, output).flatMap(({ spawn }) => askedTasks(spawn, task.id));
      const spawned = found.map(({ id, agent = task.agent, input }): ExecutionTask => {
        const { timeoutSeconds, retry, onExhausted } = task;
        return { id, agent, agentType: engine.typeOf(agent), input, dependsOn: [], timeoutSeconds, retry, onExhausted };
      });
      run.replan('spawned', spawned);
      return Promise.resolve(output);
    },
  });
}
