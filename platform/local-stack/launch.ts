import type { Leftovers } from './processes.js';

/** How a part's process is started, known to be ready, and ended. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly ready: Readiness;
  /** The signal for an orderly end. */
  readonly stopSignal: NodeJS.Signals;
  readonly leftovers: Leftovers | null;
}

/** Ready when it prints a line that contains the text, or when the probe says so. */
export type Readiness = { readonly line: string } | { readonly probe: () => Promise<boolean> };
