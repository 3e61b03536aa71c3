import type { OrchestrationPattern } from '../contracts/definition.js';
import { TASK_ACTIONS } from '../contracts/graph.js';
import { BUILT_IN_PATTERNS, builtInOptionProblems } from '../contracts/patterns.schema.js';
import { abilitiesOf, checkPlan } from './definition-plan-rules.js';
import type { Abilities } from './definition-plan-rules.js';
import { TaskOrder } from './definition-order.js';
import { RuleProblems, cut, isRaw, listOf, textsOf } from './definition-raw.js';
import type { Raw, RawTask, RuleProblem } from './definition-raw.js';
import type { ReferenceScope } from './definition-references.js';
import { checkReferences } from './definition-references.js';
import { fitsInput } from './inputs.js';
import type { Path } from './read.js';

function agentNames(value: unknown): string[] {
  if (isRaw(value)) return Object.keys(value);
  return listOf(value).flatMap((agent) => {
    const name: unknown = isRaw(agent) ? (agent['name'] ?? agent['type']) : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}

/**
 * A graph, and those around it: what the parts of a definition must be to each other. The rules read the value as it was
 * written, not as the schema gives it back, so that they are told together with what the schema finds; a part of a wrong
 * form is passed over.
 */
class GraphRules {
  readonly #graph: Raw;
  readonly #path: Path;
  readonly #problems: RuleProblems;
  readonly #outer: ReferenceScope | undefined;
  readonly #agents: ReadonlySet<string>;
  readonly #abilities: Abilities;
  readonly #tasks: readonly RawTask[];
  readonly #byId = new Map<string, RawTask>();
  readonly #order: TaskOrder;

  constructor(
    graph: Raw,
    path: Path,
    around: { problems: RuleProblems; agents: Iterable<string>; abilities: Abilities; outer?: ReferenceScope },
  ) {
    this.#graph = graph;
    this.#path = path;
    this.#problems = around.problems;
    this.#outer = around.outer;
    this.#agents = new Set([...around.agents, ...agentNames(graph['agents'])]);
    this.#abilities = abilitiesOf(graph['agents'], around.abilities);
    this.#tasks = listOf(graph['tasks']).flatMap((task, at): RawTask[] => {
      if (!isRaw(task)) return [];
      const { id } = task;
      return [{ path: [...path, 'tasks', at], task, id: typeof id === 'string' ? id : undefined }];
    });
    for (const task of this.#tasks) {
      if (task.id === undefined) continue;
      if (this.#byId.has(task.id)) this.#twice(task, task.id);
      else this.#byId.set(task.id, task);
    }
    this.#order = new TaskOrder(new Map([...this.#byId].map(([id, { task }]) => [id, textsOf(task['depends_on'])])));
  }

  #twice(task: RawTask, id: string): void {
    this.#problems.add([...task.path, 'id'], `another task has the id "${cut(id)}"`, 'give it an id of its own');
  }

  check(inputs: Raw | undefined): void {
    this.#checkPattern();
    for (const task of this.#tasks) this.#checkTask(task, inputs);
    checkPlan(this.#tasks, this.#abilities, this.#problems);
    this.#checkPivots();
    this.#checkSaga();
    checkReferences(this.#tasks, {
      problems: this.#problems,
      rules: this.#checkCoordination(),
      scope: { ids: this.#byId, order: this.#order, outer: this.#outer },
      inputs,
    });
  }

  #checkPattern(): void {
    const isCustom = this.#graph['orchestration_pattern'] === 'custom';
    const isNamed = this.#graph['pattern'] !== undefined;
    if (isCustom && !isNamed) {
      const path = [...this.#path, 'orchestration_pattern'];
      this.#problems.add(path, 'a custom pattern needs its name', 'add "pattern" with the name of a registered one');
    }
    if (!isCustom && isNamed)
      this.#problems.add([...this.#path, 'pattern'], 'only a custom pattern has a name', 'remove it');
    this.#checkOptions();
  }

  #checkOptions(): void {
    const { orchestration_pattern: pattern, pattern_options: options } = this.#graph;
    if (typeof pattern !== 'string' || !Object.hasOwn(BUILT_IN_PATTERNS, pattern) || !isRaw(options)) return;
    const path = [...this.#path, 'pattern_options'];
    for (const problem of builtInOptionProblems(pattern as OrchestrationPattern, options))
      this.#problems.add([...path, ...problem.path], problem.message, `see the options of "${pattern}"`);
    if (pattern === 'supervisor') this.#knownAgent([...path, 'supervisor'], options['supervisor']);
  }

  #knownAgent(path: Path, name: unknown): void {
    if (typeof name !== 'string' || this.#agents.has(name)) return;
    this.#problems.unknown(path, {
      message: `there is no agent "${cut(name)}"`,
      word: name,
      names: this.#agents,
      otherwise: 'add it to "agents"',
    });
  }

  #knownTask(path: Path, id: unknown): void {
    if (typeof id !== 'string' || this.#byId.has(id)) return;
    this.#problems.unknown(path, {
      message: `there is no task "${cut(id)}"`,
      word: id,
      names: this.#byId.keys(),
      otherwise: 'use the id of a task of the same graph',
    });
  }

  #checkTask({ task, path, id }: RawTask, inputs: Raw | undefined): void {
    this.#knownAgent([...path, 'agent'], task['agent']);
    if (task['agent'] === undefined && task['pattern'] === undefined && task['capabilities'] === undefined)
      this.#problems.add(path, 'the task has no agent', 'add "agent", or "capabilities" to have one allocated');
    listOf(task['depends_on']).forEach((before, at) => {
      const place = [...path, 'depends_on', at];
      if (before === id && id !== undefined) this.#problems.add(place, 'the task depends on itself', 'remove it');
      else this.#knownTask(place, before);
    });
    this.#checkMigrationFields(task, path);
    if (isRaw(task['compensate_with'])) {
      this.#knownAgent([...path, 'compensate_with', 'agent'], task['compensate_with']['agent']);
      if (
        task['agent'] === undefined &&
        task['pattern'] !== undefined &&
        task['compensate_with']['agent'] === undefined
      )
        this.#problems.add([...path, 'compensate_with'], 'a pattern has no agent that undoes it', 'add "agent"');
      if (task['reversible'] === false)
        this.#problems.add([...path, 'reversible'], 'what cannot be undone has no compensation', 'remove one of them');
    }
    if (isRaw(task['pattern'])) {
      const outer = { ids: this.#byId, order: this.#order, outer: this.#outer, task: { task, id } };
      const around = { problems: this.#problems, agents: this.#agents, abilities: this.#abilities, outer };
      new GraphRules(task['pattern'], [...path, 'pattern'], around).check(inputs);
    }
  }

  #checkMigrationFields(task: Raw, path: Path): void {
    const hint = 'it belongs to migration plans only';
    for (const field of ['table', 'phase']) {
      if (task[field] !== undefined) this.#problems.add([...path, field], `"${field}" needs "migration"`, hint);
    }
    const { action } = task;
    if ((TASK_ACTIONS as readonly unknown[]).includes(action))
      this.#problems.add([...path, 'action'], `the action "${String(action)}" needs "migration"`, hint);
  }

  /** Behind a pivot nothing is undone; so what cannot be undone stands there, and what can be stands before. */
  #checkPivots(): void {
    const pivots = this.#tasks.filter((each) => each.task['pivot'] === true && each.id !== undefined);
    const behind = new Set<string>();
    for (const pivot of pivots.slice(0, 100)) {
      for (const { id = '' } of this.#tasks) {
        if (this.#order.isBefore(pivot.id ?? '', id)) behind.add(id);
      }
    }
    this.#checkPivotsInOrder(pivots);
    for (const { task, path, id = '' } of this.#tasks) {
      if (task['compensate_with'] !== undefined && (behind.has(id) || task['pivot'] === true))
        this.#problems.add([...path, 'compensate_with'], 'at and behind a pivot nothing is undone', 'remove it');
      if (task['reversible'] === false && pivots.length > 0 && task['pivot'] !== true && !behind.has(id))
        this.#problems.add(
          [...path, 'reversible'],
          'it cannot be undone, and may run before the pivot',
          `let it depend on "${cut(pivots[0]?.id ?? '')}", or make it the pivot`,
        );
    }
  }

  #checkPivotsInOrder(pivots: readonly RawTask[]): void {
    for (const [at, pivot] of pivots.slice(0, 100).entries()) {
      const other = pivots
        .slice(0, at)
        .find(({ id = '' }) => !this.#order.isBefore(id, pivot.id ?? '') && !this.#order.isBefore(pivot.id ?? '', id));
      if (other !== undefined)
        this.#problems.add(
          [...pivot.path, 'pivot'],
          `it and the pivot "${cut(other.id ?? '')}" are in no order`,
          'let one depend on the other, or keep one of them',
        );
    }
  }

  #checkStep(path: Path, id: unknown): void {
    this.#knownTask(path, id);
    const step = typeof id === 'string' ? this.#byId.get(id) : undefined;
    if (step !== undefined && step.task['compensate_with'] === undefined)
      this.#problems.add(path, 'nothing undoes this task', 'add "compensate_with" to it, or remove it here');
  }

  /** Event rules; gives the expressions in them. */
  #checkCoordination(): { path: Path; when: unknown }[] {
    const coordination = this.#graph['coordination'];
    const given = isRaw(coordination) ? listOf(coordination['event_driven']) : [];
    return given.flatMap((rule, at) => {
      if (!isRaw(rule)) return [];
      const path = [...this.#path, 'coordination', 'event_driven', at];
      listOf(rule['release']).forEach((id, place) => this.#knownTask([...path, 'release', place], id));
      if (isRaw(rule['reroute'])) {
        this.#knownTask([...path, 'reroute', 'task'], rule['reroute']['task']);
        this.#knownAgent([...path, 'reroute', 'agent'], rule['reroute']['agent']);
      }
      return [{ path: [...path, 'when'], when: rule['when'] }];
    });
  }

  #checkSaga(): void {
    const tolerance = this.#graph['fault_tolerance'];
    const saga = isRaw(tolerance) ? tolerance['saga_pattern'] : undefined;
    if (!isRaw(saga)) return;
    const path = [...this.#path, 'fault_tolerance', 'saga_pattern'];
    const isSelective = saga['strategy'] === 'selective';
    if (isSelective && saga['steps'] === undefined)
      this.#problems.add([...path, 'strategy'], '"selective" needs "steps"', 'name the tasks that are undone');
    if (!isSelective && saga['strategy'] !== 'cascade' && saga['steps'] !== undefined)
      this.#problems.add([...path, 'steps'], 'only "selective" and "cascade" have steps', 'remove it');
    listOf(saga['steps']).forEach((id, at) => this.#checkStep([...path, 'steps', at], id));
  }
}

function checkInputs(inputs: Raw, path: Path, problems: RuleProblems): void {
  for (const [name, input] of Object.entries(inputs)) {
    if (!isRaw(input) || typeof input['type'] !== 'string' || input['default'] === undefined) continue;
    if (fitsInput(input['type'], input['default']) === false)
      problems.add([...path, name, 'default'], `the default is no ${input['type']}`, 'let it be of the type it is for');
  }
}

/** Every rule, for a definition that stands at `path` of its document. */
export function ruleProblems(definition: Raw, path: Path): readonly RuleProblem[] {
  const problems = new RuleProblems();
  const inputs = isRaw(definition['inputs']) ? definition['inputs'] : undefined;
  if (inputs) checkInputs(inputs, [...path, 'inputs'], problems);
  new GraphRules(definition, path, { problems, agents: [], abilities: new Map() }).check(inputs);
  return problems.all;
}
