import { isCancellation } from '@temporalio/workflow';
import {
  evaluateCel,
  fanOutOf,
  fillTemplates,
  parseCel,
  parseTemplate,
  referencesOf,
} from '../../language/expressions/cel.js';
import type { TaskResult } from '../../contracts/engine-activities.js';
import type { ExecutionTaskState } from '../../contracts/execution-states.js';
import type { CelParsed, CelScope, CelValue } from '../../language/expressions/cel.js';
import { codeOf, failure } from '../kit/failures.js';
import { engineAtOnce } from '../kit/profiles.js';
import type { ExecutionTask, OpenedExecution } from '../../contracts/executions.js';
import type { ExecutionMemory } from './memory.js';

/** Outputs up to this many characters of JSON stay in the workflow; larger ones go to the store, by reference. */
const INLINE_CHARACTERS = 4096;
/** Outputs that go to the store at once: together below a megabyte. */
const STORED_AT_ONCE = 200;
/** Of an execution's own result. */
const RESULT_CHARACTERS = 64 * 1024;

type Local = Readonly<Record<string, unknown>>;

/** What was undone, or waits for that, may have been done before. */
const MAY_HAVE_OUTPUT: readonly ExecutionTaskState[] = ['done', 'undone', 'parked'];

/** Outputs that were fetched and may be asked for again soon. */
const FETCHED = 50;

/** What tasks gave, and what expressions make of it. */
export class Values {
  readonly #executionId: string;
  readonly #input: unknown;
  /** Of a nested execution: what the task around it reads as `item`, `index` and `event`. */
  readonly outer: Local;
  readonly #memory: ExecutionMemory;
  /** Ids whose outputs the store has. */
  readonly #stored: Set<string>;
  readonly #fetched = new Map<string, unknown>();
  /** Outputs of instances that are not in the store yet, by task. */
  readonly #parts = new Map<string, TaskResult[]>();
  readonly #keptSkipped = new Set<string>();
  /** Of tasks that are undone without being done. */
  readonly #givenByParts = new Map<string, readonly unknown[]>();

  constructor(
    executionId: string,
    { input, scope = {} }: Pick<OpenedExecution, 'input' | 'scope'>,
    memory: ExecutionMemory,
  ) {
    this.#executionId = executionId;
    this.#input = input;
    this.outer = scope;
    this.#memory = memory;
    this.#stored = new Set(memory.outputs().map(([id]) => id));
  }

  async keep(taskId: string, output: unknown): Promise<void> {
    const value = output ?? null;
    if (JSON.stringify(value).length <= INLINE_CHARACTERS) this.#memory.keep(taskId, value);
    else await this.#store([{ taskId, output: value }]);
  }

