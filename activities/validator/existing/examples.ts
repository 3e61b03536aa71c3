import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import { keyIdentity } from '../../../databases/canonical.js';
import type { ArchivedEntry } from '../../../platform/store/store.js';
import type { Deps } from '../../deps.js';
import { recordOf } from '../../ends.js';
import type { Example } from './tally.js';

/** Ids of one table's examples. */
const IDS_PER_TABLE = 1_000_000;

interface Found {
  readonly migrationId: string;
  readonly table: TableMapping;
  /** Place of the table in the plan. */
  readonly ordinal: number;
  readonly examples: readonly Example[];
}

/**
 * Keeps some of what differs, by key, where a migration keeps what it could not store: sealed, listed by "caravan
 * values", and gone with "caravan purge". Histories and reports have counts only.
 */
export async function putExamples(deps: Deps, { migrationId, table, ordinal, examples }: Found): Promise<void> {
  if (examples.length === 0) return;
  const { hash } = await recordOf(deps, migrationId);
  const name = qualified(table.source);
  const sealedAt = new Date().toISOString();
  const entries = examples.map(({ code, column, key, bytes }, at): ArchivedEntry & { column: string | null } => ({
    id: (ordinal + 1) * IDS_PER_TABLE + at,
    table: name,
    chunk: 0,
    keyIdentity: keyIdentity(key),
    key: key.length === 0 ? Buffer.alloc(0) : deps.box.seal(keyJson(key), name),
    column,
    reason: code,
    bytes: deps.box.seal(bytes, name),
    sealedAt,
  }));
  const run = { migrationId, hash };
  await deps.store.archive.put(
    run,
    'value_ledger',
    entries.filter(({ column }) => column !== null),
  );
  await deps.store.archive.put(
    run,
    'quarantine',
    entries.filter(({ column }) => column === null),
  );
}

/** As the copy writes keys. */
function keyJson(key: readonly Buffer[]): Buffer {
  return Buffer.from(JSON.stringify(key.map((field) => field.toString('base64'))));
}
