import type { WorkflowDefinition } from '../../contracts/definition.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { planAllocation } from '../../language/allocation.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import type { CliContext } from '../cli-context.js';
import { exitOf, reportOfError } from '../failure-of.js';
import { listenForInterrupts } from '../migrate/interrupts.js';
import type { Interrupts } from '../migrate/interrupts.js';
import { patient } from '../patience.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { printable } from '../text-table.js';
import { openExecutionDisplay } from './display.js';
import { follow } from './follow.js';
import type { FollowEnd, Following } from './follow.js';
import { planFile } from './plan-file.js';
import { endLines, reportOfRow } from './report.js';
import { readInput, submit } from './submit.js';
import type { RunRequest } from './submit.js';
import { tellProblems } from './validate.js';

export interface RunOptions {
  readonly input?: string;
  /** Seconds. */
  readonly timeout?: number;
  /** Default true. */
  readonly wait?: boolean;
  readonly json?: boolean;
  /** Id of a definition that is there. */
  readonly workflow?: string;
}

/**
 * `caravan workflow run [FILE]`: 0 completed; 1 failed, cancelled or timed out; 2 bad input. Prints the outputs. With
 * `json` one line on every exit: what `status --json` tells, with `output`; or {error}.
 */
export async function runWorkflowRun(
  context: CliContext,
  file: string | undefined,
  options: RunOptions,
): Promise<number> {
  const { json = false } = options;
  const interrupts = listenForInterrupts();
  try {
    const request = await readRequest(context, file, options);
    if (typeof request === 'number') return request;
    const interrupted = Promise.race([interrupts.cancelled, interrupts.left]);
    const quiet = json ? { ...context, screen: null } : context;
    return await withSession(quiet, (session) => startAndFollow(quiet, { session, interrupts, options }, request), {
      interrupted,
    });
  } catch (error) {
    if (!json) throw error;
    const report = reportOfError(error);
    context.tell(report.message);
    context.print(JSON.stringify({ error: report }));
    return exitOf(report);
  } finally {
    interrupts.close();
  }
}

/** A number: the exit code of a file whose problems were told. */
async function readRequest(
  context: CliContext,
  file: string | undefined,
  options: RunOptions,
): Promise<RunRequest | number> {
  const { workflow: workflowId, timeout, json = false } = options;
  const input = readInput(options.input, context.cwd);
  if (file === undefined) {
    if (workflowId !== undefined) return { definition: undefined, workflowId, input, timeout };
    const seen = 'neither a file nor --workflow is given';
    throw new CaravanFailure('USAGE', { attempted: 'use', on: 'caravan workflow run', seen });
  }
  const planned = await planFile(context, file);
  if (planned.definition === undefined) return tellProblems(context, { file, problems: planned.problems, json });
  const { definition } = planned;
  if (definition.migration !== undefined) {
    throw new CaravanFailure('DEFINITION_INVALID', {
      attempted: 'run',
      on: file,
      seen: 'it is the plan of a migration',
      next: 'Give it to "caravan migrate --plan".',
    });
  }
  return { definition, workflowId, input, timeout };
}

interface Running {
  readonly session: Session;
  readonly interrupts: Interrupts;
  readonly options: RunOptions;
}

async function startAndFollow(context: CliContext, running: Running, request: RunRequest): Promise<number> {
  const { session, interrupts, options } = running;
  const submitted = await submit(session, request);
  const { executionId, workflowId } = submitted;
  context.tell(`execution ${executionId} of definition ${workflowId} has started`);
  if (options.wait === false) {
    if (session.stack.started) context.tell('the stack stops with this command; it goes on when one runs again');
    context.print(options.json === true ? JSON.stringify(submitted) : executionId);
    return 0;
  }
  if (request.definition !== undefined) await tellLacking(context, session, request.definition);
  const by = context.config.user;
  return followAndReport(context, { session, executionId, interrupts, by }, options);
}

/** An execution waits for its agents without a word: whoever has none would wait for nothing. */
async function tellLacking(
  { config, tell }: CliContext,
  { store }: Session,
  definition: WorkflowDefinition,
): Promise<void> {
  const { agentLeaseSeconds, agentAllocationTimeoutSeconds } = config.engine;
  const living = await patient(() => store.engine.agents.living(agentLeaseSeconds));
  const nobody = planAllocation(definition, living).lacking.filter(({ allocated }) => allocated === 0);
  if (nobody.length === 0) return;
  const names = nobody.map(({ agent, type }) => `${printable(agent)} (type ${printable(type)})`).join(', ');
  tell(
    `nobody who is registered can play ${names}: it waits up to ${String(agentAllocationTimeoutSeconds)} s for them`,
  );
}

/** `caravan workflow watch`: as `run` does once it has started; Ctrl-C only leaves. */
export async function followAndReport(
  context: CliContext,
  following: Omit<Following, 'display'>,
  { json = false }: { json?: boolean },
): Promise<number> {
  const end = await follow({ ...following, display: openExecutionDisplay(context) });
  const { store } = following.session;
  const output =
    end.kind === 'over' ? await patient(() => store.engine.executions.result(following.executionId)) : null;
  if (json) context.print(JSON.stringify({ ...reportOfRow(end.row), output }));
  else tellEnd(context, end, output);
  return end.kind === 'over' && end.row.projection.status === 'completed' ? 0 : 1;
}

function tellEnd({ print, tell }: CliContext, { kind, row }: FollowEnd, output: unknown): void {
  if (kind === 'over') {
    for (const line of endLines(row)) tell(line);
    if (isCompleted(row)) print(JSON.stringify(output, null, 2));
  } else if (kind === 'left') tell(`it goes on; follow it with: caravan workflow watch ${row.executionId}`);
  else tell(`its Temporal workflow is gone; bring it back with: caravan workflow resume ${row.executionId}`);
}

const isCompleted = ({ projection }: ExecutionRow): boolean => projection.status === 'completed';
