import { didYouMean } from './definition-hints.js';
import type { Path } from './read.js';
import { LOCATED } from './read.js';

/** Something that is wrong in a definition, and where. */
export interface RuleProblem {
  readonly path: Path;
  readonly message: string;
  readonly hint: string;
}

export type Raw = Readonly<Record<string, unknown>>;

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textsOf(value: unknown): string[] {
  return listOf(value).filter((each) => typeof each === 'string');
}

/** Names for which the nearest one is looked for; the rest are told without. */
const SUGGESTED = 50;

/** Problems of one document, at most as many as are located. */
export class RuleProblems {
  readonly all: RuleProblem[] = [];
  #suggested = 0;

  add(path: Path, message: string, hint: string): void {
    if (this.all.length < LOCATED) this.all.push({ path, message, hint });
  }

  unknown(path: Path, seen: { message: string; word: string; names: Iterable<string>; otherwise: string }): void {
    if (this.all.length >= LOCATED) return;
    this.#suggested += 1;
    const { message, word, names, otherwise } = seen;
    this.add(path, message, this.#suggested > SUGGESTED ? otherwise : didYouMean(word, names, otherwise));
  }
}

export interface RawTask {
  readonly path: Path;
  readonly task: Raw;
  readonly id: string | undefined;
}

/** A name as it stands in a message. */
export function cut(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

/** Tasks of the graph and of the patterns in it. */
export function countTasks(graph: unknown): number {
  const tasks = isRaw(graph) ? listOf(graph['tasks']) : [];
  return tasks.reduce<number>(
    (sum, task) => sum + 1 + (isRaw(task) && task['pattern'] !== undefined ? countTasks(task['pattern']) : 0),
    0,
  );
}
