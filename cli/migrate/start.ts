import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { CaravanFailure } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import { QUEUES } from '../../contracts/queues.js';
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
  const { client } = session;
  const { migrationId } = request;
  if (request.isNamed && (await isRunning(session, migrationId))) return attachTo(session, migrationId);
  await refuseUnknownNames(session, request);
  await putConnections(session, request);
  const input = await inputOf(session, request);
  try {
    const handle = await patient(() =>
      client.workflow.start(WORKFLOWS.migration, {
        workflowId: migrationId,
        taskQueue: QUEUES.control,
        args: [input],
        workflowTaskTimeout: '3s',
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        staticSummary: `${displayEnd(request.source)} to ${displayEnd(request.target)}`,
        staticDetails: detailsOf(request),
        typedSearchAttributes: searchAttributes(request),
      }),
    );
    return { handle, attached: false };
  } catch (error) {
    // Also our own start, when its answer was lost in an outage.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return attachTo(session, migrationId);
    await session.store.connections.release(migrationId).catch(() => undefined);
    throw error;
  }
}

function attachTo({ client }: Session, migrationId: string): Started {
  return { handle: client.workflow.getHandle(migrationId), attached: true };
}

/** A typing error in a name is told before anything is started. */
async function refuseUnknownNames({ store }: Session, request: MigrateRequest): Promise<void> {
  const named = [request.source, request.target].filter((end): end is End => end?.kind === 'name');
  if (named.length === 0) return;
  const known = new Set((await patient(() => store.connections.list())).map(({ name }) => name));
  for (const end of named) {
    if (known.has(end.name)) continue;
    throw new CaravanFailure('CONNECTION_UNKNOWN', {
      attempted: 'find the connection',
      on: end.name,
      seen: 'there is none',
    });
  }
}

/** A URL never enters a history: it becomes a sealed connection of this migration alone. */
async function putConnections({ store }: Session, { migrationId, source, target }: MigrateRequest): Promise<void> {
  const ends: (End | undefined)[] = [source, target];
  for (const end of ends) {
    if (end?.kind === 'url') await patient(() => store.connections.put(end.name, end.endpoint, { migrationId }));
  }
}

async function inputOf({ store }: Session, request: MigrateRequest): Promise<MigrationStart> {
  const { source, target, plan, start } = request;
  const planId = plan && (await patient(() => store.plans.put(plan)));
  return {
    ...start,
    source: source.name,
    ...(target === undefined ? {} : { target: target.name }),
    ...(planId === undefined ? {} : { plan: planId }),
  };
}

function detailsOf({ source, target, start }: MigrateRequest): string {
  const lines = [
    `**Source** ${displayEnd(source)}`,
    `**Target** ${displayEnd(target)}, schema ${start.targetSchema ?? 'public'}`,
  ];
  if (start.dryRun === true) lines.push('Plans only; the target is not touched.');
  return lines.join('\n\n');
}

const SOURCE = defineSearchAttributeKey('CaravanSource', 'KEYWORD');
const TARGET = defineSearchAttributeKey('CaravanTarget', 'KEYWORD');

/** Longest value that every store of search attributes takes, in characters. */
const KEYWORD_MAX = 200;

/** Where the ends are, as people know them: a URL's own connection has a name that tells nothing. */
function searchAttributes({ source, target }: MigrateRequest) {
  const shown = (end: End): string => displayEnd(end).slice(0, KEYWORD_MAX);
  return [
    { key: SOURCE, value: shown(source) },
    ...(target === undefined ? [] : [{ key: TARGET, value: shown(target) }]),
  ];
}
