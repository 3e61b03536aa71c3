import type { InMigration, InPlan, WorkerActivities } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import { processQueue } from '../../contracts/queues.js';
import type { Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { openTargetOf, planOf, recordOf, withEnd } from '../ends.js';
import { alive } from '../heartbeat.js';
import { openSnapshot } from '../open-snapshot.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { archiveSidecar, stageLedgers } from './archive.js';
import { buildTables } from './build-tables.js';
import { copyChunk } from './copy-chunk.js';
import { buildKeys, cutTable, sealTable } from './table-steps.js';

/** The Worker agent: builds the shadow, copies, promotes, undoes. */
export function createWorkerActivities(deps: Deps, host: SnapshotHost): WorkerActivities {
  return {
    createShadow: (input) => alive(({ signal }) => createShadow(deps, input, signal)),
    reduceShadow: (input) => alive(() => reduceShadow(deps, input)),
    cutTable: (input) =>
      alive(({ signal }) => withTarget(deps, input, signal, (target) => cutTable(deps, target, input, { signal }))),
    openCopySnapshot: (input) =>
      alive(() => openSnapshot(deps, host, { ...input, whole: false, queue: processQueue(deps.processId) })),
    closeCopySnapshot: ({ snapshotId }) => host.close(snapshotId),
    copyChunk: (input) => alive((context) => copyChunk(deps, host, input, context)),
    sealTable: (input) =>
      alive(({ signal }) => withTarget(deps, input, signal, (target) => sealTable(deps, target, input))),
    buildKeys: (input) =>
      alive(({ signal }) => withTarget(deps, input, signal, (target) => buildKeys(deps, target, input))),
    buildTables: (input) => alive((context) => buildTables({ deps, host, alive: context }, input)),
    addForeignKeys: (input) => alive(({ signal }) => addForeignKeys(deps, input, signal)),
    undoShadow: (input) => alive(() => undoShadow(deps, input)),
    promote: (input) => alive(() => promote(deps, input)),
    archiveSidecar: (input) => alive(() => archiveSidecar(deps, input)),
    stageLedgers: (input) => alive(() => stageLedgers(deps, input)),
  };
}

function withTarget<T>(
  deps: Deps,
  { migrationId }: InMigration,
  signal: AbortSignal,
  work: (target: Target) => Promise<T>,
): Promise<T> {
  return withEnd(openTargetOf(deps, migrationId), work, signal);
}

async function createShadow(
  deps: Deps,
  { migrationId, planId }: InPlan,
  signal: AbortSignal,
): Promise<{ tables: number }> {
  const { migration } = (await planOf(deps, planId)).document;
  const { input } = await recordOf(deps, migrationId);
  return withEnd(
    openTargetOf(deps, migrationId),
    async (target) => {
      await target.checkNames(migration, input.onExisting);
      await target.createShadow(migration);
      return { tables: migration.tables.length };
    },
    signal,
  );
}

async function reduceShadow(
  deps: Deps,
  { migrationId, planId, again = [] }: InPlan & { again?: readonly string[] },
): Promise<void> {
  const { migration } = (await planOf(deps, planId)).document;
  const tables = migration.tables.filter(({ source }) => !again.includes(qualified(source)));
  await withEnd(openTargetOf(deps, migrationId), (target) => target.reduceShadow({ ...migration, tables }));
}

async function addForeignKeys(
  deps: Deps,
  input: InPlan,
  signal: AbortSignal,
): ReturnType<WorkerActivities['addForeignKeys']> {
  const { migration } = (await planOf(deps, input.planId)).document;
  return withEnd(openTargetOf(deps, input.migrationId), (target) => target.addForeignKeys(migration), signal);
}

async function undoShadow(deps: Deps, { migrationId }: InMigration): Promise<{ left: string[] }> {
  const { input } = await recordOf(deps, migrationId);
  return withEnd(openTargetOf(deps, migrationId), (target) => target.undo(input.targetSchema));
}

async function promote(deps: Deps, { migrationId, planId }: InPlan): ReturnType<WorkerActivities['promote']> {
  const { migration } = (await planOf(deps, planId)).document;
  const { input } = await recordOf(deps, migrationId);
  return withEnd(openTargetOf(deps, migrationId), async (target) => {
    deps.failpoint('promote.before');
    const promoted = await target.promote(migration, { onExisting: input.onExisting });
    deps.failpoint('promote.after');
    await deps.store.migrations.putPromotion(migrationId, promoted);
    const data = { tables: promoted.tables };
    deps.bus.publish({ type: 'promotion.done', migrationId, at: promoted.promotedAt, data });
    return promoted;
  });
}
