import type { ExecutionStatus } from '../../contracts/execution-states.js';
import { chainHash } from '../../platform/store/engine/events.js';
import type { StoredEvent } from '../../platform/store/engine/events.js';
import type { CliContext } from '../cli-context.js';
import { listenForInterrupts } from '../migrate/interrupts.js';
import { patient } from '../patience.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { countText, printable, textTable } from '../text-table.js';
import { headLine } from './display.js';
import { ExecutionFold, Questions, waitLines } from './execution-fold.js';
import { findExecution, isOver } from './executions.js';
import { endLines, reportOfRow } from './report.js';
import { followAndReport } from './run.js';

/** Tasks that `status` shows. */
const TASKS_SHOWN = 100;
/** Executions that `list` shows, the newest first. */
const LISTED = 50;
/** Events read at once. */
const PAGE = 2000;

interface Json {
  readonly json?: boolean;
}

/** Commands that read the store alone: they need no worker, and start none. */
function reading(context: CliContext, { json }: Json, work: (session: Session) => Promise<number>): Promise<number> {
  return withSession(context, work, { workers: [], loud: json !== true });
}

/** `caravan workflow status`: from the read model alone. */
export async function runWorkflowStatus(context: CliContext, id: string, options: Json): Promise<number> {
  return reading(context, options, async (session) => {
    const row = await findExecution(session, id);
    const { executionId, projection } = row;
    const tasks = await patient(() => session.store.engine.executions.taskStates(executionId, TASKS_SHOWN));
    const { blocked = 0, parked = 0 } = projection.counts;
    const fold = new ExecutionFold(executionId);
    // What a task waits for stands in its events alone.
    if (blocked + parked > 0 && !isOver(row)) await fold.catchUp(session);
    if (options.json === true) {
      const waitsFor = [...fold.waits].map(([taskId, what]) => ({ taskId, what }));
      context.print(JSON.stringify({ ...reportOfRow(row), taskStates: tasks, waitsFor }));
      return 0;
    }
    context.print(`execution ${executionId} of definition ${row.workflowId}`);
    for (const line of isOver(row) ? endLines(row) : [headLine(row, projection)]) context.print(line);
    if (projection.lastCheckpointId !== null) context.print(`checkpoint ${projection.lastCheckpointId}`);
    const shown = tasks.map(({ taskId, state, attempt, agentId }) =>
      [taskId, state, String(attempt), agentId ?? '-'].map(printable),
    );
    if (shown.length > 0) context.print('');
    for (const line of shown.length === 0 ? [] : textTable([['TASK', 'STATE', 'ATTEMPT', 'AGENT'], ...shown], [2]))
      context.print(line);
    const questions = new Questions();
    for (const wait of fold.waits) {
      const question = await questions.of(session, row, wait);
      for (const line of waitLines(executionId, wait, question)) context.print(line);
    }
    return 0;
  });
}

/** `caravan workflow watch`: live, until the end; exits as `run`. */
export async function runWorkflowWatch(context: CliContext, id: string, options: Json): Promise<number> {
  const interrupts = listenForInterrupts();
  try {
    return await withSession(
      options.json === true ? { ...context, screen: null } : context,
      async (session) => {
        const { executionId } = await findExecution(session, id);
        return followAndReport(context, { session, executionId, interrupts, fromNow: true }, options);
      },
      { loud: options.json !== true, interrupted: Promise.race([interrupts.cancelled, interrupts.left]) },
    );
  } finally {
    interrupts.close();
  }
}

/** `caravan workflow list`: executions, the newest first. */
export async function runWorkflowList(
  context: CliContext,
  options: Json & { readonly status?: ExecutionStatus },
): Promise<number> {
  return reading(context, options, async ({ store }) => {
    const { status } = options;
    const found = await patient(() => store.engine.executions.list({ limit: LISTED, ...(status && { status }) }));
    if (options.json === true) context.print(JSON.stringify({ executions: found.map(reportOfRow) }));
    else if (found.length === 0) context.print('no executions yet');
    else {
      const rows = found.map(({ executionId, name, projection, taskCount, queuedAt }) =>
        [
          executionId,
          name,
          projection.status,
          `${countText(projection.counts.done ?? 0)}/${countText(taskCount)}`,
          queuedAt.slice(0, 19).replace('T', ' '),
        ].map(printable),
      );
      const head = ['EXECUTION', 'NAME', 'STATUS', 'DONE', 'QUEUED (UTC)'];
      for (const line of textTable([head, ...rows])) context.print(line);
    }
    return 0;
  });
}

/** `caravan workflow events`: all of them, in order. With `verify`: 0 when the chain of hashes is whole, else 1. */
export async function runWorkflowEvents(
  context: CliContext,
  id: string,
  options: Json & { readonly verify?: boolean },
): Promise<number> {
  return reading(context, options, async (session) => {
    const { executionId } = await findExecution(session, id);
    if (options.verify === true) return verifyChain(context, { session, executionId, json: options.json === true });
    for await (const event of eventsOf(session, executionId)) {
      context.print(options.json === true ? JSON.stringify(event) : eventText(event));
    }
    return 0;
  });
}

async function* eventsOf({ store }: Session, executionId: string): AsyncGenerator<StoredEvent> {
  for (let after = 0; ;) {
    const place = { after, limit: PAGE };
    const page = await patient(() => store.engine.executions.events(executionId, place));
    yield* page;
    after = page.at(-1)?.seq ?? after;
    if (page.length < PAGE) return;
  }
}

function eventText({ seq, at, kind, taskId, attempt, data }: StoredEvent): string {
  const task = taskId === undefined ? '' : `  ${taskId}${attempt === undefined ? '' : ` #${String(attempt)}`}`;
  const said = Object.keys(data).length === 0 ? '' : `  ${JSON.stringify(data)}`;
  return printable(`${String(seq).padStart(5)}  ${at}  ${kind}${task}${said}`);
}

/** Walks from the first event to the one that the execution names as its last. */
async function verifyChain(
  { print }: CliContext,
  { session, executionId, json }: { session: Session; executionId: string; json: boolean },
): Promise<number> {
  const { lastSeq, lastHash } = await findExecution(session, executionId);
  let previous = '';
  let events = 0;
  let brokenAt: number | null = null;
  for await (const event of eventsOf(session, executionId)) {
    // What came after the execution was looked at is not of this walk.
    if (event.seq > lastSeq) break;
    events += 1;
    if (event.seq !== events || chainHash(previous, event.seq, event) !== event.hash) brokenAt ??= event.seq;
    previous = event.hash;
  }
  if (brokenAt === null && (events !== lastSeq || previous !== lastHash)) brokenAt = events + 1;
  const isWhole = brokenAt === null;
  if (json) print(JSON.stringify({ executionId, whole: isWhole, events, brokenAt, lastHash }));
  else if (isWhole) print(`the chain of ${countText(events)} events is whole; its last hash is ${lastHash}`);
  else print(`the chain of ${countText(events)} events is broken at event ${String(brokenAt)}`);
  return isWhole ? 0 : 1;
}
