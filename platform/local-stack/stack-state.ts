import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { orElse, writeFileAtomically } from './files.js';
import { isAlive } from './processes.js';

const identitySchema = z.object({ pid: z.number().int(), startedAt: z.string() });

const partSchema = z.object({
  name: z.string(),
  role: z.string(),
  /** The process whose death is the part's death; null: not ours, or not running. */
  pid: z.number().int().nullable(),
  /** The kernel's start time of that process, against the reuse of numbers. */
  startedAt: z.string().nullable(),
  address: z.string().nullable(),
  state: z.enum(['starting', 'ready', 'restarting', 'stopped', 'failed', 'external']),
  restarts: z.number().int(),
  source: z.enum(['environment', 'path', 'cached', 'installed', 'embedded']),
});

const stateSchema = z.object({
  version: z.literal(1),
  supervisor: identitySchema,
  watchdog: identitySchema.nullable(),
  phase: z.enum(['starting', 'ready', 'stopping']),
  /** Stays when its caller goes. */
  detached: z.boolean(),
  temporalAddress: z.string(),
  namespace: z.string(),
  databaseUrl: z.string(),
  redisUrl: z.string(),
  webUiUrl: z.string().nullable(),
  /** Where PostgreSQL's data lie; null: not ours. */
  postgresFolder: z.string().nullable(),
  parts: z.array(partSchema),
});

/** The content of `stack.json`; secret, for its URLs carry passwords. */
export type StackState = z.infer<typeof stateSchema>;
export type PartRecord = StackState['parts'][number];

export function stackStatePath(home: string): string {
  return join(home, 'stack.json');
}

/** The state as last written, of a living stack or a dead one; null when there is none that can be read. */
export function readStackState(home: string): StackState | null {
  const text = orElse(() => readFileSync(stackStatePath(home), 'utf8'), null);
  if (text === null) return null;
  return stateSchema.safeParse(orElse(() => JSON.parse(text) as unknown, null)).data ?? null;
}

export function writeStackState(home: string, state: StackState): void {
  writeFileAtomically(stackStatePath(home), JSON.stringify(state, null, 2));
}

/** The state of a stack whose supervisor lives; null otherwise. */
export function readLivingStack(home: string): StackState | null {
  const state = readStackState(home);
  return state !== null && isAlive(state.supervisor) ? state : null;
}

/** The living processes of the parts in a state, whoever supervises them. */
export function livingParts(state: StackState): PartRecord[] {
  return state.parts.filter(({ pid, startedAt }) => pid !== null && startedAt !== null && isAlive({ pid, startedAt }));
}
