import { CaravanFailure } from '../contracts/failures.js';
import type { FailureCode } from '../contracts/failures.js';
import type { TableMapping } from '../contracts/mapping.js';
import { qualified } from '../contracts/catalogue.js';
import type { MigrationInput } from '../contracts/migration.schema.js';
import { parseMapping } from '../language/mapping-file.js';
import type { ReadMapping } from '../language/mapping-file.js';
import type { ExistingTarget } from '../databases/existing.js';
import type { Source } from '../databases/source.js';
import type { Target } from '../databases/target.js';
import type { MigrationRecord, StoredPlan } from '../platform/store/store.js';
import type { Deps } from './deps.js';
import { openPacedSource } from './pace/open-paced-source.js';

/** The migration's record; openMigration made it. */
export async function recordOf(deps: Deps, migrationId: string): Promise<MigrationRecord> {
  const record = await deps.store.migrations.get(migrationId);
  if (record !== undefined) return record;
  throw new CaravanFailure('INTERNAL', { attempted: 'find the record of', on: migrationId, seen: 'there is none' });
}

export async function planOf(deps: Deps, planId: string): Promise<StoredPlan> {
  const plan = await deps.store.plans.get(planId);
  if (plan !== undefined) return plan;
  throw new CaravanFailure('PLAN_INVALID', {
    attempted: 'read plan',
    on: planId,
    seen: 'the store has none by this id',
  });
}

/** The mapping file that a migration was started with. */
export async function mappingFileOf(deps: Deps, { mapping }: MigrationInput): Promise<ReadMapping | undefined> {
  if (mapping === undefined) return undefined;
  const text = await deps.store.mappings.get(mapping);
  if (text !== undefined) return parseMapping(text);
  throw new CaravanFailure('MAPPING_INVALID', {
    attempted: 'read the mapping file',
    on: mapping,
    seen: 'the store has none by this id',
    next: 'Give the file again.',
  });
}

/** `table` is the source's "schema.name". */
export function mappingOf(plan: StoredPlan, table: string): TableMapping {
  const mapping = plan.document.migration.tables.find((candidate) => qualified(candidate.source) === table);
  if (mapping !== undefined) return mapping;
  throw new CaravanFailure('PLAN_INVALID', { attempted: 'find table', on: table, seen: 'the plan does not name it' });
}

/**
 * Codes that are bad input when a migration is opened, but a passing outage once it runs: a server that is being
 * restarted refuses connections.
 */
const OUTAGE: readonly FailureCode[] = ['CONNECTION_REFUSED', 'LOGIN_REFUSED', 'DATABASE_MISSING', 'TLS_REFUSED'];

function asOutage(error: unknown, lost: 'SOURCE_LOST' | 'TARGET_LOST'): unknown {
  if (!(error instanceof CaravanFailure) || !OUTAGE.includes(error.code)) return error;
  return new CaravanFailure(lost, { attempted: 'reach', on: 'the database', seen: error.code }, error);
}

export async function openSourceOf(deps: Deps, migrationId: string): Promise<Source> {
  const record = await recordOf(deps, migrationId);
  try {
    return await openPacedSource(deps, record);
  } catch (error) {
    throw asOutage(error, 'SOURCE_LOST');
  }
}

export async function openTargetOf(deps: Deps, migrationId: string): Promise<Target> {
  const { input, hash, namespace, firstRunId } = await recordOf(deps, migrationId);
  if (input.target === undefined) throw new Error('a dry run has no target');
  const names = { hash, namespace, workflowId: migrationId, runId: firstRunId };
  try {
    return await deps.openTarget(await deps.store.connections.get(input.target), names);
  } catch (error) {
    throw asOutage(error, 'TARGET_LOST');
  }
}

/** The target of a proof of another tool's work: it is only read. */
export async function openExistingOf(deps: Deps, migrationId: string): Promise<ExistingTarget> {
  const { input } = await recordOf(deps, migrationId);
  try {
    return await deps.openExisting(await deps.store.connections.get(input.target ?? ''));
  } catch (error) {
    throw asOutage(error, 'TARGET_LOST');
  }
}

/**
 * Opens, works, closes; the work's failure wins over one of closing. With a signal the end is closed when it aborts:
 * a statement that waits for somebody's lock is cut, and does not keep a cancelled migration waiting.
 */
export async function withEnd<E extends { close(): Promise<void> }, T>(
  opening: Promise<E>,
  work: (end: E) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const end = await opening;
  const cut = (): void => {
    end.close().catch(() => undefined);
  };
  signal?.addEventListener('abort', cut, { once: true });
  try {
    signal?.throwIfAborted();
    return await work(end);
  } finally {
    signal?.removeEventListener('abort', cut);
    await end.close().catch(() => undefined);
  }
}
