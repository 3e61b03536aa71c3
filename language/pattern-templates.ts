import { checkOptions } from '../contracts/patterns.schema.js';
import type { PatternTemplate } from '../contracts/patterns.js';
import { TASKS_MAX } from '../contracts/definition.js';
import { countTasks, cut, isRaw, listOf } from './definition-raw.js';
import type { RuleProblem } from './definition-raw.js';
import type { CelValue, FilledEarly } from './expressions/cel.js';
import { fillEarly } from './expressions/cel.js';
import type { Path } from './read.js';

/** Registered patterns by name, as far as a definition needs them. */
export type PatternTemplates = ReadonlyMap<string, PatternTemplate>;

type Raw = Readonly<Record<string, unknown>>;

/** A definition in which every registered pattern is replaced by its graph. */
export interface Expanded {
  readonly value: Raw;
  readonly problems: readonly RuleProblem[];
  /** Names of patterns that are needed and were not given. */
  readonly missing: readonly string[];
}

/** Characters that templates may come to in one definition. */
const EXPANDED_CHARACTERS = 4 * 1024 * 1024;

/**
 * Expands every custom pattern without tasks of its own to the graph of its template, before the definition is checked:
 * so it is held to the same schema and rules as one that was written. Pure: the same definition and templates give the
 * same. A pattern that has tasks is complete; its name and options are then only carried.
 */
export function expandPatterns(definition: Raw, path: Path, templates: PatternTemplates): Expanded {
  const expansion = new Expansion(templates);
  const value = expansion.graph(definition, path);
  return { value, problems: expansion.problems, missing: [...expansion.missing] };
}

class Expansion {
  readonly problems: RuleProblem[] = [];
  readonly missing = new Set<string>();
  readonly #templates: PatternTemplates;
  #tasks = 0;
  #characters = 0;

  constructor(templates: PatternTemplates) {
    this.#templates = templates;
  }

  graph(graph: Raw, path: Path): Raw {
    const { orchestration_pattern: kind, pattern: name, tasks } = graph;
    if (kind === 'custom' && typeof name === 'string' && tasks === undefined) return this.#custom(graph, name, path);
    const changed = listOf(tasks).map((task, at) => {
      if (!isRaw(task) || !isRaw(task['pattern'])) return task;
      const pattern = this.graph(task['pattern'], [...path, 'tasks', at, 'pattern']);
      return pattern === task['pattern'] ? task : { ...task, pattern };
    });
    return changed.some((task, at) => task !== listOf(tasks)[at]) ? { ...graph, tasks: changed } : graph;
  }

  #custom(graph: Raw, name: string, path: Path): Raw {
    const pattern = this.#templates.get(name);
    if (pattern === undefined) {
      this.missing.add(name);
      this.#problem([...path, 'pattern'], `no pattern "${cut(name)}" is registered here`, REGISTER);
      return graph;
    }
    const { options, problems } = checkOptions(pattern, graph['pattern_options'] ?? {});
    for (const problem of problems)
      this.#problem(
        [...path, 'pattern_options', ...problem.path],
        problem.message,
        `see the options of "${cut(name)}"`,
      );
    if (options === undefined || !this.#isWithinLimits(pattern, path)) return graph;
    const { agents, tasks } = this.#filled(pattern, options, path);
    return { ...graph, pattern_options: options, agents: mergedAgents(agents, graph['agents']), tasks };
  }

  #isWithinLimits({ name, template }: PatternTemplate, path: Path): boolean {
    this.#tasks += countTasks(template);
    this.#characters += JSON.stringify(template).length;
    if (this.#tasks <= TASKS_MAX && this.#characters <= EXPANDED_CHARACTERS) return true;
    this.#problem([...path, 'pattern'], `with "${cut(name)}" the patterns come to too much`, 'split the workflow');
    return false;
  }

  #filled({ name, template }: PatternTemplate, options: unknown, path: Path): { agents: Raw; tasks: unknown } {
    const scope = ['options', options as CelValue] as const;
    const fill = (value: unknown, as: FilledEarly, at: Path): unknown => {
      if (typeof value === 'string') return this.#text(value, { as, scope, at, path, name });
      if (Array.isArray(value)) return value.map((item, index) => fill(item, as, [...at, index]));
      if (!isRaw(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, fill(inner, formOf(as, key), [...at, key])]),
      );
    };
    const { agents, tasks } = template;
    return { agents: fill(agents, 'text', ['agents']) as Raw, tasks: fill(tasks, 'text', ['tasks']) };
  }

  #text(
    text: string,
    about: { as: FilledEarly; scope: readonly ['options', CelValue]; at: Path; path: Path; name: string },
  ): unknown {
    if (!text.includes('${{')) return text;
    const filled = fillEarly(text, about.as, about.scope);
    if (filled.ok) {
      this.#characters += typeof filled.value === 'string' ? filled.value.length : JSON.stringify(filled.value).length;
      if (this.#characters <= EXPANDED_CHARACTERS) return filled.value;
    }
    const seen = filled.ok ? 'it comes to too much' : filled.problem;
    const place = about.at.map(String).join('.');
    const message = `${place} of the pattern "${cut(about.name)}": ${seen}`;
    this.#problem([...about.path, ...about.at], message, 'correct the pattern, or its options');
    return text;
  }

  #problem(path: Path, message: string, hint: string): void {
    this.problems.push({ path, message, hint });
  }
}

const REGISTER = 'register it ("caravan workflow pattern add"), or write tasks of its own';

/** Inputs are filled in again when a task runs; conditions and lists are expressions themselves. */
function formOf(around: FilledEarly, key: string): FilledEarly {
  if (around !== 'text') return around;
  if (key === 'input') return 'template';
  return key === 'when' || key === 'for_each' ? 'expression' : 'text';
}

/** The template's agents, but for those that the definition names itself. Its agents may be a map or a list. */
function mergedAgents(template: Raw, own: unknown): unknown {
  if (own === undefined) return template;
  if (isRaw(own)) return { ...template, ...own };
  if (!Array.isArray(own)) return own;
  const named = new Set<unknown>(own.map((agent: unknown) => isRaw(agent) && (agent['name'] ?? agent['type'])));
  const others = Object.entries(template).filter(([name]) => !named.has(name));
  return [...others.map(([name, agent]) => (isRaw(agent) ? { ...agent, name } : agent)), ...(own as unknown[])];
}
