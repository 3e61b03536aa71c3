import { randomBytes } from 'node:crypto';
import { CaravanFailure } from '../../contracts/failures.js';
import type { FinalStatus } from '../../contracts/migration.js';
import { stageName } from '../../platform/store/archive-store.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { secretKeyFile } from '../../platform/secrets/key-files.js';
import type { ArchivedRun, ArchiveFilter, ArchiveStore, LedgerKind } from '../../platform/store/store.js';
import type { CliContext } from '../cli-context.js';
import { maintain } from '../maintain.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';
import { openerOf } from './opened.js';
import type { OpenedEntry } from './opened.js';

export type KindOption = 'changed' | 'quarantined' | 'all';

export const LEDGERS: Readonly<Record<KindOption, readonly LedgerKind[]>> = {
  changed: ['value_ledger'],
  quarantined: ['quarantine'],
  all: ['value_ledger', 'quarantine'],
};

/** Where what could not be stored as it was is kept now. */
export type Place = 'target' | 'store' | 'nowhere';

/** What is kept of one migration, as `values` reads it. */
export interface Kept {
  readonly place: Place;
  /** One sentence for people; empty when there is nothing to say. */
  readonly note: string;
  counts(kind: LedgerKind, filter?: ArchiveFilter): ReturnType<ArchiveStore['counts']>;
  /** Opened, page by page, in the order in which they were written. */
  entries(
    kind: LedgerKind,
    options: { filter?: ArchiveFilter; limit?: number; values: boolean },
  ): AsyncGenerator<OpenedEntry>;
}

/** These ended before the pivot, and their undo was complete. */
const UNDONE: readonly (FinalStatus | undefined)[] = ['planned', 'rejected', 'cancelled', 'failed', 'invalid_input'];

/**
 * Before promotion the ledgers stand in the target: a worker copies them to the store, sealed, for as long as `work`
 * reads them. After it they are archived in the store.
 */
export async function withKept<Result>(
  context: CliContext,
  session: Session,
  { migrationId, work }: { readonly migrationId: string; readonly work: (kept: Kept) => Promise<Result> },
): Promise<Result> {
  const { store } = session;
  const [record, report] = await patient(() =>
    Promise.all([store.migrations.get(migrationId), store.migrations.report(migrationId)]),
  );
  if (record === undefined) throw await gone(session, migrationId);
  const reading = (run: ArchivedRun, told: Pick<Kept, 'place' | 'note'>): Promise<Kept> =>
    keptOf(context, session, { run, ...told });
  const archived = { migrationId, hash: record.hash };
  if (UNDONE.includes(report?.status)) {
    const note = `it ended ${report?.status ?? ''} and was undone, and what it could not store with it`;
    return work(await reading(archived, { place: 'nowhere', note }));
  }
  if (report?.status === 'proven' || report?.status === 'proven_with_exceptions') {
    return work(await reading(archived, { place: 'store', note: '' }));
  }
  const stage = { migrationId, hash: stageName(Date.now(), randomBytes(6).toString('hex')) };
  try {
    const { staged } = await maintain(session, { ledgers: { migrationId, stage: stage.hash } });
    const note = 'the migration is not promoted yet: more may come, and some may go';
    if (staged === true) return await work(await reading(stage, { place: 'target', note }));
  } finally {
    await patient(() => store.archive.drop(stage)).catch(() => undefined);
  }
  const isPromoted = (await patient(() => store.migrations.promotion(migrationId))) !== undefined;
  if (isPromoted) return work(await reading(archived, { place: 'store', note: '' }));
  return work(await reading(archived, { place: 'nowhere', note: 'it has not copied anything yet' }));
}

async function keptOf(
  { config }: CliContext,
  { store }: Session,
  { run, ...told }: { run: ArchivedRun } & Pick<Kept, 'place' | 'note'>,
): Promise<Kept> {
  const plan = await patient(() => store.plans.latest(run.migrationId));
  const box = openSecretBox({ key: config.secretKey, keyFile: secretKeyFile(config.home) });
  const open = openerOf(box, plan?.document.migration.tables ?? []);
  return {
    ...told,
    counts: (kind, filter) => patient(() => store.archive.counts(run, kind, filter)),
    async *entries(kind, { filter = {}, limit = Infinity, values }) {
      for (let after = -1, left = limit; left > 0;) {
        const wanted = { after, limit: Math.min(left, PAGE_ENTRIES), filter, bytes: values };
        const page = await patient(() => store.archive.page(run, kind, wanted));
        const last = page.at(-1);
        if (last === undefined) return;
        for (const entry of page) yield open(kind, entry, { values });
        after = last.id;
        left -= page.length;
      }
    },
  };
}

const PAGE_ENTRIES = 500;

/** Purged, or never there: Temporal may still know of it. */
async function gone({ client }: Session, migrationId: string): Promise<CaravanFailure> {
  const known = await client.workflow
    .getHandle(migrationId)
    .describe()
    .then(
      () => true,
      () => false,
    );
  const seen = known
    ? 'it was purged: the values that it could not store are gone'
    : 'there is none; if it was purged, the values that it could not store are gone';
  return new CaravanFailure('MIGRATION_UNKNOWN', { attempted: 'find the values of', on: migrationId, seen });
}
