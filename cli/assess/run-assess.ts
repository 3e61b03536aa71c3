import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Assessment } from '../../contracts/assessment.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { CliContext } from '../cli-context.js';
import { reportLine } from '../migrate/outcome.js';
import type { MigrateOptions } from '../migrate/request.js';
import { migrate } from '../migrate/run-migrate.js';
import { summaryLines } from '../migrate/summary.js';
import { patient } from '../patience.js';
import { safeJson } from '../text-table.js';
import { assessmentPage } from './page.js';
import { assessmentLines } from './lines.js';

/** `caravan assess`: a dry run that lists what is refused instead of stopping at it. */
export async function runAssess(context: CliContext, options: MigrateOptions, html?: string): Promise<number> {
  const { json = false } = options;
  let assessment: Assessment | undefined;
  const { report, exit } = await migrate(
    json ? { ...context, screen: null } : context,
    { ...options, dryRun: true, assess: true },
    {
      onPlanned: async (migrationId, { store }) => {
        assessment = await patient(() => store.migrations.assessment(migrationId));
        if (assessment === undefined) throw unassessed(migrationId);
        if (html !== undefined) writePage(context, html, assessmentPage(assessment, new Date()));
      },
    },
  );
  if (json) {
    const whole = JSON.parse(reportLine(report)) as Record<string, unknown>;
    context.print(safeJson({ ...whole, assessment: assessment ?? null }));
  } else if (assessment === undefined) for (const line of summaryLines({ report, exit })) context.tell(line);
  else for (const line of assessmentLines(assessment)) context.print(line);
  return exit;
}

function writePage({ cwd, tell }: CliContext, html: string, page: string): void {
  const path = resolve(cwd, html);
  try {
    writeFileSync(path, page);
  } catch (error) {
    const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
    throw new CaravanFailure('USAGE', { attempted: 'write', on: path, seen, next: 'Name another --html.' });
  }
  tell(`the assessment is in ${path}`);
}

/** It was attached to a dry run of another kind. */
function unassessed(migrationId: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', {
    attempted: 'read the assessment of',
    on: migrationId,
    seen: 'it made only a plan',
    next: 'Choose another --workflow-id.',
  });
}
