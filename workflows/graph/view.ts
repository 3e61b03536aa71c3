import type { ExecutionView } from '../../contracts/execution-messages.js';
import type { ExecutionStatus } from '../../contracts/execution-states.js';
import type { OpenedExecution } from '../../contracts/executions.js';
import type { Engine } from './engine.js';

/** Most lines of a list in the Web UI. */
const LINES = 20;

/** Most tasks that the view names. */
const TASKS = 100;
const FIRST: readonly string[] = ['blocked', 'running', 'parked', 'failed'];

/** What the query answers; `engine` is there once the execution is opened. */
export function viewOf(executionId: string, status: ExecutionStatus, engine?: Engine): ExecutionView {
  if (engine === undefined) return { executionId, status, counts: {}, total: 0, tasks: [], waitsFor: [] };
  const { memory, people, opened } = engine;
  const tasks = memory
    .entries()
    .map(([id, { state, attempt }]) => ({ id, state, attempt }))
    .sort((a, b) => Number(FIRST.includes(b.state)) - Number(FIRST.includes(a.state)))
    .slice(0, TASKS);
  const total = opened.taskCount + memory.added.length;
  return { executionId, status, counts: memory.counts(), total, tasks, waitsFor: people.waitsFor };
}

/** The execution's story in Markdown, for the Web UI. */
export function describe(view: ExecutionView, opened: OpenedExecution | undefined, cancelledBy?: string): string {
  const done = (view.counts.done ?? 0) + (view.counts.skipped ?? 0);
  const head = [
    `**${opened?.name ?? 'execution'}** (${opened?.pattern ?? 'not opened yet'}) is **${view.status}**: ` +
      `${String(done)} of ${String(view.total)} tasks done.`,
    ...(cancelledBy === undefined ? [] : [`Cancelled by ${cancelledBy}.`]),
  ];
  const counts = Object.entries(view.counts).map(([state, count]) => `| ${state} | ${String(count)} |`);
  const table = counts.length === 0 ? [] : ['', '| state | tasks |', '| --- | --- |', ...counts];
  const waits = view.waitsFor.slice(0, LINES).map(({ taskId, what }) => `- \`${taskId}\` waits for a person (${what})`);
  return [...head, ...table, ...(waits.length === 0 ? [] : ['', ...waits])].join('\n');
}
