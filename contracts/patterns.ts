import type { JsonValue } from './definition.js';

/** A registered orchestration pattern: a graph with options, that definitions expand to. */
export interface PatternTemplate {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** JSON Schema of the options, with every object closed unless it says otherwise. */
  readonly options_schema: Readonly<Record<string, JsonValue>>;
  readonly template: {
    readonly agents: Readonly<Record<string, JsonValue>>;
    readonly tasks: readonly Readonly<Record<string, JsonValue>>[];
  };
  /** What it was tried on. */
  readonly sample: {
    readonly options: Readonly<Record<string, JsonValue>>;
    readonly inputs: Readonly<Record<string, JsonValue>>;
  };
}

/** What is wrong with options, and where: keys and indexes. */
export interface OptionProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Registered patterns together. */
export const PATTERNS_MAX = 1000;
/** Tasks of one template. */
export const TEMPLATE_TASKS_MAX = 1000;
/** Characters of all that makes a pattern. */
export const PATTERN_CHARACTERS = 256 * 1024;
