import { CaravanFailure } from '../../../contracts/failures.js';
import type { FinalStatus } from '../../../contracts/migration.js';
import type { TraceQuestion, TracePlace, TracedChunk, TracedEntry } from '../../../contracts/trace.js';
import type { ExistingTarget } from '../../../databases/existing.js';
import type { LedgerEntry, Target } from '../../../databases/target.js';
import type { ArchivedEntry, LedgerKind, MigrationRecord } from '../../../platform/store/store.js';
import type { Deps } from '../../deps.js';

/** What is kept of a migration's rows, wherever that is now, and its ends. */
export interface Kept {
  readonly place: TracePlace;
  readonly record: MigrationRecord;
  chunks(table: string): Promise<readonly TracedChunk[]>;
  entries(table: string, identities: readonly string[], reveal: boolean): Promise<TracedEntry[]>;
  /** The target; throws why it cannot be reached. */
  readonly target: () => Promise<Target>;
  readonly existing: () => Promise<ExistingTarget>;
  close(): Promise<void>;
}

/** These ended before the pivot, and their undo was complete. */
const UNDONE: readonly (FinalStatus | undefined)[] = ['planned', 'rejected', 'cancelled', 'failed', 'invalid_input'];
const KINDS: readonly LedgerKind[] = ['value_ledger', 'quarantine'];

export async function openKept(deps: Deps, given: MigrationRecord, question: TraceQuestion): Promise<Kept> {
  const { migrationId } = given;
  const { source = given.input.source, target = given.input.target } = question;
  const record: MigrationRecord = { ...given, input: { ...given.input, source, target } };
  const ends = openEnds(deps, record);
  const [report, promotion] = await Promise.all([
    deps.store.migrations.report(migrationId),
    deps.store.migrations.promotion(migrationId),
  ]);
  const isUndone = UNDONE.includes(report?.status) && promotion === undefined;
  const isPromoted = promotion !== undefined;
  const place = isUndone ? 'nowhere' : isPromoted ? 'promoted' : await placeOf(record, ends);
  const reading = archived(deps, record);
  const isOver = report !== undefined || place === 'nowhere' || record.input.mode === 'verify';
  return { record, place, ...ends, ...(isOver ? reading : inSidecar(ends.target, reading)) };
}

type Ends = Pick<Kept, 'target' | 'existing' | 'close'>;

function openEnds(deps: Deps, { input, hash, namespace, migrationId, firstRunId }: MigrationRecord): Ends {
  const opened: { target?: Promise<Target>; existing?: Promise<ExistingTarget> } = {};
  const endpoint = () => deps.store.connections.get(input.target ?? '');
  const names = { hash, namespace, workflowId: migrationId, runId: firstRunId };
  return {
    target: () => (opened.target ??= endpoint().then((at) => deps.openTarget(at, names))),
    existing: () => (opened.existing ??= endpoint().then((at) => deps.openExisting(at))),
    close: async () => {
      const closing = [opened.target, opened.existing].map(async (end) => (await end)?.close());
      await Promise.allSettled(closing);
    },
  };
}

/** Of one that was neither promoted nor undone, as far as the store knows. */
async function placeOf({ input }: MigrationRecord, ends: Ends): Promise<TracePlace> {
  if (input.mode === 'verify') return 'moved by another tool';
  if (input.target === undefined) return 'nowhere';
  const target = await ends.target();
  if ((await target.promotionRecord()) !== undefined) return 'promoted';
  return orIfGone<TracePlace>(async () => {
    await target.ledger.chunks(undefined, 1);
    return 'shadow';
  }, 'nowhere');
}

/** The sidecar is made when the copy begins, and goes when it is archived. */
async function orIfGone<T>(read: () => Promise<T>, otherwise: T | (() => Promise<T>)): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CaravanFailure) || error.code !== 'LEDGER_INCOMPLETE') throw error;
    return otherwise instanceof Function ? otherwise() : otherwise;
  }
}

type Reading = Pick<Kept, 'chunks' | 'entries'>;

function archived({ store, box }: Deps, { migrationId, hash }: MigrationRecord): Reading {
  const run = { migrationId, hash };
  return {
    chunks: async (table) =>
      (await store.traces.chunks(run, table)).map(({ bounds, committedAt, table: name, ...chunk }) => ({
        ...chunk,
        ...(JSON.parse(box.open(bounds, name).toString()) as { lower?: string; upper?: string }),
        ...(committedAt !== null && { committedAt }),
      })),
    entries: (table, identities, reveal) =>
      entriesOf((kind) => store.traces.entries(run, kind, { table, identities }), reveal),
  };
}

/** Between promotion and its end the sidecar may be archived already. */
function inSidecar(target: Kept['target'], archive: Reading): Reading {
  return {
    chunks: (table) =>
      orIfGone(
        async () => (await target()).ledger.list(table),
        () => archive.chunks(table),
      ),
    entries: (table, identities, reveal) =>
      orIfGone(
        () => entriesOf(async (kind) => (await target()).ledger.entriesOf(kind, { table, identities }), reveal),
        () => archive.entries(table, identities, reveal),
      ),
  };
}

async function entriesOf(
  read: (kind: LedgerKind) => Promise<readonly (ArchivedEntry | LedgerEntry)[]>,
  reveal: boolean,
): Promise<TracedEntry[]> {
  const found: TracedEntry[] = [];
  for (const kind of KINDS) {
    for (const { column, reason, sealedAt, bytes } of await read(kind)) {
      const what = kind === 'value_ledger' ? 'changed' : 'quarantined';
      const sealed = reveal ? { sealed: Buffer.from(bytes).toString('base64') } : {};
      found.push({ kind: what, column, rule: reason, sealedAt, ...sealed });
    }
  }
  return found;
}
