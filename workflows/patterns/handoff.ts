import type { ExecutionTask } from '../../contracts/executions.js';
import { fieldsOf, listOf, textOf } from './answers.js';
import type { PatternRun } from './pattern-run.js';

/** Steps of the way that the context remembers. */
const STEPS = 50;
/** Where the context is kept, so that a checkpoint holds it. */
const CONTEXT = '#context';

/**
 * Control passes from agent to agent, and the context goes with it: each is given what those before it left there
 * (`context` of their answers) and the way so far. An answer may say who comes next (`handoff_to`): the other tasks
 * that only wait for the same one are skipped.
 */
export async function handoff(run: PatternRun): Promise<void> {
  const { memory, events } = run.engine;
  const context = (): Readonly<Record<string, unknown>> => fieldsOf(memory.outputOf(CONTEXT));
  /** Task to the one that it handed over to. */
  const chosen = (task: string): string | undefined => textOf(fieldsOf(context()['chosen'])[task]);
  await run.run({
    shared: () => {
      const { way = [], ...shared } = context();
      return { ...shared, way, chosen: undefined };
    },
    skip: ({ id, dependsOn }: ExecutionTask) => {
      const choices = dependsOn.map(chosen);
      return choices.length > 0 && choices.every((next) => next !== undefined && next !== id);
    },
    after: (task, output) => {
      const before = context();
      const answer = fieldsOf(output);
      const next = textOf(answer['handoff_to']);
      const way = [...listOf(before['way']).slice(1 - STEPS), { task: task.id, agent: task.agent }];
      const choices = next === undefined ? {} : { [task.id]: next };
      memory.keep(CONTEXT, {
        ...before,
        ...fieldsOf(answer['context']),
        way,
        chosen: { ...fieldsOf(before['chosen']), ...choices },
      });
      if (next !== undefined) events.add('agent.message', { data: { from: task.id, to: next, what: 'handoff' } });
      return Promise.resolve(output);
    },
  });
}
