import type { TableMapping } from '../../../contracts/mapping.js';
import type { Checked } from '../../../databases/checked.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../../../databases/source.js';
import type { ChunkLedger } from '../../../databases/target.js';
import { openTargetOf, withEnd } from '../../ends.js';
import type { CheckContext } from './check.js';

/** The target of a check, whichever kind it is. */
export interface CheckedSide {
  readonly checked: Checked;
  scan(table: TableMapping, range: KeyRange, options: ScanOptions): AsyncIterable<CanonicalBatch>;
  /** What a migration could not store as it was; absent where another tool moved the rows. */
  readonly ledger?: ChunkLedger;
}

/** Works on the migration's shadow, or on the state of the target that another tool made. */
export function withTarget<T>(context: CheckContext, work: (target: CheckedSide) => Promise<T>): Promise<T> {
  const { deps, migrationId, migration, existing, alive } = context;
  if (existing === undefined) return withEnd(openTargetOf(deps, migrationId), work, alive.signal);
  return work({
    checked: existing.checked(migration.targetSchema),
    scan: (table, range, options) => existing.scan(table, range, options),
  });
}
