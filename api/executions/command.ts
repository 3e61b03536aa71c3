import { EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import { mayAsk } from '../../contracts/execution-states.js';
import type { ExecutionCommand, ExecutionStatus } from '../../contracts/execution-states.js';
import { executionWorkflowId } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import { startUpdate, update } from '../ask.js';
import type { ApiParts } from '../http/api.js';
import { Refusal } from '../http/problems.js';

/** How long a caller waits for running tasks to end before a pause is complete, milliseconds. */
const PAUSE_MS = 20_000;

export interface Commanding {
  readonly by: string;
  readonly reason?: string | undefined;
}

/** What the read model knows to be final needs no workflow to be refused; all else its validator decides. */
function requireLegal({ executionId, projection, closedAt }: ExecutionRow, command: ExecutionCommand): void {
  const { status } = projection;
  if (closedAt === null && (mayAsk(command, status) || status === 'running' || status === 'paused')) return;
  throw notNow(command, executionId, status);
}

export function notNow(command: string, executionId: string, status: ExecutionStatus): Refusal {
  const parts = { attempted: command, on: executionId, seen: `it is ${status}`, next: 'Look at its status.' };
  return new Refusal('NOT_NOW', parts, { execution_id: executionId });
}

const handleOf = ({ client }: ApiParts, executionId: string) =>
  client.workflow.getHandle(executionWorkflowId(executionId));

/** Pauses. The checkpoint is null while tasks that run have not ended. */
export async function pause(parts: ApiParts, row: ExecutionRow, message: Commanding): Promise<string | null> {
  requireLegal(row, 'pause');
  const handle = handleOf(parts, row.executionId);
  const started = await ended(row, 'pause', () =>
    startUpdate<{ checkpointId: string }>(handle, EXECUTION_UPDATES.pause, message),
  );
  const answer = await started.result(PAUSE_MS);
  return answer === 'pending' ? null : answer.value.checkpointId;
}

export async function resume(parts: ApiParts, row: ExecutionRow, message: Commanding): Promise<void> {
  requireLegal(row, 'resume');
  await ended(row, 'resume', () => update(handleOf(parts, row.executionId), EXECUTION_UPDATES.resume, message));
}

export async function cancel(parts: ApiParts, row: ExecutionRow, message: Commanding): Promise<void> {
  requireLegal(row, 'cancel');
  await ended(row, 'cancel', () => update(handleOf(parts, row.executionId), EXECUTION_UPDATES.cancel, message));
}

/** Any update; an execution that ended meanwhile is a conflict, and one whose workflow is lost says how it goes on. */
export async function ended<Result>(row: ExecutionRow, command: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new CaravanFailure(
      'NOT_NOW',
      {
        attempted: command,
        on: row.executionId,
        seen: row.closedAt === null ? 'no workflow of it runs' : 'it is over',
        next: 'If it was lost, restart it with POST /api/v1/executions/ID/resume.',
      },
      error,
    );
  }
}
