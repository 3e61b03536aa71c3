import type { ExecutionTaskState } from '../../contracts/execution-states.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import type { StoredEvent } from '../../platform/store/engine/events.js';
import type { Folded } from '../../platform/store/engine/projection.js';
import type { CliContext } from '../cli-context.js';
import { countText, printable, secondsText } from '../text-table.js';

/** Shows how an execution goes. */
export interface ExecutionDisplay {
  update(row: ExecutionRow, folded: Folded): void;
  /** Something happened that a person wants to know. */
  happened(row: ExecutionRow, event: StoredEvent): void;
  /** A line that stays. */
  readonly note: (line: string) => void;
  close(): void;
}

/** Milliseconds between two lines of progress where nothing can be drawn over. */
const PLAIN_MS = 5000;
/** Every task of a graph up to this size is told when it is done. */
const TOLD_TASKS = 100;

export function openExecutionDisplay({ screen, tell }: CliContext): ExecutionDisplay {
  let last = { status: '', line: '', ms: 0 };
  const plain = (row: ExecutionRow, { execution }: Folded): void => {
    const line = headLine(row, execution);
    const nowMs = performance.now();
    if (line === last.line || (execution.status === last.status && nowMs - last.ms < PLAIN_MS)) return;
    last = { status: execution.status, line, ms: nowMs };
    tell(line);
  };
  return {
    update: (row, folded) => {
      if (screen === null) plain(row, folded);
      else screen.draw(screenLines(row, folded, { rows: screen.rows, nowMs: Date.now() }));
    },
    happened: (row, event) => {
      const line = eventLine(row, event);
      if (line !== undefined) tell(line);
    },
    note: tell,
    close: () => screen?.keep(),
  };
}

type Named = Pick<ExecutionRow, 'name' | 'taskCount'>;

/** "research: running, 2 of 3 tasks done, 1 running". */
export function headLine({ name, taskCount }: Named, { status, counts }: Folded['execution']): string {
  const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const { done = 0, ...others } = counts;
  const parts = Object.entries(others).map(([state, count]) => `${countText(count)} ${state}`);
  const head = `${printable(name)}: ${status}, ${countText(done)} of ${countText(Math.max(known, taskCount))} tasks done`;
  return [head, ...parts].join(', ');
}

const AT_WORK: readonly ExecutionTaskState[] = ['blocked', 'parked', 'running'];

/** The head, and as many of the tasks at work as there is room for, each with how long it runs. */
export function screenLines(
  row: Named,
  { execution, tasks }: Folded,
  { rows, nowMs }: { readonly rows: number; readonly nowMs: number },
): string[] {
  const work = [...tasks]
    .filter(([, { state }]) => AT_WORK.includes(state))
    .sort(([, a], [, b]) => AT_WORK.indexOf(a.state) - AT_WORK.indexOf(b.state));
  const room = Math.max(0, rows - 4);
  const shown = work.slice(0, room).map(([id, { state, attempt, agentId, startedAt }]) => {
    const again = attempt > 1 ? `, attempt ${String(attempt)}` : '';
    const since = state === 'running' ? sinceText(startedAt, nowMs) : '';
    return `  ${state.padEnd(8)} ${printable(id)}${agentId === null ? '' : ` (${printable(agentId)}${again}${since})`}`;
  });
  const hidden = work.length - shown.length;
  return [
    `${headLine(row, execution)}${sinceText(execution.startedAt, nowMs)}`,
    ...shown,
    ...(hidden > 0 ? [`… and ${countText(hidden)} more`] : []),
  ];
}

/** ", 12 s"; nothing where it has not begun. */
function sinceText(at: string | null, nowMs: number): string {
  if (at === null) return '';
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(at)) / 1000));
  return seconds < 60 ? `, ${String(seconds)} s` : `, ${secondsText(seconds)}`;
}

/** Undefined: not worth a line. */
function eventLine(
  { taskCount }: ExecutionRow,
  { kind, taskId = '', attempt = 1, data }: StoredEvent,
): string | undefined {
  const task = `task "${printable(taskId)}"`;
  const said = (key: string): string => (typeof data[key] === 'string' ? printable(data[key]) : '');
  switch (kind) {
    case 'task.completed':
      return taskCount <= TOLD_TASKS && data['part_of'] === undefined ? `${task} is done` : undefined;
    case 'task.failed':
      return `${task} failed (attempt ${String(attempt)}: ${said('reason')})`;
    case 'task.skipped':
      return taskCount <= TOLD_TASKS ? `${task} is skipped (${said('reason')})` : undefined;
    case 'task.decided':
      return `${task}: ${decidedText(data)}`;
    case 'task.compensated':
      return `${task} is undone`;
    case 'task.compensation_failed':
      return `${task} could not be undone`;
    case 'workflow.status_changed':
      return changedText(data);
    case 'agent.lost':
      return `agent ${said('agent_id')} is gone; its work goes to another`;
    default:
      return undefined;
  }
}

/** What a person did; the rest shows in the head. */
function changedText({ status, from, by }: StoredEvent['data']): string | undefined {
  if (typeof by !== 'string') return undefined;
  if (status === 'paused') return `paused, by ${printable(by)}`;
  return from === 'paused' ? `resumed, by ${printable(by)}` : undefined;
}

function decidedText({ approved, action, by }: StoredEvent['data']): string {
  const what =
    typeof action === 'string' ? action : approved === true ? 'approved' : approved === false ? 'rejected' : '';
  return typeof by === 'string' ? `${what}, by ${printable(by)}` : 'nobody decided in time';
}
