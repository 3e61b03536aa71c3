import { sql } from 'kysely';
import { retryOf } from '../../../contracts/definition.js';
import { TASK_PAGE, TASK_PAGE_CHARACTERS } from '../../../contracts/engine-activities.js';
import type { ExecutionTask, TaskPage } from '../../../contracts/executions.js';
import { firstOutside, isWithin } from '../../../contracts/places.js';
import type { Database, StoreQuery } from '../database.js';
import type { ExecutionOptions, ExecutionStore, WhichTasks } from './engine-store.js';
import { readEvents, taskOf, unknownExecution } from './events.js';
import { reading } from './find-executions.js';
import { inputOf, outputOf, scopeOf } from './sealed-json.js';
import type { Sealed } from './sealed-json.js';

type ReadingPart = Pick<ExecutionStore, 'input' | 'scope' | 'tasks' | 'events' | 'taskStates' | 'result'>;

export function readingPart(database: Database, sealed: Sealed): ReadingPart {
  const read = reading(database);
  return {
    input: (executionId) =>
      read(executionId, async (query) => {
        const found = query.selectFrom('workflow_executions').select('input').where('execution_id', '=', executionId);
        const row = await found.executeTakeFirst();
        if (row === undefined) throw unknownExecution(executionId);
        return sealed.get(row.input, inputOf(executionId));
      }),
    scope: (executionId) =>
      read(executionId, async (query) => {
        const found = query.selectFrom('workflow_executions').select('scope').where('execution_id', '=', executionId);
        const scope = (await found.executeTakeFirst())?.scope;
        return scope == null ? {} : (sealed.get(scope, scopeOf(executionId)) as Readonly<Record<string, unknown>>);
      }),
    result: (executionId) =>
      read(executionId, async (query) => {
        const found = query.selectFrom('workflow_executions').select('output').where('execution_id', '=', executionId);
        const output = (await found.executeTakeFirst())?.output;
        return output == null ? null : sealed.get(output, outputOf(executionId));
      }),
    tasks: (executionId, which) => read(executionId, (query) => readTasks(query, executionId, which)),
    events: (executionId, page) => read(executionId, (query) => readEvents(query, executionId, page)),
    taskStates: (executionId, limit) =>
      read(executionId, async (query) => {
        const found = await query
          .selectFrom('execution_task_states')
          .selectAll()
          .where('execution_id', '=', executionId)
          .orderBy('started_at')
          .limit(limit)
          .execute();
        return found.map((row) => ({ taskId: row.task_id, ...taskOf(row) }));
      }),
  };
}

/** Stored pages that one read looks through. */
const PAGES_READ = 20;

async function readTasks(query: StoreQuery, executionId: string, which: WhichTasks): Promise<TaskPage> {
  const pages = query
    .selectFrom('workflow_tasks as t')
    .innerJoin('workflow_executions as e', (join) =>
      join.onRef('e.workflow_id', '=', 't.workflow_id').onRef('e.ordinal', '=', 't.ordinal'),
    )
    .select(['t.page', 't.tasks', 'e.options'])
    .where('e.execution_id', '=', executionId)
    .orderBy('t.page');
  if ('ids' in which) {
    const wanted = new Set(which.ids);
    const found = await pages.where(sql<boolean>`t.ids && ${[...wanted]}::text[]`).execute();
    const picked = new Picked((_, { id }) => wanted.has(id));
    for (const row of found) picked.add(row.page, tasksOf(row), 0);
    return picked.page(null);
  }
  const except = 'range' in which ? [] : (which.except ?? []);
  const end = 'range' in which ? which.range[1] : Infinity;
  const picked = new Picked((place) => place < end && !isWithin(except, place));
  let next = firstOutside(except, 'range' in which ? which.range[0] : which.offset);
  for (let read = 0; read < PAGES_READ && next < end && !picked.isFull; read += 1) {
    const page = Math.floor(next / TASK_PAGE);
    const row = await pages.where('t.page', '=', page).executeTakeFirst();
    if (row === undefined) return picked.page(null);
    const tasks = tasksOf(row);
    const behind = picked.add(page, tasks, next);
    // A page that is not full is the last.
    if (tasks.length < TASK_PAGE && behind === page * TASK_PAGE + tasks.length) return picked.page(null);
    next = firstOutside(except, behind);
  }
  return picked.page(next < end ? next : null);
}

/** Tasks of a page, as this execution runs them. */
function tasksOf(row: { readonly tasks: unknown; readonly options: unknown }): ExecutionTask[] {
  const tasks = row.tasks as ExecutionTask[];
  const { retry_policy: policy } = row.options as ExecutionOptions;
  return policy === undefined ? tasks : tasks.map((task) => ({ ...task, retry: retryOf(policy) }));
}

/** Tasks of one answer, as many as it bears. */
class Picked {
  readonly #tasks: ExecutionTask[] = [];
  readonly #places: number[] = [];
  readonly #isWanted: (place: number, task: ExecutionTask) => boolean;
  #characters = 0;

  constructor(isWanted: (place: number, task: ExecutionTask) => boolean) {
    this.#isWanted = isWanted;
  }

  get isFull(): boolean {
    return this.#tasks.length >= TASK_PAGE || this.#characters >= TASK_PAGE_CHARACTERS;
  }

  /** Takes what is wanted of a stored page from a place on; returns the place behind the last that was looked at. */
  add(page: number, tasks: readonly ExecutionTask[], from: number): number {
    const first = page * TASK_PAGE;
    for (const [at, task] of tasks.entries()) {
      const place = first + at;
      if (place < from || !this.#isWanted(place, task)) continue;
      const characters = JSON.stringify(task).length;
      const isTooMuch = this.#tasks.length > 0 && this.#characters + characters > TASK_PAGE_CHARACTERS;
      if (isTooMuch || this.#tasks.length >= TASK_PAGE) {
        this.#characters = TASK_PAGE_CHARACTERS;
        return place;
      }
      this.#tasks.push(task);
      this.#places.push(place);
      this.#characters += characters;
    }
    return first + tasks.length;
  }

  page(next: number | null): TaskPage {
    return { tasks: this.#tasks, places: this.#places, next };
  }
}
