import type { Config } from '../config/config.js';

/** What every command gets from the process: its configuration and where it may write. */
export interface CliContext {
  readonly config: Config;
  /** Where relative paths begin. */
  readonly cwd: string;
  /** One line on standard output: results. */
  readonly print: (line: string) => void;
  /** One line on standard error: progress, notes, failures. */
  readonly tell: (line: string) => void;
  /** Standard error is a terminal: progress may be drawn over itself. */
  readonly screen: Screen | null;
}

/** The lower end of a terminal, where lines are drawn over one another. Lines that are told go above. */
export interface Screen {
  /** In place of what was drawn before. */
  readonly draw: (lines: readonly string[]) => void;
  /** What is drawn stays as it is. */
  readonly keep: () => void;
  readonly columns: number;
  readonly rows: number;
}
