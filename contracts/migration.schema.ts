import { z } from 'zod';

/** What a migration may take of its source; a limit that is absent is none. All of its workers share it. */
export const sourceLimits = z.strictObject({
  /** Sessions at once: one or more that read, and one for everything beside. */
  connections: z.int().min(2).max(1000).optional(),
  rowsPerSecond: z.int().min(1).max(1e12).optional(),
  bytesPerSecond: z.int().min(1).max(1e15).optional(),
});
export type SourceLimits = z.infer<typeof sourceLimits>;

/** In the place of recorded queries: the statistics that the source's server keeps by itself. */
export const SERVER_QUERIES = 'server';

/** Start input of the workflow `migration`. Names of connections only; a URL never enters a history. */
export const migrationInput = z.strictObject({
  /** Name of the source connection. */
  source: z.string().min(1),
  /** Name of the target connection; optional only with `dryRun`. */
  target: z.string().min(1).optional(),
  targetSchema: z.string().min(1).default('public'),
  onExisting: z.enum(['fail', 'replace']).default('fail'),
  onSourceMoved: z.enum(['ask', 'fail', 'refresh', 'accept']).default('ask'),
  identifiers: z.enum(['lower', 'preserve', 'snake']).default('lower'),
  /** Globs over "table" or "schema.table"; empty means all. */
  include: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
  /**
   * `schema-only`: tables and all that belongs to them, without a row. `data-only`: rows into tables that stand already.
   * `verify`: nothing is moved, the target that is there is compared with the source and only read.
   */
  mode: z.enum(['schema-and-data', 'schema-only', 'data-only', 'verify']).default('schema-and-data'),
  dryRun: z.boolean().default(false),
  /** With `dryRun`: what is refused is listed in an assessment, beside all else, instead of ending it. */
  assess: z.boolean().optional(),
  yes: z.boolean().default(false),
  /** Limit for the plan's approval and for questions. Default 24 h. */
  deadlineSeconds: z.int().positive().default(86_400),
  limits: sourceLimits.optional(),
  /** Id in the store of a plan that is given back. */
  plan: z.string().optional(),
  /** Id in the store of a mapping file. */
  mapping: z.string().optional(),
  /** Id in the store of recorded queries, to be replayed on both sides; `server`: what the source's server counts. */
  queries: z.string().optional(),
  /** Name of a connection to a throw-away replica of the source, on which recorded writes are tried and taken back. */
  replaySource: z.string().min(1).optional(),
});
export type MigrationInput = z.infer<typeof migrationInput>;
/** As a person may write it: defaults not yet filled in. */
export type MigrationStart = z.input<typeof migrationInput>;
