import type { MigrationReport } from '../../contracts/migration.js';
import type { StructureReport } from '../../contracts/verification.js';
import type { CliContext } from '../cli-context.js';
import type { Outcome } from '../migrate/outcome.js';
import type { MigrateOptions } from '../migrate/request.js';
import { migrate } from '../migrate/run-migrate.js';
import { patient } from '../patience.js';
import { verificationLines } from './summary.js';

/** Nothing was written, so nothing can be left: whatever did not come to its end has failed, and no more. */
const FAILED = 1;

/** `caravan verify`: resolves with the exit code, whatever happens. */
export async function runVerify(context: CliContext, options: MigrateOptions): Promise<number> {
  const quiet = options.json === true ? { ...context, screen: null } : context;
  let structure: StructureReport | undefined;
  const outcome = harmless(
    await migrate(
      quiet,
      { ...options, mode: 'verify' },
      {
        onEnded: async (migrationId, { store }) => {
          structure = await patient(() => store.migrations.structure(migrationId));
        },
      },
    ),
  );
  const { report, exit } = outcome;
  if (options.json === true) {
    const { reportLine } = await import('../migrate/outcome.js');
    context.print(reportLine(report));
  } else {
    const print = report.error === undefined ? context.print : context.tell;
    for (const line of verificationLines(report, structure)) print(line);
  }
  if (report.certificate !== null) (await import('../certificate/show.js')).tellPage(context, report.certificate);
  return exit;
}

function harmless({ report, exit }: Outcome): Outcome {
  const { status } = report;
  const left = status === 'undo_incomplete' || status === 'rejected' || exit > 3;
  if (!left) return { report, exit };
  const error = report.error && { ...report.error, message: report.error.message.replace(/^UNDO_INCOMPLETE: /u, '') };
  const failed: MigrationReport = { ...report, status: 'failed', ...(error && { error }) };
  return { report: failed, exit: FAILED };
}
