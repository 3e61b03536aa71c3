import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { shellWord } from '../../contracts/needs.js';
import { rulesComment } from '../../contracts/rules-text.js';
import type { CliContext } from '../cli-context.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';
import { openDisplay } from './display.js';
import { follow } from './follow.js';
import type { Interrupts } from './interrupts.js';
import { outcomeOf, outcomeOfLateError } from './outcome.js';
import type { Ending, Outcome } from './outcome.js';
import type { MigrateOptions, MigrateRequest } from './request.js';
import type { MigrateHooks } from './run-migrate.js';
import { startMigration } from './start.js';

/** What a migration is started and followed with. */
export interface Running {
  readonly context: CliContext;
  readonly options: MigrateOptions;
  readonly session: Session;
  readonly interrupts: Interrupts;
  readonly hooks: MigrateHooks;
}

/** Starts the migration or attaches to it, shows how it goes, and gives its outcome. */
export async function startAndFollow(running: Running, request: MigrateRequest): Promise<Outcome> {
  const { context, options, session, interrupts, hooks } = running;
  const { handle, attached } = await startMigration(session, request);
  const { migrationId } = request;
  const what = options.mode === 'verify' ? 'verification' : 'migration';
  context.tell(
    attached ? `attached to ${what} ${migrationId}, which runs already` : `${what} ${migrationId} has started`,
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
  await hooks.onEnded?.(migrationId, session);
  if (outcome.report.status === 'planned') {
    if (hooks.onPlanned === undefined) await writePlan(context, session, { options, ending });
    else await hooks.onPlanned(migrationId, session);
  }
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
  const migrationId = ending.kind === 'completed' ? ending.result.migrationId : '';
  const rules = await patient(() => store.rules.list(migrationId));
  const yaml = plan.yaml + rulesComment(rules.map(({ rule }) => rule));
  if (options.out === undefined) {
    (options.json === true ? tell : print)(yaml.trimEnd());
    return;
  }
  const path = resolve(cwd, options.out);
  try {
    writeFileSync(path, yaml);
  } catch (error) {
    const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
    throw new CaravanFailure('USAGE', { attempted: 'write', on: path, seen, next: 'Name another --out.' });
  }
  tell(`the plan is in ${path}; start it with: caravan migrate --plan ${shellWord(path)} …`);
}
