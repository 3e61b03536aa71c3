import { setTimeout as pause } from 'node:timers/promises';
import { EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import type { CancelExecution } from '../../contracts/execution-messages.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import type { Interrupts } from '../migrate/interrupts.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';
import type { ExecutionDisplay } from './display.js';
import { ExecutionFold, Questions, waitLines } from './execution-fold.js';
import { findExecution, handleOf, isLiving, isOver } from './executions.js';

const LOOK_MS = 400;
/** Between two looks whether the Temporal workflow is still there. */
const LIVING_MS = 5000;

export interface Following {
  readonly session: Session;
  readonly executionId: string;
  readonly display: ExecutionDisplay;
  readonly interrupts: Interrupts;
  /** Who cancels at Ctrl-C; undefined: Ctrl-C only leaves. */
  readonly by?: string;
  /** What happened before is not told. */
  readonly fromNow?: boolean;
}

/** How the following came to its end. `lost`: the workflow is gone, and the read model never had its last word. */
export interface FollowEnd {
  readonly kind: 'over' | 'left' | 'lost';
  readonly row: ExecutionRow;
}

/** Follows an execution by its read model, to its end. Outages are ridden out. */
export async function follow(following: Following): Promise<FollowEnd> {
  const { session, executionId, display, interrupts, by } = following;
  const over = new AbortController();
  const onAway = (): void => {
    display.note('the stack does not answer; waiting for it to come back');
  };
  const leaves = by === undefined ? Promise.race([interrupts.cancelled, interrupts.left]) : interrupts.left;
  void leaves.then(() => {
    over.abort();
  });
  if (by !== undefined) void interrupts.cancelled.then(() => cancel(following, by));
  const watch = new Watch(following);
  try {
    for (;;) {
      const row = await patient(() => findExecution(session, executionId), { onAway, signal: over.signal });
      await watch.look(row, onAway);
      if (isOver(row)) return { kind: 'over', row };
      if (over.signal.aborted) return { kind: 'left', row };
      if (await watch.isLost()) return { kind: 'lost', row };
      await pause(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  } finally {
    over.abort();
    display.close();
  }
}

/** The first Ctrl-C: what was done is undone, as far as the definition says how. */
async function cancel({ session, executionId, display }: Following, by: string): Promise<void> {
  display.note('cancelling; Ctrl-C again leaves without waiting for it');
  try {
    const args: [CancelExecution] = [{ by, reason: 'interrupted' }];
    await patient(() => handleOf(session, executionId).executeUpdate(EXECUTION_UPDATES.cancel, { args }));
  } catch {
    // It has ended in the meantime: the read model says how.
  }
}

class Watch {
  readonly #following: Following;
  readonly #fold: ExecutionFold;
  readonly #questions = new Questions();
  readonly #told = new Set<string>();
  #first: boolean;
  #livingMs = performance.now();
  #seenGone = false;

  constructor(following: Following) {
    this.#following = following;
    this.#fold = new ExecutionFold(following.executionId);
    this.#first = following.fromNow === true;
  }

  async look(row: ExecutionRow, onAway: () => void): Promise<void> {
    const { session, display, executionId } = this.#following;
    const events = await this.#fold.catchUp(session, { onAway });
    for (const event of this.#first ? [] : events) display.happened(row, event);
    this.#first = false;
    for (const wait of this.#fold.waits) {
      const key = wait.join('\n');
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      const question = await this.#questions.of(session, row, wait);
      for (const line of waitLines(executionId, wait, question)) display.note(line);
    }
    for (const key of this.#told) if (!this.#fold.waits.has(key.split('\n')[0] ?? '')) this.#told.delete(key);
    display.update(row, this.#fold.folded);
  }

  /** Seen twice: a workflow that closes has told the store before. */
  async isLost(): Promise<boolean> {
    if (performance.now() - this.#livingMs < LIVING_MS) return false;
    this.#livingMs = performance.now();
    const { session, executionId } = this.#following;
    const isGone = !(await isLiving(session, executionId));
    const isLost = isGone && this.#seenGone;
    this.#seenGone = isGone;
    return isLost;
  }
}
