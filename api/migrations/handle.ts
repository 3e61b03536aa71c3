import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { CaravanFailure } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { unknownMigration } from '../../platform/temporal/failure-report.js';
import { update, within } from '../ask.js';
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

/** @throws CaravanFailure MIGRATION_UNKNOWN: neither Temporal nor the store knows it. */
export async function requireKnown(parts: ApiParts, migrationId: string): Promise<void> {
  const [found, record] = await Promise.all([describe(parts, migrationId), parts.store.migrations.get(migrationId)]);
  if (found === undefined && record === undefined) throw unknownMigration(migrationId);
}

/** Tells a migration that runs something, and answers who did. */
export function teller(parts: ApiParts) {
  return async (
    id: string,
    command: string,
    { name, message }: { name: string; message: { readonly by: string } & Readonly<Record<string, unknown>> },
  ) => {
    const handle = await requireRunning(parts, id);
    await update(handle, name, message);
    return { migration_id: id, command, by: message.by };
  };
}