  /** Before a checkpoint leaves them out: everything is in the store, but what patterns keep. */
  async keepAll(): Promise<void> {
    const outputs = this.#memory
      .outputs()
      .filter(([id]) => !isPatterns(id) && !this.#stored.has(id))
      .map(([taskId, output]) => ({ taskId, output }));
    for (const held of this.#parts.values()) outputs.push(...held);
    for (let at = 0; at < outputs.length; at += STORED_AT_ONCE)
      await this.#store(outputs.slice(at, at + STORED_AT_ONCE));
    // Only now, so that they are always either here or there.
    const stored = new Set<TaskResult>(outputs);
    for (const held of this.#parts.values()) held.splice(0, held.length, ...held.filter((one) => !stored.has(one)));
  }

  /** As `keepAll`, and null for what was skipped: executions of tasks that are patterns read it in the store. */
  async keepForNested(): Promise<void> {
    await this.keepAll();
    const skipped = this.#memory.idsIn('skipped').filter((id) => !this.#keptSkipped.has(id));
    for (const id of skipped) this.#keptSkipped.add(id);
    for (let at = 0; at < skipped.length; at += STORED_AT_ONCE) {
      const outputs = skipped.slice(at, at + STORED_AT_ONCE).map((taskId) => ({ taskId, output: null }));
      await engineAtOnce.putOutputs({ executionId: this.#executionId, outputs });
    }
  }

  /** Null: the task gave none, since it was skipped or is not done. Fails when what it gave is gone. */
  async outputOf(taskId: string): Promise<unknown> {
    // Null is an output like any other.
    for (const here of [this.#memory.outputOf(taskId), this.#fetched.get(taskId), this.#givenByParts.get(taskId)])
      if (here !== undefined) return here;
    const state = this.#memory.stateOf(taskId);
    if (!MAY_HAVE_OUTPUT.includes(state)) return null;
    const output = (await this.stored([taskId])).get(taskId);
    if (output === undefined && state !== 'done') return null;
    if (output === undefined) throw failure('EXPRESSION_FAILED', `Task "${taskId}" has no output.`);
    this.#fetched.set(taskId, output);
    for (const id of this.#fetched.keys()) if (this.#fetched.size > FETCHED) this.#fetched.delete(id);
    return output;
  }

  /** A task that is to be undone and is not done: what its instances gave, as far as they came, becomes its output. */
  async recallParts(taskId: string): Promise<void> {
    const done = this.#memory.partsOf(taskId);
    if (done.size === 0 || this.#givenByParts.has(taskId)) return;
    const given = new Map(this.#parts.get(taskId)?.map((part) => [part.taskId, part.output]));
    const missing = [...done].map((index) => partId(taskId, index)).filter((id) => !given.has(id));
    if (missing.length > 0) for (const [id, output] of await this.stored(missing)) given.set(id, output);
    const outputs = Array.from(
      { length: Math.max(...done) + 1 },
      (_, index) => given.get(partId(taskId, index)) ?? null,
    );
    this.#givenByParts.set(taskId, outputs);
  }

  /** Outputs that the store has, by id. */
  async stored(taskIds: readonly string[]): Promise<Map<string, unknown>> {
    const { outputs } = await engineAtOnce.getOutputs({ executionId: this.#executionId, taskIds });
    return new Map(outputs.map(({ taskId, output }) => [taskId, output]));
  }

  /** What an instance of a task gave, while others still run: a checkpoint puts it into the store. */
  holdPart(taskId: string, result: TaskResult): void {
    const held = this.#parts.get(taskId) ?? [];
    held.push(result);
    this.#parts.set(taskId, held);
  }

  forgetParts(taskId: string): void {
    this.#parts.delete(taskId);
  }

  async isTrue(expression: string, local: Local = {}): Promise<boolean> {
    const result = evaluateCel(expression, await this.#scope(tasksOf(parseCel(expression)), local));
    if (!result.ok) throw failure('EXPRESSION_FAILED', `"${expression}": ${result.problem}.`);
    return result.value === true;
  }

  async list(expression: string, { id, onEvent }: ExecutionTask): Promise<readonly unknown[]> {
    const result = fanOutOf(expression, await this.#scope(tasksOf(parseCel(expression)), this.eventOf(onEvent)));
    if (!result.ok) throw failure('EXPRESSION_FAILED', `for_each of "${id}": ${result.problem}.`);
    return result.items;
  }

  /** What expressions of a task that waits for an event read as `event`: what it carried; null when it did not come. */
  eventOf(onEvent: string | undefined): Local {
    return onEvent === undefined ? {} : { event: this.#memory.received[onEvent] ?? null };
  }

  /** A value with its `${{ … }}` filled in. */
  async resolve(value: unknown, local: Local = {}): Promise<unknown> {
    if (!JSON.stringify(value ?? null).includes('${{')) return value;
    const result = fillTemplates(value as CelValue, await this.#scope(tasksIn(value), local));
    if (!result.ok) throw failure('EXPRESSION_FAILED', `${(result.path ?? []).join('.')}: ${result.problem}.`);
    return result.value;
  }

  /** As `resolve`, text by text: one that needs what is not there becomes null. */
  async resolveKnown(value: unknown, local: Local = {}): Promise<unknown> {
    if (typeof value === 'string') return this.resolve(value, local).catch(orNull);
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.resolveKnown(item, local)));
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).map(
      async ([name, item]) => [name, await this.resolveKnown(item, local)] as const,
    );
    return Object.fromEntries(await Promise.all(fields));
  }

  /** Outputs by task, as far as they are small together: the rest is in the store. */
  results(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#first());
  }

  /** What a checkpoint carries of the outputs: the first, so that the result is the same however often it is carried. */
  snapshot(): Readonly<Record<string, unknown>> {
    const patterns = this.#memory.outputs().filter(([id]) => isPatterns(id));
    return Object.fromEntries([...this.#first(), ...patterns]);
  }

  #first(): [string, unknown][] {
    let left = RESULT_CHARACTERS;
    return this.#memory.outputs().filter(([id, output]) => {
      if (isPatterns(id) || left < 0) return false;
      left -= JSON.stringify(output).length + id.length;
      return left >= 0;
    });
  }

  /** What an expression can see: of the tasks only those that it reads, since outputs may have to be fetched. */
  async #scope(read: readonly string[], local: Local = {}): Promise<CelScope> {
    const tasks: Record<string, unknown> = {};
    for (const id of new Set(read)) {
      tasks[id] = { output: await this.outputOf(id) };
    }
    return { ...this.outer, input: this.#input, tasks, ...local } as CelScope;
  }

  async #store(outputs: readonly TaskResult[]): Promise<void> {
    await engineAtOnce.putOutputs({ executionId: this.#executionId, outputs });
    for (const { taskId } of outputs) this.#stored.add(taskId);
  }
}

function orNull(error: unknown): null {
  if (isCancellation(error) || codeOf(error) !== 'EXPRESSION_FAILED') throw error;
  return null;
}

/** Tasks that the expressions of a text read. One that cannot be parsed reads none: it fails when it is evaluated. */
function tasksOf(parsed: CelParsed): string[] {
  const read = parsed.ok ? parsed.expressions.flatMap((expression) => referencesOf(expression)) : [];
  return read.flatMap(({ root, path: [id] }) => (root === 'tasks' && id !== undefined ? [id] : []));
}

/** Tasks that the texts of a value read. */
function tasksIn(value: unknown): string[] {
  if (typeof value === 'string') return tasksOf(parseTemplate(value));
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(tasksIn) : [];
}

/** An instance of a task that runs once for each item of a list. */
export const partId = (taskId: string, index: number): string => `${taskId}[${String(index)}]`;

/** Patterns keep what they carry from task to task among the outputs, under such a name. */
const isPatterns = (id: string): boolean => id.startsWith('#');
