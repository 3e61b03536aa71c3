import type { CheckName } from '../../contracts/checks.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';

/** The report of a check; MIGRATION_UNKNOWN or INPUT_INVALID where there is none. */
export async function reportOf<Report>({ store }: Session, migrationId: string, check: CheckName): Promise<Report> {
  const report = (await patient(() => store.migrations.checkReport(migrationId, check))) as Report | undefined;
  if (report !== undefined) return report;
  const record = await patient(() => store.migrations.get(migrationId));
  throw new CaravanFailure(record === undefined ? 'MIGRATION_UNKNOWN' : 'INPUT_INVALID', {
    attempted: `show the ${check} of`,
    on: migrationId,
    seen: record === undefined ? 'there is no such migration' : 'it has not come so far, or had nothing to look at',
    next: '"caravan list" lists the migrations.',
  });
}
