import { randomUUID } from 'node:crypto';
import { QUEUES } from '../../contracts/queues.js';

/** What the workflow `maintenance` is asked for: workers reach the databases, the command does not. */
export type MaintenanceRequest =
  /** Undo what closed or vanished migrations left; absent: in every target. */
  | { readonly connection?: string }
  /** Connect to this connection. */
  | { readonly test: string }
  /** Drop the old tables that this migration kept (`caravan_old_<h>`). */
  | { readonly purge: string }
  /** Copy what the ledgers of this migration hold now to the store, under the name `stage`. */
  | { readonly ledgers: { readonly migrationId: string; readonly stage: string } }
  /** Translate recorded queries by the plan of this migration, and keep them under the id `as`. */
  | { readonly queries: { readonly migrationId: string; readonly workloadId: string; readonly as: string } }
  /** Find out about the row that was asked for under this id in the store. */
  | { readonly trace: { readonly migrationId: string; readonly lookup: string } };

/** Each request fills its part. */
export interface MaintenanceResult {
  readonly undone?: number;
  readonly left?: number;
  /** Of a tested connection. */
  readonly tested?: { readonly engine: string; readonly version: string; readonly milliseconds: number };
  readonly purged?: boolean;
  readonly staged?: boolean;
  readonly traced?: boolean;
}

/** How the workflow `maintenance` is started for a request. */
export function maintenanceStart(request: MaintenanceRequest) {
  return {
    workflowId: `maintenance-${randomUUID()}`,
    taskQueue: QUEUES.control,
    args: [request],
    workflowTaskTimeout: '3s',
    staticSummary: summaryOf(request),
  } as const;
}

function summaryOf(request: MaintenanceRequest): string {
  if ('test' in request) return `test connection ${request.test}`;
  if ('purge' in request) return `purge ${request.purge}`;
  if ('queries' in request) return 'translate recorded queries';
  if ('trace' in request) return `trace a row of ${request.trace.migrationId}`;
  if ('ledgers' in request) return `copy the ledgers of ${request.ledgers.migrationId}`;
  return 'undo leftovers';
}
