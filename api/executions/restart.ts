import { executionWorkflowId } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import type { ApiParts } from '../http/api.js';
import { startGraph } from '../workflows/execute.js';
import { notNow } from './command.js';

/**
 * Starts the workflow of an execution that was lost: Temporal does not know it, or it was ended from outside. It goes
 * on from a checkpoint. @throws CaravanFailure NOT_NOW when it is over, or runs.
 */
export async function restart(parts: ApiParts, row: ExecutionRow, wanted?: string): Promise<string | null> {
  const { executionId, projection, closedAt, name } = row;
  if (closedAt !== null) throw notNow('restart', executionId, projection.status);
  const checkpointId = wanted ?? projection.lastCheckpointId ?? undefined;
  if (checkpointId !== undefined) await requireCheckpoint(parts, executionId, checkpointId);
  if ((await startGraph(parts.client, { executionId, name, checkpointId })) === 'started') return checkpointId ?? null;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'restart',
    on: executionId,
    seen: `its workflow "${executionWorkflowId(executionId)}" runs`,
    next: 'Resume the workflow where it is paused.',
  });
}

async function requireCheckpoint({ store }: ApiParts, executionId: string, checkpointId: string): Promise<void> {
  if ((await store.engine.executions.checkpoint(executionId, checkpointId)) !== undefined) return;
  throw new CaravanFailure('CHECKPOINT_UNKNOWN', {
    attempted: 'go on from',
    on: checkpointId,
    seen: `execution "${executionId}" has no such checkpoint`,
  });
}
