import type { ExecutionTask } from '../../contracts/executions.js';
import { failure } from '../kit/failures.js';

/** What agents may answer beside their result. It comes from outside, so every field is looked at before it is used. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What the agents said of one task: a task that is done in parts has an answer of each. */
export function answersOf({ parallel = 1, forEach }: ExecutionTask, output: unknown): readonly Fields[] {
  return parallel > 1 || forEach !== undefined ? listOf(output).map(fieldsOf) : [fieldsOf(output)];
}

/** A task that an agent asks for while the graph runs. */
export interface AskedTask {
  readonly id: string;
  /** The definition's name of an agent; default the asking task's own. */
  readonly agent?: string;
  readonly input: unknown;
}

/** Most tasks that one answer may ask for. */
const ASKED_MAX = 1000;

/** Tasks of an answer: objects with an id, perhaps an agent and an input. Fails on what is none, before any is made. */
export function askedTasks(value: unknown, by: string): AskedTask[] {
  const list = listOf(value);
  if (list.length > ASKED_MAX) throw failure('TASK_OUTPUT_INVALID', `"${by}" asks for ${String(list.length)} tasks.`);
  return list.map((item, index) => {
    const { id, agent, input } = fieldsOf(item);
    if (!isId(id)) throw failure('TASK_OUTPUT_INVALID', `Task ${String(index)} that "${by}" asks for has no id.`);
    return { id, agent: textOf(agent), input: input ?? null };
  });
}

const RESERVED: readonly unknown[] = ['__proto__', 'constructor', 'prototype'];

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 200 && !RESERVED.includes(value);
}
