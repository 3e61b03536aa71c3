import { WorkflowExecutionAlreadyStartedError, WorkflowIdConflictPolicy } from '@temporalio/client';
import type { Client, WorkflowHandle, WorkflowIdReusePolicy } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { CaravanFailure } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import { QUEUES } from '../../contracts/queues.js';
import type { ConnectionStore } from '../store/store.js';

export interface StartMigration {
  readonly migrationId: string;
  readonly input: MigrationStart;
  /** Where the ends are, as people know them; never a secret. */
  readonly shown: { readonly source: string; readonly target: string | undefined };
  /** What a migration of the same id that ended means. */
  readonly reuse: WorkflowIdReusePolicy;
}

/** Starts the workflow of a migration. Undefined: one runs under the id, or did and may not be repeated. */
export async function startMigrationWorkflow(
  client: Client,
  { migrationId, input, shown, reuse }: StartMigration,
): Promise<WorkflowHandle | undefined> {
  try {
    return await client.workflow.start(WORKFLOWS.migration, {
      workflowId: migrationId,
      taskQueue: QUEUES.control,
      args: [input],
      workflowTaskTimeout: '3s',
      workflowIdReusePolicy: reuse,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      staticSummary: `${shown.source} to ${shown.target ?? '(none)'}`,
      staticDetails: detailsOf(input, shown),
      typedSearchAttributes: searchAttributes(shown),
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** A typing error in a name is told before anything is started. @throws CaravanFailure CONNECTION_UNKNOWN */
export async function requireConnections(connections: ConnectionStore, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const known = new Set((await connections.list()).map(({ name }) => name));
  for (const name of names) {
    if (known.has(name)) continue;
    throw new CaravanFailure('CONNECTION_UNKNOWN', {
      attempted: 'find the connection',
      on: name,
      seen: 'there is none',
    });
  }
}

function detailsOf({ targetSchema, dryRun }: MigrationStart, { source, target }: StartMigration['shown']): string {
  const lines = [`**Source** ${source}`, `**Target** ${target ?? '(none)'}, schema ${targetSchema ?? 'public'}`];
  if (dryRun === true) lines.push('Plans only; the target is not touched.');
  return lines.join('\n\n');
}

const SOURCE = defineSearchAttributeKey('CaravanSource', 'KEYWORD');
const TARGET = defineSearchAttributeKey('CaravanTarget', 'KEYWORD');

/** Longest value that every store of search attributes takes, in characters. */
const KEYWORD_MAX = 200;

function searchAttributes({ source, target }: StartMigration['shown']) {
  return [
    { key: SOURCE, value: source.slice(0, KEYWORD_MAX) },
    ...(target === undefined ? [] : [{ key: TARGET, value: target.slice(0, KEYWORD_MAX) }]),
  ];
}
