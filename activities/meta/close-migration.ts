import type { CloseMigration } from '../../contracts/activities.js';
import type { FinalStatus, MigrationReport } from '../../contracts/migration.js';
import type { Deps } from '../deps.js';
import { certificatePath } from '../../platform/certificate/evidence-folder.js';
import { viewsLeft } from './certificate.js';
import type { CertificateOptions } from './certificate.js';

/** Writes the report that `--json` prints, and forgets connections that nothing needs any more. */
export async function closeMigration(
  deps: Deps,
  options: CertificateOptions,
  closing: CloseMigration,
): Promise<{ certificate: string | null; pending: boolean }> {
  const { migrationId, status } = closing;
  const promoted = status === 'proven' || status === 'proven_with_exceptions';
  const certificate = promoted ? certificatePath(options.folder, migrationId) : null;
  await deps.store.migrations.putReport(migrationId, await makeReport(deps, closing, certificate));
  const record = await deps.store.migrations.get(migrationId);
  // Without a record it was refused before anything began.
  const nothingLeft = record === undefined || mayForget(status, record.input.onExisting);
  if (nothingLeft) await deps.store.connections.release(migrationId);
  const data = { status };
  deps.bus.publish({ type: 'migration.finished', migrationId, at: new Date().toISOString(), data });
  return { certificate, pending: false };
}

/** A sealed connection is kept while something of the migration is left in the target. */
function mayForget(status: FinalStatus, onExisting: 'fail' | 'replace'): boolean {
  if (status === 'undo_incomplete') return false;
  return !(onExisting === 'replace' && (status === 'proven' || status === 'proven_with_exceptions'));
}

async function makeReport(deps: Deps, closing: CloseMigration, certificate: string | null): Promise<MigrationReport> {
  const { migrationId, status, planId, findings, phases, approvedBy, error } = closing;
  const { migrations, plans } = deps.store;
  const plan = planId === undefined ? undefined : await plans.get(planId);
  const [tables, views, everCopied, span] = await Promise.all([
    migrations.tables(migrationId),
    migrations.views(migrationId),
    migrations.copied(migrationId),
    migrations.copyTime(migrationId),
  ]);
  const order = new Map(
    plan?.document.migration.tables.map(({ source }, at) => [`${source.schema}.${source.name}`, at]),
  );
  // What was copied of a table that was excluded afterwards is not in the target.
  const copied = everCopied.filter(({ table }) => plan === undefined || order.has(table));
  const rows = copied.reduce((sum, table) => sum + table.rows, 0);
  const bytes = copied.reduce((sum, table) => sum + table.bytes, 0);
  const seconds = span === undefined ? 0 : (span.endedMs - span.startedMs) / 1000;
  const place = (name: string): number => order.get(name) ?? order.size;
  return {
    migrationId,
    status,
    tables: tables.toSorted((a, b) => place(a.source) - place(b.source)),
    notMigrated: [...(plan?.document.migration.notMigrated ?? []), ...viewsLeft(views)],
    findings: findings.map(({ code, kind, object, count, disposition }) => ({
      code,
      kind,
      object,
      count,
      disposition,
    })),
    certificate,
    ...(approvedBy === undefined ? {} : { approvedBy }),
    phases,
    copy: { rows, bytes, seconds, rowsPerSecond: seconds === 0 ? 0 : Math.round(rows / seconds) },
    ...(error === undefined ? {} : { error }),
  };
}
