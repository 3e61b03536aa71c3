import { WorkflowNotFoundError } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { CaravanFailure } from '../contracts/failures.js';
import type { Session } from './session.js';
import { patient } from './patience.js';

export async function isRunning({ client }: Session, migrationId: string): Promise<boolean> {
  try {
    const { status } = await patient(() => client.workflow.getHandle(migrationId).describe());
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The handle of a migration that runs; NOT_NOW when it has ended. */
export async function requireRunning({ client }: Session, migrationId: string): Promise<WorkflowHandle> {
  const handle = client.workflow.getHandle(migrationId);
  const { status } = await patient(() => handle.describe());
  if (status.name === 'RUNNING') return handle;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'speak to the migration',
    on: migrationId,
    seen: `it has ended (${status.name.toLowerCase()})`,
    next: 'Look at "caravan list".',
  });
}
