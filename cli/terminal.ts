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
    const erase = drawn.length === 0 ? '' : `\u001b[${String(drawn.length)}A\u001b[0J`;
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
