import type { CliContext, Screen } from './cli-context.js';

/** As much of a terminal's stream as is needed. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly columns: number;
  readonly rows: number;
}

/** A terminal on which lines are told above what is drawn. */
export function openTerminal(stream: TerminalStream): Pick<CliContext, 'tell'> & { readonly screen: Screen } {
  let drawn: readonly string[] = [];
  const replace = (told: readonly string[], lines: readonly string[]): void => {
    // A terminal that was made narrower has broken what was drawn into more rows.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / stream.columns)), 0);
    const erase = rows === 0 ? '' : `\u001b[${String(rows)}A\u001b[0J`;
    drawn = lines.map((line) => line.slice(0, stream.columns - 1));
    // One write: a terminal shows no half of it.
    stream.write(erase + [...told, ...drawn].map((line) => `${line}\n`).join(''));
  };
  return {
    tell: (line) => {
      replace([line], drawn);
    },
    screen: {
      draw: (lines) => {
        replace([], lines);
      },
      keep: () => {
        drawn = [];
      },
      get columns() {
        return stream.columns;
      },
      get rows() {
        return stream.rows;
      },
    },
  };
}
