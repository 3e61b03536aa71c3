import { CaravanFailure } from '../../contracts/failures.js';
import type { RowTrace, TraceQuestion } from '../../contracts/trace.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Store } from './store.js';

/** How its caller deals with a stack that does not answer. */
export interface TraceCalls {
  /** Makes one call of the store. */
  readonly attempt: <Result>(call: () => Promise<Result>) => Promise<Result>;
  /** Has a worker look for what was asked under this id; resolves when it has. */
  readonly look: (lookup: string) => Promise<unknown>;
}

/** A worker looks for a row; question and answer pass through the store, sealed, and not through a history. */
export async function askTrace(
  { store, box }: { readonly store: Pick<Store, 'traces'>; readonly box: SecretBox },
  { migrationId, question }: { readonly migrationId: string; readonly question: TraceQuestion },
  { attempt, look }: TraceCalls,
): Promise<RowTrace> {
  const context = `trace:${migrationId}`;
  const sealed = box.seal(Buffer.from(JSON.stringify(question)), context);
  const lookup = await attempt(() => store.traces.ask(migrationId, sealed));
  try {
    await look(lookup);
  } catch (error) {
    await attempt(() => store.traces.take(lookup)).catch(() => undefined);
    throw error;
  }
  const answer = await attempt(() => store.traces.take(lookup));
  if (answer !== undefined) return JSON.parse(box.open(answer, context).toString()) as RowTrace;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'trace a row of',
    on: migrationId,
    seen: 'the workers gave no answer',
    next: 'Try again.',
  });
}
