import { CaravanFailure } from '../contracts/failures.js';
import type { FinalStatus } from '../contracts/migration.js';
import { listMigrations } from '../platform/temporal/list-migrations.js';
import type { Listed } from '../platform/temporal/list-migrations.js';
import type { CliContext } from './cli-context.js';
import { unknownMigration } from '../platform/temporal/failure-report.js';
import { maintain } from './maintain.js';
import { outcomeOf } from './migrate/outcome.js';
import type { Ending } from './migrate/outcome.js';
import { isRunning, requireRunning } from './running.js';
import { withSession } from './session.js';
import { patient } from './patience.js';
import { printable, textTable } from './text-table.js';

/** Migrations that `list` shows, the newest first. */
const LISTED = 50;

export async function runList(context: CliContext, options: { json?: boolean }): Promise<number> {
  return withSession(
    context,
    async (session) => {
      const listed = await patient(() => listMigrations(session.client, session.store.migrations, LISTED));
      if (options.json === true) context.print(JSON.stringify({ migrations: listed }));
      else for (const line of listLines(listed)) context.print(line);
      return 0;
    },
    { loud: options.json !== true },
  );
}

function listLines(listed: readonly Listed[]): string[] {
  if (listed.length === 0) return ['no migrations yet'];
  const rows = listed.map(({ migrationId, status, source, target, startedAt }) =>
    [migrationId, status, source, target ?? '-', startedAt.slice(0, 19).replace('T', ' ')].map(printable),
  );
  return textTable([['MIGRATION', 'STATUS', 'SOURCE', 'TARGET', 'STARTED (UTC)'], ...rows]);
}

/** Cancels and waits for the undo: 0 when nothing is left, else as the migration itself ends. */
export async function runCancel(context: CliContext, migrationId: string): Promise<number> {
  return withSession(context, async (session) => {
    const handle = await requireRunning(session, migrationId);
    await patient(() => handle.cancel());
    context.tell('cancelling; what was made in the target is being undone');
    const ending = await patient(() => handle.result()).then(
      (result): Ending => ({ kind: 'completed', result: result as Extract<Ending, { kind: 'completed' }>['result'] }),
      (error: unknown): Ending => ({ kind: 'failed', error }),
    );
    const { report, exit } = await outcomeOf(session.store, handle, ending);
    const isClean = report.status === 'cancelled';
    context.print(
      isClean ? `cancelled ${migrationId}; nothing is left in the target` : `${migrationId} ended: ${report.status}`,
    );
    return isClean ? 0 : exit;
  });
}

/** Statuses whose migration left nothing in any target. */
const LEFT_NOTHING: readonly (FinalStatus | undefined)[] = [
  'planned',
  'rejected',
  'cancelled',
  'failed',
  'invalid_input',
];

/** Deletes what is kept of an ended migration: old tables in the target, quarantine, value ledger, record. */
export async function runPurge(context: CliContext, migrationId: string): Promise<number> {
  return withSession(context, async (session) => {
    const { migrations } = session.store;
    if (await isRunning(session, migrationId)) throw stillRuns(migrationId);
    const [record, report] = await patient(() =>
      Promise.all([migrations.get(migrationId), migrations.report(migrationId)]),
    );
    if (record === undefined && report === undefined) throw unknownMigration(migrationId);
    if (record?.input.onExisting === 'replace' && !LEFT_NOTHING.includes(report?.status)) {
      const { purged } = await maintain(session, { purge: migrationId });
      if (purged !== true) throw notPurged(migrationId);
    }
    await patient(() => migrations.purge(migrationId));
    context.print(`purged ${migrationId}`);
    return 0;
  });
}

function stillRuns(migrationId: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', {
    attempted: 'purge',
    on: migrationId,
    seen: 'it still runs',
    next: 'Wait for its end, or cancel it first.',
  });
}

function notPurged(migrationId: string): CaravanFailure {
  return new CaravanFailure('UNDO_INCOMPLETE', {
    attempted: 'drop the old tables of',
    on: migrationId,
    seen: 'the workers did not do it',
    next: 'Try again; nothing else was deleted.',
  });
}
