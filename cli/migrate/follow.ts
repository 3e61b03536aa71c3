import type { Client, WorkflowHandle } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { QUERIES } from '../../contracts/messages.js';
import type { PlanView } from '../../contracts/messages.js';
import type { Finding, MigrationResult, Progress, Question } from '../../contracts/migration.js';
import { needsOf } from '../../contracts/needs.js';
import type { Need } from '../../contracts/needs.js';
import type { Rule } from '../../contracts/rules.js';
import { patient } from '../patience.js';
import { printable } from '../text-table.js';
import type { Session } from '../session.js';
import type { Display } from './display.js';
import type { Interrupts } from './interrupts.js';
import type { Ending } from './outcome.js';

const LOOK_MS = 1000;
/** The longest that one look takes. */
const QUERY_MS_MAX = 3000;
/** How long later steps may take after promotion before the command says that they are pending, milliseconds. */
const LATER_STEPS_MS = 60_000;

export interface Following {
  readonly session: Session;
  readonly handle: WorkflowHandle;
  readonly display: Display;
  readonly interrupts: Interrupts;
  /** Milliseconds between two looks at the migration; default 1000. */
  readonly lookMs?: number;
  /** Called with each progress that was seen. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Follows a migration to its end. Outages of Temporal are ridden out. */
export async function follow(following: Following): Promise<Ending> {
  const { session, handle, display, interrupts } = following;
  const over = new AbortController();
  const onAway = (): void => {
    display.note('Temporal does not answer; waiting for it to come back');
  };
  const result = (): Promise<MigrationResult> =>
    session.client.withAbortSignal(over.signal, () => handle.result() as Promise<MigrationResult>);
  const ended: Promise<Ending> = patient(result, { onAway, signal: over.signal }).then(
    (given) => ({ kind: 'completed', result: given }),
    (error: unknown) => ({ kind: 'failed', error }),
  );
  void interrupts.cancelled.then(() => cancel(handle, display));
  const left = interrupts.left.then((): Ending => ({ kind: 'left' }));
  try {
    return await Promise.race([ended, watchProgress(following, over.signal), left]);
  } finally {
    over.abort();
    display.close();
  }
}

/** The first Ctrl-C: everything that was made is undone. */
async function cancel(handle: WorkflowHandle, display: Display): Promise<void> {
  display.note('Cancelling: what was made in the target, if anything, is being undone. Ctrl-C again leaves at once.');
  try {
    await patient(() => handle.cancel());
  } catch {
    // It has ended in the meantime: its result says how.
  }
}

/** Looks once a second; comes to an end only for a migration that is promoted and hangs in a later step. */
async function watchProgress(following: Following, signal: AbortSignal): Promise<Ending> {
  const { session, handle, display, onProgress } = following;
  const told = new Set<string>();
  let promotedMs: number | undefined;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    const progress = await ask<Progress>(session.client, handle, QUERIES.progress);
    if (progress !== undefined && !isOver()) {
      display.update(progress);
      onProgress?.(progress);
      if (progress.status === 'waiting') await tellNeeds(following, progress, told);
      if (await isPromoted(session, handle, progress)) promotedMs ??= performance.now();
    }
    if (promotedMs !== undefined && performance.now() - promotedMs > LATER_STEPS_MS) {
      return { kind: 'pending' };
    }
    await pause(following.lookMs ?? LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return new Promise(() => undefined);
}

async function isPromoted({ store }: Session, handle: WorkflowHandle, { phase }: Progress): Promise<boolean> {
  if (phase !== 'promotion' && phase !== 'learning') return false;
  const promotion = await store.migrations.promotion(handle.workflowId).catch(() => undefined);
  return promotion !== undefined;
}

async function tellNeeds(
  { session, handle, display }: Following,
  progress: Progress,
  told: Set<string>,
): Promise<void> {
  const { client } = session;
  const plan = (await ask<PlanView | null>(client, handle, QUERIES.plan)) ?? null;
  const questions = (await ask<readonly Question[]>(client, handle, QUERIES.questions)) ?? [];
  const findings = (await ask<readonly Finding[]>(client, handle, QUERIES.findings)) ?? [];
  const found = (await ask<readonly Rule[]>(client, handle, QUERIES.rules)) ?? [];
  const rules = found.filter(({ state }) => state === 'proposed').length;
  for (const need of needsOf(handle.workflowId, { progress, plan, questions, findings, rules })) {
    if (told.has(need.id)) continue;
    told.add(need.id);
    for (const line of needLines(need)) display.note(line);
  }
}

export function needLines({ text, commands }: Need): string[] {
  return [
    '',
    printable(text),
    ...commands.map(({ command, note }) => `  ${command}${note === undefined ? '' : `    (${note})`}`),
  ];
}

/** undefined when the migration cannot answer now: while a worker starts again, or Temporal is away. */
async function ask<Answer>(client: Client, handle: WorkflowHandle, query: string): Promise<Answer | undefined> {
  try {
    return await client.withDeadline(Date.now() + QUERY_MS_MAX, () => handle.query<Answer>(query));
  } catch {
    return undefined;
  }
}
