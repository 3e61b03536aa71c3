import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { WorkerRuntime } from './runtime.js';

/** True when the workflow is certainly not running. An unreachable server tells nothing: false. */
export async function isClosed(client: Client, workflowId: string, runId?: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId).describe();
    return status.name !== 'RUNNING';
  } catch (error) {
    return error instanceof WorkflowNotFoundError;
  }
}

/** Who made a schema in a target: a workflow by its first run. */
interface Owner {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * True when the migration is ours and certainly not running. A target may be shared: what a stack with another Temporal
 * makes in it is not to be found here, and is none of our business.
 */
export async function isAbandoned(
  { client, deps, namespace }: Pick<WorkerRuntime, 'client' | 'deps' | 'namespace'>,
  owner: Owner,
): Promise<boolean> {
  if (owner.namespace !== namespace) return false;
  try {
    const { status, raw } = await client.workflow.getHandle(owner.workflowId).describe();
    // After a reset a later run goes on with what the first one made.
    if (status.name === 'RUNNING' && raw.workflowExecutionInfo?.firstRunId === owner.runId) return false;
    return await isClosed(client, owner.workflowId, owner.runId);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) return false;
    // Temporal forgets what has ended long ago; our store does not.
    return (await deps.store.migrations.get(owner.workflowId))?.firstRunId === owner.runId;
  }
}
