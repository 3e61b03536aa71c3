import type { TaskOrder } from './definition-order.js';
import type { RuleProblems } from './definition-raw.js';
import type { Cel, CelParsed, CelReference } from './expressions/cel.js';
import { parseCel, parseTemplate, referencesOf } from './expressions/cel.js';
import type { Path } from './read.js';

type Raw = Readonly<Record<string, unknown>>;

interface ScopedTask {
  readonly task: Raw;
  readonly id: string | undefined;
}

/** The tasks of a graph, and for a nested one the task that it is the pattern of, in the graph around. */
export interface ReferenceScope {
  readonly ids: ReadonlyMap<string, unknown>;
  readonly order: TaskOrder;
  readonly outer?: ReferenceScope | undefined;
  /** Whose pattern the graph is that this scope is around. */
  readonly task?: ScopedTask;
}

interface References {
  readonly problems: RuleProblems;
  /** The `when` of event rules; they may read any task, done or not yet. */
  readonly rules: readonly { readonly path: Path; readonly when: unknown }[];
  readonly scope: ReferenceScope;
  readonly inputs: Raw | undefined;
}

/** What can be read of a task that is done. */
const TASK_FIELDS = ['output'];

/** That `first` is done before `second` is asked of the order in groups by `first`. */
interface Asked {
  readonly scope: ReferenceScope;
  readonly first: string;
  readonly second: string;
  readonly path: Path;
}

/** Where an expression stands, and what it may read besides `input` and `tasks`. */
interface Place {
  readonly path: Path;
  readonly owner: ScopedTask | undefined;
  readonly roots: readonly string[];
  /** What undoes a task may read what the task gave. */
  readonly readsOwn?: boolean;
}

/** Expressions of every task and event rule: their form, and that what they read is there when they run. */
export function checkReferences(tasks: readonly (ScopedTask & { readonly path: Path })[], given: References): void {
  const checker = new ReferenceChecker(given);
  for (const { task, id, path } of tasks) checker.task({ task, id }, path);
  for (const { path, when } of given.rules) checker.expression(when, { path, owner: undefined, roots: ['event'] });
  checker.answer();
}

class ReferenceChecker {
  readonly #given: References;
  readonly #asked: Asked[] = [];
  readonly #outerRoots: readonly string[];

  constructor(given: References) {
    this.#given = given;
    const roots: string[] = [];
    for (let scope = given.scope.outer; scope; scope = scope.outer) {
      if (scope.task?.task['for_each'] !== undefined) roots.push('item', 'index');
      if (scope.task?.task['on_event'] !== undefined) roots.push('event');
    }
    this.#outerRoots = roots;
  }

  task(owner: ScopedTask, path: Path): void {
    const { task } = owner;
    const events = task['on_event'] === undefined ? [] : ['event'];
    const outside = [...this.#outerRoots, ...events];
    const roots = task['for_each'] === undefined ? outside : [...outside, 'item', 'index'];
    this.expression(task['for_each'], { path: [...path, 'for_each'], owner, roots: outside });
    this.expression(task['when'], { path: [...path, 'when'], owner, roots });
    if (task['input'] !== undefined) this.#texts(task['input'], { path: [...path, 'input'], owner, roots });
    const undo = task['compensate_with'];
    if (typeof undo !== 'object' || undo === null || !('input' in undo)) return;
    this.#texts(undo.input, { path: [...path, 'compensate_with', 'input'], owner, roots, readsOwn: true });
  }

  expression(text: unknown, place: Place): void {
    if (typeof text === 'string') this.#parsed(parseCel(text), place);
  }

  #texts(value: unknown, place: Place): void {
    if (typeof value === 'string') {
      if (value.includes('${{')) this.#parsed(parseTemplate(value), place);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        const name = Array.isArray(value) ? Number(key) : key;
        this.#texts(inner, { ...place, path: [...place.path, name] });
      }
    }
  }

  #parsed(parsed: CelParsed, place: Place): void {
    if (!parsed.ok) {
      const message = `the expression cannot be read: ${parsed.problem} (character ${String(parsed.at + 1)})`;
      this.#given.problems.add(place.path, message, 'correct the expression');
      return;
    }
    for (const reference of parsed.expressions.flatMap((cel: Cel) => referencesOf(cel)))
      this.#reference(reference, place);
  }

  #reference(reference: CelReference, place: Place): void {
    const { root, path, at } = reference;
    if (root === 'tasks') this.#taskReference(reference, place);
    else if (root === 'input') this.#inputReference(path[0], place);
    else if (!place.roots.includes(root)) {
      const isItem = root === 'item' || root === 'index';
      this.#given.problems.unknown(place.path, {
        message: `the expression reads "${root.slice(0, 100)}", which is not there (character ${String(at + 1)})`,
        word: root,
        names: isItem ? [] : ['tasks', 'input', ...place.roots],
        otherwise: isItem
          ? 'add "for_each" to the task'
          : 'it may read "input", "tasks", and in a for_each "item" and "index"',
      });
    }
  }

  #inputReference(name: string | undefined, { path }: Place): void {
    const { inputs, problems } = this.#given;
    if (inputs === undefined || name === undefined || Object.hasOwn(inputs, name)) return;
    problems.unknown(path, {
      message: `there is no input "${name.slice(0, 100)}"`,
      word: name,
      names: Object.keys(inputs),
      otherwise: 'add it to "inputs"',
    });
  }

  #taskReference({ path: [id, field] }: CelReference, place: Place): void {
    const { problems, scope } = this.#given;
    if (id === undefined) {
      problems.add(place.path, 'the expression does not name the task that it reads', 'write tasks.ID or tasks["ID"]');
      return;
    }
    if (field !== undefined && !TASK_FIELDS.includes(field)) {
      problems.unknown(place.path, {
        message: `a task has no "${field.slice(0, 100)}" to be read`,
        word: field,
        names: TASK_FIELDS,
        otherwise: 'read its "output"',
      });
    }
    let owner = place.owner;
    for (let around: ReferenceScope | undefined = scope; around; around = around.outer) {
      if (around !== scope) owner = around.task;
      if (around.ids.has(id)) {
        this.#ask(around, { id, owner, place });
        return;
      }
    }
    problems.unknown(place.path, {
      message: `there is no task "${id.slice(0, 100)}"`,
      word: id,
      names: scope.ids.keys(),
      otherwise: 'use the id of a task',
    });
  }

  #ask(scope: ReferenceScope, asked: { id: string; owner: ScopedTask | undefined; place: Place }): void {
    const { id, owner, place } = asked;
    if (owner?.id === undefined) return;
    if (owner.id !== id) this.#asked.push({ scope, first: id, second: owner.id, path: place.path });
    else if (place.readsOwn !== true)
      this.#given.problems.add(place.path, 'the task reads its own output', 'read the output of an earlier task');
  }

  /** Answers what was asked: an order is walked once for each task that is read, not once for each that reads. */
  answer(): void {
    const byFirst = Map.groupBy(this.#asked, ({ first }) => first);
    for (const asked of byFirst.values()) {
      for (const { scope, first, second, path } of asked) {
        if (scope.order.isBefore(first, second)) continue;
        const name = first.slice(0, 100);
        this.#given.problems.add(path, `the task "${name}" need not be done by then`, `add "${name}" to depends_on`);
      }
    }
  }
}
