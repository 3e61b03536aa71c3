import type { InPlan, ValidatorActivities } from '../../contracts/activities.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { processQueue } from '../../contracts/queues.js';
import { unverifiableColumns } from '../kora/feasibility.js';
import type { Deps } from '../deps.js';
import { refuseAnyDrift } from '../drift/drift.js';
import { openTargetOf, planOf, withEnd } from '../ends.js';
import { alive } from '../heartbeat.js';
import type { Alive } from '../heartbeat.js';
import { openSnapshot } from '../open-snapshot.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { listChecks, runCheck } from './checks/run-check.js';
import { catchUp } from './gate/catch-up.js';
import type { CheckChunk } from './gate/catch-up.js';
import { compileValidators, wantValidators } from './gate/want-validators.js';
import { compareTable } from './existing/compare-table.js';
import { compareTables } from './existing/compare-tables.js';
import { compareViews } from './existing/compare-views.js';
import { openComparison } from './existing/open-comparison.js';
import { proveTable } from './prove-table.js';
import type { RepairChunk } from './prove-table.js';
import { proveTables } from './prove-tables.js';
import { proveViews } from './prove-views.js';
import { traceRow } from './trace/trace-row.js';
import { mineRules } from './rules/mine-rules.js';

/** The Validator agent: KORA's eyes before promotion. */
export function createValidatorActivities(
  deps: Deps,
  host: SnapshotHost,
  { repairChunk, checkChunk }: { readonly repairChunk: RepairChunk; readonly checkChunk: CheckChunk },
): ValidatorActivities {
  return {
    checkFeasibility: (input) => alive((context) => checkFeasibility(deps, input, context)),
    openProofSnapshot: (input) =>
      alive(() => openSnapshot(deps, host, { ...input, whole: true, queue: processQueue(deps.processId) })),
    closeProofSnapshot: ({ snapshotId }) => host.close(snapshotId),
    compileValidators: (input) => alive(({ signal }) => compileValidators(deps, input, signal)),
    catchUp: (input) => alive((context) => catchUp({ deps, host, checkChunk }, input, context)),
    proveTable: (input) => alive((context) => proveTable({ deps, host, repairChunk }, input, context)),
    proveTables: (input) => alive((context) => proveTables({ deps, host, repairChunk }, input, context)),
    proveViews: (input) => alive((context) => proveViews({ deps, host }, input, context)),
    compareStructure: (input) => alive(({ signal }) => compareStructure(deps, input, signal)),
    prepareRepair: (input) => alive(({ signal }) => prepareRepair(deps, input, signal)),
    comparePosition: (input) => alive(() => comparePosition(deps, host, input)),
    openComparison: (input) =>
      alive(() => openComparison(deps, host, { ...input, queue: processQueue(deps.processId) })),
    compareTable: (input) => alive((context) => compareTable({ deps, host }, input, context)),
    compareTables: (input) => alive((context) => compareTables({ deps, host }, input, context)),
    listChecks: (input) => alive((context) => listChecks({ deps, host }, input, context)),
    runCheck: (input) => alive((context) => runCheck({ deps, host }, input, context)),
    traceRow: (input) => alive(({ signal }) => traceRow(deps, input, signal)),
    compareViews: (input) => alive((context) => compareViews({ deps, host }, input, context)),
  };
}

/** Rows that come later change nothing where none is moved. */
async function comparePosition(
  deps: Deps,
  host: SnapshotHost,
  { migrationId, planId, snapshotId }: InPlan & { snapshotId: string },
): ReturnType<ValidatorActivities['comparePosition']> {
  const { tables } = (await planOf(deps, planId)).document.migration;
  const { snapshot, source, watch } = host.get(snapshotId);
  refuseAnyDrift(await watch.look(source));
  const compared = await snapshot.moved();
  const unchecked = await uncheckedChunks(deps, migrationId, tables);
  return { ...compared, ...(tables.every(({ rows }) => rows === 'none') && { moved: 'no' }), unchecked };
}

/** A rule that was accepted after validation had caught up makes another validator of its table's. */
async function uncheckedChunks(deps: Deps, migrationId: string, tables: readonly TableMapping[]): Promise<number> {
  const rules = await deps.acceptedRules(migrationId);
  return withEnd(openTargetOf(deps, migrationId), async (target) => {
    await wantValidators(deps, target, { tables, rules });
    return (await target.validators.unchecked()).reduce((sum, { chunks }) => sum + chunks, 0);
  });
}

async function checkFeasibility(
  deps: Deps,
  input: InPlan,
  context: Alive,
): ReturnType<ValidatorActivities['checkFeasibility']> {
  const { migration } = (await planOf(deps, input.planId)).document;
  const columns = migration.tables.reduce((count, table) => count + table.columns.length, 0);
  const rules = await mineRules(deps, input, context);
  return { columns, unverifiable: unverifiableColumns(migration).length, rules };
}

async function compareStructure(
  deps: Deps,
  input: InPlan,
  signal: AbortSignal,
): ReturnType<ValidatorActivities['compareStructure']> {
  const { migration } = (await planOf(deps, input.planId)).document;
  return withEnd(openTargetOf(deps, input.migrationId), (target) => target.compareStructure(migration), signal);
}

async function prepareRepair(deps: Deps, input: InPlan, signal: AbortSignal): Promise<{ foreignKeys: number }> {
  const { migration } = (await planOf(deps, input.planId)).document;
  return withEnd(openTargetOf(deps, input.migrationId), (target) => target.dropForeignKeys(migration), signal);
}
