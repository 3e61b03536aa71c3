import type { TestedConnection } from '../contracts/activities.js';
import { failure } from './kit/failures.js';
import { architect, inspector, meta, tracer } from './kit/profiles.js';

export interface MaintenanceInput {
  /** Look only at this connection; absent: at every one that is a target. */
  readonly connection?: string;
  /** Instead: reach the database of this connection. */
  readonly test?: string;
  /** Instead: drop the old tables that this migration kept. */
  readonly purge?: string;
  /** Instead: copy what the ledgers of a migration hold now to the store, under the name `stage`. */
  readonly ledgers?: { readonly migrationId: string; readonly stage: string };
  /** Instead: translate recorded queries by the plan of a migration, and keep them under the id `as`. */
  readonly queries?: { readonly migrationId: string; readonly workloadId: string; readonly as: string };
  /** Instead: find out about the row that somebody asks for. */
  readonly trace?: { readonly migrationId: string; readonly lookup: string };
}

export interface MaintenanceResult {
  readonly undone?: number;
  readonly left?: number;
  readonly tested?: TestedConnection;
  readonly purged?: boolean;
  /** The ledgers were there. */
  readonly staged?: boolean;
  /** Different texts of queries that are replayable. */
  readonly distinct?: number;
  /** There is an answer. */
  readonly traced?: boolean;
}

/** The janitor: undoes what closed or vanished migrations left. `terminate` and timeouts run no workflow code. */
export async function maintenance(input: MaintenanceInput): Promise<MaintenanceResult> {
  const { test, purge, ledgers, queries, trace, ...sweep } = input;
  if (queries !== undefined) return architect('translate recorded queries').translateQueries(queries);
  if (trace !== undefined) {
    const { found } = await tracer(`trace a row of ${trace.migrationId}`).traceRow(trace);
    return { traced: found };
  }
  if (ledgers !== undefined) {
    const { there } = await inspector(`copy the ledgers of ${ledgers.migrationId} to the store`).stageLedgers(ledgers);
    return { staged: there };
  }
  if (test !== undefined) return { tested: await meta(`reach ${test}`).testConnection({ connection: test }) };
  if (purge === undefined) return meta('undo leftovers').sweepLeftovers(sweep);
  const { left } = await meta(`drop the old tables of ${purge}`).purgeOld({ migrationId: purge });
  if (left.length > 0) throw failure('UNDO_INCOMPLETE', `Left: ${left.slice(0, 20).join(', ')}.`);
  return { purged: true };
}
