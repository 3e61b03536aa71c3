import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Progress } from '../../contracts/migration.js';
import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import type { Session, SessionOptions } from '../session.js';
import { patient } from '../temporal-client.js';
import { shellWord } from '../text-table.js';
import { openDisplay } from './display.js';
import { follow } from './follow.js';
import { listenForInterrupts } from './interrupts.js';
import type { Interrupts } from './interrupts.js';
import { outcomeOf, outcomeOfError, outcomeOfLateError, reportLine } from './outcome.js';
import type { Ending, Outcome } from './outcome.js';
import { readRequest } from './request.js';
import type { MigrateOptions, MigrateRequest } from './request.js';
import { startMigration } from './start.js';
import { summaryLines } from './summary.js';

/** Hooks for a caller that does more than a person does, such as the demo. */
export interface MigrateHooks {
  readonly session?: SessionOptions;
  /** Milliseconds between two looks; default 1000. */
  readonly lookMs?: number;
  readonly onProgress?: (progress: Progress, session: Session) => void;
}

/** `caravan migrate` and `caravan plan`: resolves with the exit code, whatever happens. */
export async function runMigrate(context: CliContext, options: MigrateOptions): Promise<number> {
  const { print, tell } = context;
  const { report, exit } = await migrate(quietFor(context, options), options);
  if (options.json === true) print(reportLine(report));
  else
    for (const line of summaryLines({ report, exit }))
      (report.error === undefined && options.dryRun !== true ? print : tell)(line);
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
    const request = readRequest(options, context.cwd);
    migrationId = request.migrationId;
    return await withSession(
      context,
      (session) => startAndFollow({ context, options, session, interrupts, hooks }, request),
      {
        ...hooks.session,
        interrupted: Promise.race([interrupts.cancelled, interrupts.left]),
      },
    );
  } catch (error) {
    return outcomeOfError(migrationId, error);
  } finally {
    interrupts.close();
  }
}

interface Running {
  readonly context: CliContext;
  readonly options: MigrateOptions;
  readonly session: Session;
  readonly interrupts: Interrupts;
  readonly hooks: MigrateHooks;
}

async function startAndFollow(running: Running, request: MigrateRequest): Promise<Outcome> {
  const { context, options, session, interrupts, hooks } = running;
  const { handle, attached } = await startMigration(session, request);
  const { migrationId } = request;
  context.tell(
    attached ? `attached to migration ${migrationId}, which runs already` : `migration ${migrationId} has started`,
  );
  const { webUiUrl, namespace } = session.stack;
  if (webUiUrl !== null) {
    context.tell(
      `${webUiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(migrationId)}`,
    );
  }
  const ending = await follow({
    session,
    handle,
    interrupts,
    display: openDisplay(context),
    lookMs: hooks.lookMs,
    onProgress: (progress) => hooks.onProgress?.(progress, session),
  });
  const outcome = await outcomeOf(session.store, handle, ending).catch((error: unknown) =>
    outcomeOfLateError(migrationId, error),
  );
  if (outcome.report.status === 'planned') await writePlan(context, session, { options, ending });
  return outcome;
}

/** A dry run's plan goes to its file; else to standard output, which under --json belongs to the report. */
async function writePlan(
  { cwd, print, tell }: CliContext,
  { store }: Session,
  { options, ending }: { options: MigrateOptions; ending: Ending },
): Promise<void> {
  const planId = ending.kind === 'completed' ? ending.result.planId : undefined;
  const plan = planId === undefined ? undefined : await patient(() => store.plans.get(planId));
  if (plan === undefined) {
    throw new CaravanFailure('INTERNAL', {
      attempted: 'read the plan',
      on: planId ?? '(none)',
      seen: 'the store has none',
    });
  }
  if (options.out === undefined) {
    (options.json === true ? tell : print)(plan.yaml.trimEnd());
    return;
  }
  const path = resolve(cwd, options.out);
  try {
    writeFileSync(path, plan.yaml);
  } catch (error) {
    const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
    throw new CaravanFailure('USAGE', { attempted: 'write', on: path, seen, next: 'Name another --out.' });
  }
  tell(`the plan is in ${path}; start it with: caravan migrate --plan ${shellWord(path)} …`);
}
