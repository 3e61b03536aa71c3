import type { ExecutionTask } from '../../contracts/executions.js';
import { failure } from '../kit/failures.js';
import type { Fields } from './answers.js';
import { fieldsOf, listOf, textOf } from './answers.js';
import type { PatternRun } from './pattern-run.js';

/** Steps of the way that the context remembers. */
const STEPS = 50;
/** Where the context is kept, so that a checkpoint holds it. */
const CONTEXT = '#context';

/**
 * Control passes from agent to agent, and the context goes with it: each is given what those before it left there
 * (`context` of their answers) and the way so far. An answer may say who comes next (`handoff_to`): a task is passed by
 * when every way to it was left for another.
 */
export async function handoff(run: PatternRun): Promise<void> {
  const context = new Context(run);
  await run.run({
    shared: () => context.shared(),
    skip: (task) => context.passesBy(task),
    after: (task, output) => {
      context.leave(task, fieldsOf(output));
      return Promise.resolve(output);
    },
  });
  context.expectTaken();
}

class Context {
  readonly #engine: PatternRun['engine'];

  constructor(run: PatternRun) {
    this.#engine = run.engine;
  }

  shared(): Fields {
    const { way = [], ...shared } = this.#kept();
    return { ...shared, way, chosen: undefined, awaited: undefined };
  }

  /** A task that is passed by hands the choice on, so that all behind it is passed by as well, up to the chosen one. */
  passesBy({ id, dependsOn }: ExecutionTask): boolean {
    const kept = this.#kept();
    const choices = dependsOn.map((task) => textOf(fieldsOf(kept['chosen'])[task]));
    const [first] = choices;
    if (first === undefined || choices.some((next) => next === undefined || next === id)) return false;
    this.#keep({ ...kept, chosen: { ...fieldsOf(kept['chosen']), [id]: first } });
    return true;
  }

  leave(task: ExecutionTask, answer: Fields): void {
    const before = this.#kept();
    const next = textOf(answer['handoff_to']);
    const awaited = this.#awaited(before).filter((id) => id !== task.id && id !== next);
    this.#keep({
      ...before,
      ...fieldsOf(answer['context']),
      way: [...listOf(before['way']).slice(1 - STEPS), { task: task.id, agent: task.agent }],
      chosen: { ...fieldsOf(before['chosen']), ...(next !== undefined && { [task.id]: next }) },
      awaited: next === undefined ? awaited : [...awaited, next],
    });
    if (next === undefined) return;
    this.#engine.events.add('agent.message', { data: { from: task.id, to: next, what: 'handoff' } });
  }

  /** Control that was handed to nobody would else end as if all were well. */
  expectTaken(): void {
    const skipped = new Set(this.#engine.memory.idsIn('skipped'));
    const lost = this.#awaited(this.#kept()).find((id) => !skipped.has(id));
    if (lost === undefined) return;
    throw failure('TASK_OUTPUT_INVALID', `Control was handed over to "${lost}", which no task behind has as its id.`);
  }

  #awaited(kept: Fields): readonly string[] {
    return listOf(kept['awaited']).filter((id) => typeof id === 'string');
  }

  #kept(): Fields {
    return fieldsOf(this.#engine.memory.outputOf(CONTEXT));
  }

  #keep(context: Fields): void {
    this.#engine.memory.keep(CONTEXT, context);
  }
}
