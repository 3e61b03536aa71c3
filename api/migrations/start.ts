import { WorkflowIdReusePolicy } from '@temporalio/client';
import type { z } from 'zod';
import { CaravanFailure } from '../../contracts/failures.js';
import { requireConnections, startMigrationWorkflow } from '../../platform/temporal/start-migration.js';
import { within } from '../ask.js';
import { requireAction } from '../auth/authenticate.js';
import type { Caller } from '../auth/roles.js';
import type { ApiParts } from '../http/api.js';
import type { startBody } from './schemas.js';

const START_MS = 10_000;

/**
 * Starts a migration; an id that is used already is a conflict. `commandId` makes the id of a request that names none,
 * so that the same request again starts nothing new.
 */
export async function start(
  { client, store }: ApiParts,
  caller: Caller,
  { body: { id, ...input }, commandId }: { body: z.infer<typeof startBody>; commandId: string },
): Promise<string> {
  // It stands for the approval.
  if (input.yes) requireAction(caller, 'decide');
  const { source, target } = input;
  await requireConnections(store.connections, target === undefined ? [source] : [source, target]);
  const migrationId = id ?? `migrate-${source.replace(/[^A-Za-z0-9_.-]+/gu, '-').slice(0, 60)}-${commandId}`;
  const shown = { source, target };
  // After one that went well it would be another migration, and what a lost answer hides is most likely that.
  const reuse = WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY;
  const begun = await within(client, migrationId, START_MS, () =>
    startMigrationWorkflow(client, { migrationId, input, shown, reuse }),
  );
  if (begun !== undefined || id === undefined) return migrationId;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'start the migration',
    on: migrationId,
    seen: 'one with this id runs, or has ended well',
    next: 'Look at it, or choose another id.',
  });
}
