import { WorkflowIdReusePolicy } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { SERVER_QUERIES } from '../../contracts/migration.schema.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import { requireConnections, startMigrationWorkflow } from '../../platform/temporal/start-migration.js';
import { isRunning } from '../running.js';
import type { Session } from '../session.js';
import { patient } from '../patience.js';
import { displayEnd } from './request.js';
import type { End, MigrateRequest } from './request.js';

export interface Started {
  readonly handle: WorkflowHandle;
  /** The migration was running already. */
  readonly attached: boolean;
}

/** Starts the migration, or attaches to the one that runs under the id that the caller chose. */
export async function startMigration(session: Session, request: MigrateRequest): Promise<Started> {
  const { client, store } = session;
  const { migrationId, source, target } = request;
  if (request.isNamed && (await isRunning(session, migrationId))) return attachTo(session, migrationId);
  const names = [source, target, request.replaySource].flatMap((end) => (end?.kind === 'name' ? [end.name] : []));
  await patient(() => requireConnections(store.connections, names));
  await putConnections(session, request);
  const input = await inputOf(session, request);
  const shown = { source: displayEnd(source), target: target && displayEnd(target) };
  const reuse = WorkflowIdReusePolicy.ALLOW_DUPLICATE;
  try {
    const handle = await patient(() => startMigrationWorkflow(client, { migrationId, input, shown, reuse }));
    // It may be our own start, whose answer was lost in an outage.
    return handle === undefined ? attachTo(session, migrationId) : { handle, attached: false };
  } catch (error) {
    await store.connections.release(migrationId).catch(() => undefined);
    throw error;
  }
}

function attachTo({ client }: Session, migrationId: string): Started {
  return { handle: client.workflow.getHandle(migrationId), attached: true };
}

/** A URL never enters a history: it becomes a sealed connection of this migration alone. */
async function putConnections({ store }: Session, request: MigrateRequest): Promise<void> {
  const { migrationId, source, target, replaySource } = request;
  const ends: (End | undefined)[] = [source, target, replaySource];
  for (const end of ends) {
    if (end?.kind === 'url') await patient(() => store.connections.put(end.name, end.endpoint, { migrationId }));
  }
}

async function inputOf({ store }: Session, request: MigrateRequest): Promise<MigrationStart> {
  const { source, target, plan, mapping, replaySource, start } = request;
  const mappingId = mapping === undefined ? undefined : await patient(() => store.mappings.put(mapping));
  const queries = await putQueries(store, request);
  const planId = plan && (await patient(() => store.plans.put(plan)));
  return {
    ...start,
    source: source.name,
    ...(target === undefined ? {} : { target: target.name }),
    ...(planId === undefined ? {} : { plan: planId }),
    ...(mappingId === undefined ? {} : { mapping: mappingId }),
    ...(queries === undefined ? {} : { queries }),
    ...(replaySource === undefined ? {} : { replaySource: replaySource.name }),
  };
}

/** Recorded queries never enter a history: the store keeps them, sealed. */
async function putQueries(store: Session['store'], { queries, source }: MigrateRequest): Promise<string | undefined> {
  if (queries.length === 0) return undefined;
  if (queries === SERVER_QUERIES) return queries;
  const { putWorkload } = await import('../queries/put-workload.js');
  return putWorkload(store, queries, source);
}
