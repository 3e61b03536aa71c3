import type { MigrationResult } from '../../contracts/migration.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import { Migration } from './migration.js';
import { Verification } from './verification.js';

/** Moves a database and proves it; or, with the mode `verify`, proves one that another tool moved. */
export async function migration(start: MigrationStart): Promise<MigrationResult> {
  return start.mode === 'verify' ? new Verification(start).run() : new Migration(start).run();
}
