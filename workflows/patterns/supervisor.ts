import type { ExecutionTask } from '../../contracts/executions.js';
import { failure } from '../kit/failures.js';
import { askedTasks, fieldsOf, textOf } from './answers.js';
import type { AskedTask } from './answers.js';
import type { PatternRun } from './pattern-run.js';

/** How often a result is sent back before the task fails. Option `max_rounds`. */
const ROUNDS = 3;

interface Verdict {
  readonly accepted: boolean;
  readonly reason: string;
  /** A new decomposition of the work: it is done instead of the whole task. */
  readonly tasks: readonly AskedTask[];
}

/**
 * One agent decomposes and judges, others work. After each result of a worker the supervisor is asked for its verdict
 * (`purpose: "judge"`): accepted, or sent back with a reason, or decomposed anew into smaller tasks whose results
 * together take the result's place. Only a supervisor that can judge is asked: an agent of the definition with the
 * capability `judge`.
 */
export async function supervisor(run: PatternRun): Promise<void> {
  const { supervisor: name, max_rounds: rounds } = run.options;
  const judge = textOf(name);
  if (judge === undefined) return run.run();
  const supervision = new Supervision(run, judge, typeof rounds === 'number' ? rounds : ROUNDS);
  await run.run({ after: (task, output) => supervision.settle(task, output) });
}

class Supervision {
  readonly #run: PatternRun;
  readonly #judge: string;
  readonly #rounds: number;

  constructor(run: PatternRun, judge: string, rounds: number) {
    this.#run = run;
    this.#judge = judge;
    this.#rounds = rounds;
  }

  /** The output that the supervisor accepts. */
  async settle(task: ExecutionTask, output: unknown): Promise<unknown> {
    if (task.agent === this.#judge) return output;
    let result = output;
    for (let round = 1; ; round += 1) {
      const verdict = await this.#verdict(task, result, round);
      if (verdict.accepted) return result;
      if (round > this.#rounds) {
        throw failure('TASK_REJECTED', `The supervisor did not accept "${task.id}" in ${String(this.#rounds)} rounds.`);
      }
      result = await this.#again(task, { verdict, previous: result, round });
    }
  }

  async #verdict(task: ExecutionTask, output: unknown, round: number): Promise<Verdict> {
    const { engine } = this.#run;
    const answer = fieldsOf(
      await engine.dispatcher.send({
        agent: this.#judge,
        agentType: engine.typeOf(this.#judge),
        taskId: `${task.id}#${String(round)}`,
        purpose: 'judge',
        input: { task: task.id, input: await this.#inputOf(task), output, round },
        timeoutSeconds: task.timeoutSeconds,
        retry: task.retry,
      }),
    );
    return {
      // An answer that says nothing of it accepts.
      accepted: answer['accepted'] !== false,
      reason: textOf(answer['reason']) ?? '',
      tasks: askedTasks(answer['tasks'], this.#judge),
    };
  }

  /** As the worker saw it. What only one part of the task could see (`item`) is null: the task is judged as a whole. */
  async #inputOf({ input, onEvent }: ExecutionTask): Promise<unknown> {
    const { values } = this.#run.engine;
    return values.resolveKnown(input ?? null, values.eventOf(onEvent));
  }

  async #again(
    task: ExecutionTask,
    seen: { readonly verdict: Verdict; readonly previous: unknown; readonly round: number },
  ): Promise<unknown> {
    const { verdict, previous, round } = seen;
    const { engine } = this.#run;
    const shared = { feedback: verdict.reason, previous, round };
    const parts: readonly AskedTask[] =
      verdict.tasks.length > 0 ? verdict.tasks : [{ id: 'again', input: await this.#inputOf(task) }];
    const reason = verdict.tasks.length > 0 ? 'decomposed_again' : 'sent_back';
    engine.events.add('workflow.replanned', { data: { reason, task: task.id, round, parts: parts.length } });
    const outputs = await Promise.all(
      parts.map(({ id, agent = task.agent, input }) =>
        engine.dispatcher.send({
          agent,
          agentType: engine.typeOf(agent),
          taskId: `${task.id}/${String(round)}/${id}`,
          partOf: task.id,
          purpose: 'run',
          input,
          timeoutSeconds: task.timeoutSeconds,
          retry: task.retry,
          shared,
        }),
      ),
    );
    return verdict.tasks.length > 0 ? outputs : outputs[0];
  }
}
