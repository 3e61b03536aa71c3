import type { FailureReport } from '../../contracts/failures.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import { countText, printable } from '../text-table.js';
import { headLine } from './display.js';

/** An execution as `--json` tells it. */
export interface ExecutionReport {
  readonly executionId: string;
  readonly workflowId: string;
  readonly name: string;
  readonly pattern: string;
  readonly status: ExecutionRow['projection']['status'];
  /** Tasks of the definition; `counts` by state has those that were begun, added ones too. */
  readonly tasks: number;
  readonly counts: ExecutionRow['projection']['counts'];
  readonly currentTask: string | null;
  readonly agents: readonly string[];
  /** ISO 8601. */
  readonly queuedAt: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly checkpoints: number;
  readonly lastCheckpointId: string | null;
  readonly error: FailureReport | { readonly code: string } | null;
}

export function reportOfRow(row: ExecutionRow): ExecutionReport {
  const { executionId, workflowId, name, pattern, taskCount: tasks, queuedAt, projection } = row;
  const { status, counts, currentTask, agents, startedAt, completedAt, checkpoints, lastCheckpointId } = projection;
  return {
    ...{ executionId, workflowId, name, pattern, status, tasks, counts, currentTask, agents },
    ...{ queuedAt, startedAt, completedAt, checkpoints, lastCheckpointId },
    error: row.error ?? projection.error,
  };
}

/** How an execution ended: its head, why, and what became of what it had done. */
export function endLines(row: ExecutionRow): string[] {
  const { status, counts } = row.projection;
  const head = headLine(row, row.projection);
  if (status === 'completed') return [head];
  const reason = row.error === null ? [] : [printable(row.error.message)];
  return [head, ...reason, undoLine(counts)];
}

function undoLine({ undone = 0, parked = 0, done = 0 }: ExecutionRow['projection']['counts']): string {
  const tasks = (count: number): string => `${countText(count)} ${count === 1 ? 'task' : 'tasks'}`;
  const parts = [
    ...(undone > 0 ? [`compensated: ${tasks(undone)} undone`] : ['not compensated']),
    ...(parked > 0 ? [`the undo of ${tasks(parked)} failed`] : []),
    ...(done > 0 ? [`${tasks(done)} stay done`] : []),
  ];
  return undone === 0 && parked === 0 && done === 0 ? 'there was nothing to compensate' : parts.join('; ');
}
