import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { MigrationStore } from '../store/store.js';

const STATUS = defineSearchAttributeKey('CaravanStatus', 'KEYWORD');
const SOURCE = defineSearchAttributeKey('CaravanSource', 'KEYWORD');
const TARGET = defineSearchAttributeKey('CaravanTarget', 'KEYWORD');

/** One migration of a list. */
export interface Listed {
  readonly migrationId: string;
  readonly status: string;
  readonly source: string;
  readonly target: string | null;
  readonly startedAt: string;
}

/** The newest first, at most `limit`. */
export async function listMigrations(client: Client, migrations: MigrationStore, limit: number): Promise<Listed[]> {
  const [seen, records] = await Promise.all([seenByTemporal(client, limit), migrations.list(limit)]);
  return records.map(({ migrationId, input, startedAt, status }) => {
    const workflow = seen.get(migrationId);
    return {
      migrationId,
      status: workflow?.running ?? status ?? 'ended without a report',
      source: workflow?.source ?? input.source,
      target: workflow?.target ?? input.target ?? null,
      startedAt,
    };
  });
}

interface Seen {
  /** `CaravanStatus` of a migration that runs. */
  readonly running?: string;
  readonly source?: string;
  readonly target?: string;
}

/** What Temporal shows of all that run, and of those that ended last: it forgets what ended long ago. */
async function seenByTemporal(client: Client, limit: number): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  for (const isRunning of [true, false]) {
    const query = `WorkflowType = 'migration' AND ExecutionStatus ${isRunning ? '=' : '!='} 'Running'`;
    let left = isRunning ? Infinity : limit;
    for await (const { workflowId, typedSearchAttributes } of client.workflow.list({ query, pageSize: limit })) {
      if ((left -= 1) < 0) break;
      if (seen.has(workflowId)) continue;
      seen.set(workflowId, {
        source: typedSearchAttributes.get(SOURCE),
        target: typedSearchAttributes.get(TARGET),
        ...(isRunning && { running: typedSearchAttributes.get(STATUS) ?? 'running' }),
      });
    }
  }
  return seen;
}
