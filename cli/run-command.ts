import type { CliContext } from './cli-context.js';

/** Runs a command's work and keeps its exit code. */
export type Run = (work: (context: CliContext) => Promise<number> | number) => Promise<void>;
