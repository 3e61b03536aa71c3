import type { CheckName, CheckSummary } from '../../../contracts/checks.js';
import type { MigrationMapping } from '../../../contracts/mapping.js';
import type { Finding } from '../../../contracts/migration.js';
import type { ExistingSnapshot } from '../../../databases/existing.js';
import type { Snapshot, Source } from '../../../databases/source.js';
import type { Deps } from '../../deps.js';
import type { Alive } from '../../heartbeat.js';

/** A check of both sides as a whole, after their rows were compared. It reads; what it writes it takes back. */
export interface Check {
  readonly name: CheckName;
  /** Whether it has anything to look at. */
  applies(context: CheckContext): Promise<boolean>;
  /** Called again from the beginning when its process died. */
  run(context: CheckContext): Promise<CheckOutcome>;
}

export interface CheckContext {
  readonly deps: Deps;
  readonly migrationId: string;
  readonly planId: string;
  readonly migration: MigrationMapping;
  /** The source's end, and its state S2. */
  readonly source: Source;
  readonly snapshot: Snapshot;
  /** The state of a target that another tool made; absent where the target is the migration's own shadow. */
  readonly existing?: ExistingSnapshot;
  readonly alive: Alive;
}

export interface CheckOutcome extends Pick<CheckSummary, 'counts' | 'proven' | 'notProven'> {
  readonly findings: readonly Finding[];
  /** The whole of it, as JSON: names and counts. No value of a row stands in it. */
  readonly report: unknown;
}
