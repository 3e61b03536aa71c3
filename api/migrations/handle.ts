import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { CaravanFailure } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { unknownMigration } from '../../platform/temporal/failure-report.js';
import { within } from '../ask.js';
import type { ApiParts } from '../http/api.js';

const DESCRIBE_MS = 5000;

/** The workflow of a migration, and of nothing else: ids of other workflows are unknown here. Undefined: forgotten. */
export async function describe(
  { client }: ApiParts,
  migrationId: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    const found = await within(client, migrationId, DESCRIBE_MS, () =>
      client.workflow.getHandle(migrationId).describe(),
    );
    return found.type === WORKFLOWS.migration ? found : undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return undefined;
    throw error;
  }
}

/** The handle of a migration that runs. @throws CaravanFailure MIGRATION_UNKNOWN, NOT_NOW */
export async function requireRunning(parts: ApiParts, migrationId: string): Promise<WorkflowHandle> {
  const found = await describe(parts, migrationId);
  if (found?.status.name === 'RUNNING') return parts.client.workflow.getHandle(migrationId);
  if (found === undefined && (await parts.store.migrations.get(migrationId)) === undefined)
    throw unknownMigration(migrationId);
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'speak to the migration',
    on: migrationId,
    seen: 'it has ended',
    next: 'Look at its report.',
  });
}
