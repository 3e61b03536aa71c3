import type { Progress } from '../../contracts/migration.js';
import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import type { Session, SessionOptions } from '../session.js';
import { listenForInterrupts } from './interrupts.js';
import type { Outcome } from './outcome.js';
import { readRequest } from './request.js';
import type { MigrateOptions } from './request.js';
import { summaryLines } from './summary.js';

/** Hooks for a caller that does more than a person does, such as the demo. */
export interface MigrateHooks {
  readonly session?: SessionOptions;
  /** Milliseconds between two looks; default 1000. */
  readonly lookMs?: number;
  readonly onProgress?: (progress: Progress, session: Session) => void;
  /** It has ended, and the store is still open. */
  readonly onEnded?: (migrationId: string, session: Session) => Promise<void>;
  /** In place of writing the plan of a dry run. */
  readonly onPlanned?: (migrationId: string, session: Session) => Promise<void>;
}

/** `caravan migrate` and `caravan plan`: resolves with the exit code, whatever happens. */
export async function runMigrate(context: CliContext, options: MigrateOptions): Promise<number> {
  const { print, tell } = context;
  const { report, exit } = await migrate(quietFor(context, options), options);
  if (options.json === true) {
    const { reportLine } = await import('./outcome.js');
    print(reportLine(report));
  } else
    for (const line of summaryLines({ report, exit }))
      (report.error === undefined && options.dryRun !== true ? print : tell)(line);
  if (report.certificate !== null) (await import('../certificate/show.js')).tellPage(context, report.certificate);
  return exit;
}

/** With --json nothing is drawn: progress is lines on standard error. */
function quietFor(context: CliContext, options: MigrateOptions): CliContext {
  return options.json === true ? { ...context, screen: null } : context;
}

/** Migrates and gives the outcome; never rejects. */
export async function migrate(
  context: CliContext,
  options: MigrateOptions,
  hooks: MigrateHooks = {},
): Promise<Outcome> {
  const interrupts = listenForInterrupts();
  let migrationId = options.workflowId ?? '';
  try {
    const request = await readRequest(options, context.cwd);
    migrationId = request.migrationId;
    return await withSession(
      context,
      async (session) => {
        const { startAndFollow } = await import('./start-and-follow.js');
        return startAndFollow({ context, options, session, interrupts, hooks }, request);
      },
      {
        ...hooks.session,
        interrupted: Promise.race([interrupts.cancelled, interrupts.left]),
      },
    );
  } catch (error) {
    const { outcomeOfError } = await import('./outcome.js');
    return outcomeOfError(migrationId, error);
  } finally {
    interrupts.close();
  }
}
