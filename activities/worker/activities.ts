import type { CutTable, InMigration, InPlan, InTable, WorkerActivities } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import { processQueue } from '../../contracts/queues.js';
import type { Deps } from '../deps.js';
import { mappingOf, openSourceOf, openTargetOf, planOf, recordOf, withEnd } from '../ends.js';
import { alive } from '../heartbeat.js';
import { openSnapshot } from '../open-snapshot.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { archiveSidecar, stageLedgers } from './archive.js';
import { copyChunk } from './copy-chunk.js';

/** The Worker agent: builds the shadow, copies, promotes, undoes. */
export function createWorkerActivities(deps: Deps, host: SnapshotHost): WorkerActivities {
  return {
    createShadow: (input) => alive(({ signal }) => createShadow(deps, input, signal)),
    reduceShadow: (input) => alive(() => reduceShadow(deps, input)),
    cutTable: (input) => alive(({ signal }) => cutTable(deps, input, signal)),
    openCopySnapshot: (input) =>
      alive(() => openSnapshot(deps, host, { ...input, whole: false, queue: processQueue(deps.processId) })),
    closeCopySnapshot: ({ snapshotId }) => host.close(snapshotId),
    copyChunk: (input) => alive((context) => copyChunk(deps, host, input, context)),
    sealTable: (input) => alive(({ signal }) => sealTable(deps, input, signal)),
    buildKeys: (input) => alive(({ signal }) => buildKeys(deps, input, signal)),
    addForeignKeys: (input) => alive(({ signal }) => addForeignKeys(deps, input, signal)),
    undoShadow: (input) => alive(() => undoShadow(deps, input)),
    promote: (input) => alive(() => promote(deps, input)),
    archiveSidecar: (input) => alive(() => archiveSidecar(deps, input)),
    stageLedgers: (input) => alive(() => stageLedgers(deps, input)),
  };
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

async function cutTable(deps: Deps, input: InTable, signal: AbortSignal): Promise<CutTable> {
  const table = mappingOf(await planOf(deps, input.planId), input.table);
  return withEnd(
    openTargetOf(deps, input.migrationId),
    async (target) => {
      const bounds =
        table.rows === 'none'
          ? []
          : await withEnd(openSourceOf(deps, input.migrationId), (source) => source.chunkBounds(table), signal);
      const cut = await target.ledger.cut(input.table, bounds);
      return { ...cut, rows: Math.round(table.estimatedRows) };
    },
    signal,
  );
}

async function sealTable(
  deps: Deps,
  input: InTable & { milliseconds: number },
  signal: AbortSignal,
): Promise<{ chunks: number; rows: number; bytes: number; quarantined: number; changed: number }> {
  const { migrationId, table, milliseconds } = input;
  return withEnd(
    openTargetOf(deps, migrationId),
    async (target) => {
      const sealed = await target.ledger.seal(table);
      const { rows, bytes } = sealed;
      const { migrations } = deps.store;
      // No time at all: it was copied whole in an earlier try, which told how long that took.
      const told = milliseconds === 0 ? await migrations.copied(migrationId) : [];
      if (!told.some((fact) => fact.table === table && fact.rows === rows)) {
        await migrations.putCopied(migrationId, { table, rows, bytes, milliseconds });
      }
      const data = { table, rows, bytes, quarantined: sealed.quarantined };
      deps.bus.publish({ type: 'execution.table_copied', migrationId, at: new Date().toISOString(), data });
      return sealed;
    },
    signal,
  );
}

async function buildKeys(deps: Deps, input: InTable, signal: AbortSignal): ReturnType<WorkerActivities['buildKeys']> {
  const plan = await planOf(deps, input.planId);
  const table = mappingOf(plan, input.table);
  const opening = openTargetOf(deps, input.migrationId);
  return withEnd(opening, (target) => target.buildKeys(table, plan.document.migration), signal);
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
