import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { executionStart, executionWorkflowId } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';

/**
 * By its own id, or the newest of a definition.
 * @throws CaravanFailure EXECUTION_UNKNOWN
 */
export async function findExecution({ store }: Pick<Session, 'store'>, id: string): Promise<ExecutionRow> {
  const { executions } = store.engine;
  const found = await patient(async () => (await executions.get(id)) ?? (await executions.latest(id)));
  if (found !== undefined) return found;
  throw new CaravanFailure('EXECUTION_UNKNOWN', {
    attempted: 'find the execution',
    on: id,
    seen: 'neither an execution nor a definition that was run has this id',
  });
}

/** The read model has its last word. */
export function isOver({ closedAt }: ExecutionRow): boolean {
  return closedAt !== null;
}

/** An execution that is not over. @throws CaravanFailure EXECUTION_UNKNOWN, NOT_NOW */
export async function findOpenExecution(session: Session, id: string, attempted: string): Promise<ExecutionRow> {
  const row = await findExecution(session, id);
  if (!isOver(row)) return row;
  throw new CaravanFailure('NOT_NOW', {
    attempted,
    on: row.executionId,
    seen: `it is over (${row.projection.status})`,
    next: wasLost(row)
      ? `Its workflow was gone; go on with "caravan workflow resume ${row.executionId}".`
      : 'Look at "caravan workflow status".',
  });
}

/** One that can be resumed: it is not over, or it was ended because its workflow was gone. */
export async function findResumable(session: Session, id: string): Promise<ExecutionRow> {
  const row = await findExecution(session, id);
  return wasLost(row) ? row : findOpenExecution(session, id, 'resume');
}

function wasLost({ error }: ExecutionRow): boolean {
  return error?.code === 'EXECUTION_TERMINATED';
}

export function handleOf({ client }: Session, executionId: string): WorkflowHandle {
  return client.workflow.getHandle(executionWorkflowId(executionId));
}

/** False: its Temporal workflow is closed or gone, whatever the read model says. */
export async function isLiving(session: Session, executionId: string): Promise<boolean> {
  try {
    return (await patient(() => handleOf(session, executionId).describe())).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Starts the Temporal workflow of an execution that is in the store; from a checkpoint where one is given. */
export async function startWorkflow(
  { client }: Session,
  { executionId, name }: Pick<ExecutionRow, 'executionId' | 'name'>,
  checkpointId?: string,
): Promise<void> {
  try {
    await patient(() => client.workflow.start(WORKFLOWS.graph, executionStart(executionId, name, checkpointId)));
  } catch (error) {
    // Our own start, whose answer was lost in an outage.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** What brings an execution back whose workflow is gone. */
export function lostFailure(attempted: string, executionId: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', {
    attempted,
    on: executionId,
    seen: 'its Temporal workflow is gone, though it is not over',
    next: `Bring it back with "caravan workflow resume ${executionId}".`,
  });
}
