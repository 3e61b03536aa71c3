import { throttleText, uncheckedText } from '../../contracts/limits-text.js';
import type { Progress, TableProgress } from '../../contracts/migration.js';
import type { CliContext, Screen } from '../cli-context.js';
import { countText, printable, secondsText } from '../text-table.js';

/** Shows how a migration goes. */
export interface Display {
  update(progress: Progress): void;
  /** A line that stays. */
  readonly note: (line: string) => void;
  close(): void;
}

/** Milliseconds between two lines of progress where nothing can be drawn over. */
const PLAIN_MS = 5000;

export function openDisplay(context: CliContext): Display {
  return context.screen === null ? plainDisplay(context.tell) : screenDisplay(context.screen, context.tell);
}

function plainDisplay(tell: (line: string) => void): Display {
  let lastHead = '';
  let lastLine = '';
  let lastMs = 0;
  return {
    update: (progress) => {
      const head = `${progress.phase} ${progress.status}`;
      const nowMs = performance.now();
      if (head === lastHead && nowMs - lastMs < PLAIN_MS) return;
      if (head === lastHead && progress.status === 'waiting') return;
      lastHead = head;
      lastMs = nowMs;
      const line = headLine(progress);
      if (line !== lastLine) tell(line);
      lastLine = line;
    },
    note: tell,
    close: () => undefined,
  };
}

function screenDisplay(screen: Screen, tell: (line: string) => void): Display {
  return {
    update: (progress) => {
      screen.draw(screenLines(progress, screen));
    },
    note: tell,
    close: () => {
      screen.keep();
    },
  };
}

/** The head, and the tables that there is room for: those at work first. */
export function screenLines(progress: Progress, size: { readonly columns: number; readonly rows: number }): string[] {
  const room = Math.max(0, Math.min(progress.tables.length, size.rows - 4));
  const byUrgency = progress.tables.toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state));
  const shown = byUrgency.slice(0, room);
  const nameWidth = Math.min(40, Math.max(0, ...shown.map((table) => table.source.length)));
  const lines = shown.map((table) => tableLine(table, nameWidth, size.columns));
  const hidden = progress.tables.length - shown.length;
  return [headLine(progress), ...lines, ...(hidden > 0 ? [`… and ${countText(hidden)} more tables`] : [])];
}

const URGENCY: readonly TableProgress['state'][] = [
  'copying',
  'verifying',
  'differs',
  'failed',
  'copied',
  'waiting',
  'equal',
  'excluded',
];

export function headLine(progress: Progress): string {
  const { phase, status, rows, totalRows, rowsPerSecond, etaSeconds, throttle, uncheckedChunks } = progress;
  const state = status === 'running' ? phase : `${phase}, ${status}`;
  if (totalRows === 0) return state;
  const percent = Math.floor((100 * rows) / totalRows);
  const parts = [`${state}: ${countText(rows)} of ${countText(totalRows)} rows, ${String(percent)} %`];
  if (phase === 'execution' && rowsPerSecond > 0 && rows < totalRows) {
    parts.push(`${countText(rowsPerSecond)} rows/s`);
    if (etaSeconds !== null) parts.push(`about ${secondsText(etaSeconds)} left`);
  }
  if (uncheckedChunks !== undefined) parts.push(uncheckedText(uncheckedChunks));
  if (throttle !== undefined) parts.push(printable(throttleText(throttle)));
  return parts.join(', ');
}

function tableLine(table: TableProgress, nameWidth: number, columns: number): string {
  const name = printable(table.source).slice(0, nameWidth).padEnd(nameWidth);
  const share = table.totalRows === 0 ? Number(table.state !== 'waiting') : Math.min(1, table.rows / table.totalRows);
  const counts = `${countText(table.rows)}/${countText(table.totalRows)}`;
  const width = Math.max(5, Math.min(30, columns - nameWidth - 40));
  const filled = Math.round(share * width);
  return `  ${name} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${table.state.padEnd(9)} ${counts}`;
}
