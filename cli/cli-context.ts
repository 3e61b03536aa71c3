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

export interface Screen {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
}
