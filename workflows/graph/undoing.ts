import { TASK_PAGE } from '../../contracts/engine-activities.js';
import type { ExecutionState, ExecutionTask, PlaceRange } from '../../contracts/executions.js';
import { engineAtOnce } from '../kit/profiles.js';
import type { Engine } from './engine.js';
import { undoOf } from './task-runner.js';

/** Undos of earlier runs that are read at once where they are undone one after the other. */
const AT_ONCE = 2 * TASK_PAGE;

type Undos = ExecutionState['undos'];

interface Undoing {
  /** Undos of earlier runs that were not read yet. */
  readonly left: Undos;
  /** False: it was interrupted, and there is more to undo. */
  readonly isWhole: boolean;
}

/**
 * Undoes what was done, the latest first: this run's tasks, then those of earlier runs, which are read when they are
 * needed. Strategies that undo several at once must see them all; `backward` reads them piece by piece. `failed`: the
 * tasks whose failure is the reason.
 */
export async function undoAll(
  engine: Engine,
  { failed, isInterrupted }: { readonly failed: readonly string[]; readonly isInterrupted: () => boolean },
): Promise<Undoing> {
  const { saga, opened } = engine;
  let left: Undos = engine.earlierUndos();
  const piecewise = opened.saga?.strategy === 'backward';
  if (!piecewise) {
    await registerEarlier(engine, left);
    left = [];
  }
  for (;;) {
    const { isWhole } = await saga.unwind(failed);
    if (!isWhole || left.length === 0 || isInterrupted()) return { left, isWhole: isWhole && left.length === 0 };
    const [earlier, last] = splitLast(left, AT_ONCE);
    await registerEarlier(engine, last);
    left = earlier;
  }
}

async function registerEarlier(engine: Engine, undos: Undos): Promise<void> {
  const tasks: ExecutionTask[] = [];
  for (const undo of undos) tasks.push(...(await tasksOf(engine, undo)));
  engine.saga.registerEarlier(tasks.flatMap((task) => undoOf(engine, task) ?? []));
}

async function tasksOf({ executionId, memory }: Engine, undo: string | PlaceRange): Promise<readonly ExecutionTask[]> {
  if (typeof undo === 'string') return memory.added.filter(({ id }) => id === undo);
  const tasks: ExecutionTask[] = [];
  let [from] = undo;
  const [, to] = undo;
  while (from < to) {
    const page = await engineAtOnce.readExecutionTasks({ executionId, range: [from, to] });
    memory.locate(page);
    tasks.push(...page.tasks);
    from = page.next ?? to;
  }
  return tasks;
}

/** The last `count` of them, and those before. */
function splitLast(undos: Undos, count: number): [Undos, Undos] {
  const before = [...undos];
  const last: (string | PlaceRange)[] = [];
  for (let left = count; left > 0 && before.length > 0;) {
    const undo = before.pop();
    if (undo === undefined) break;
    if (typeof undo === 'string') {
      last.unshift(undo);
      left -= 1;
      continue;
    }
    const [from, to] = undo;
    const cut = Math.max(from, to - left);
    last.unshift([cut, to]);
    if (cut > from) before.push([from, cut]);
    left -= to - cut;
  }
  return [before, last];
}
