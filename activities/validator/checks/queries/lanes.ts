import type { QueryVerdict } from '../../../../contracts/replay.js';
import type { WorkloadQuery } from '../../../../contracts/workload.js';
import type { AskOptions, Asking } from '../../../../databases/asking.js';
import { openTargetOf } from '../../../ends.js';
import type { CheckContext } from '../check.js';
import { judge } from './judge.js';
import type { Knowledge } from './judge.js';
import { Lane } from './lane.js';
import { sourcePath, targetPath } from './prepare.js';

interface AskedTarget {
  asking(options: AskOptions): Promise<Asking>;
}

/** Sessions of both sides, as many as the source's snapshot has: so many queries are in flight. */
export class Lanes {
  readonly #context: CheckContext;
  readonly #target: AskedTarget;
  /** Closes what was opened for them. */
  readonly close: () => Promise<void>;

  constructor(context: CheckContext, target: AskedTarget, close: () => Promise<void>) {
    this.#context = context;
    this.#target = target;
    this.close = close;
  }

  /** Verdicts in the order of the queries; the first failure is thrown once no query is in flight any more. */
  async judgeAll(
    queries: readonly WorkloadQuery[],
    { known, onJudged }: { readonly known: Knowledge; readonly onJudged: () => void },
  ): Promise<QueryVerdict[]> {
    const verdicts = new Map<WorkloadQuery, QueryVerdict>();
    const waiting = queries.values();
    let failed = false;
    const work = (): Promise<void> =>
      this.#lend(async (lane) => {
        for (const query of waiting) {
          this.#context.alive.signal.throwIfAborted();
          if (failed) return;
          verdicts.set(query, await judge(query, lane, known));
          onJudged();
        }
      }).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    const lanes = Math.max(1, this.#context.snapshot.connections);
    const ended = await Promise.allSettled(Array.from({ length: lanes }, work));
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
    return queries.flatMap((query) => verdicts.get(query) ?? []);
  }

  #lend<T>(work: (lane: Lane) => Promise<T>): Promise<T> {
    const { migration, snapshot } = this.#context;
    return snapshot.lend(async (reader) => {
      if (reader.asking === undefined) throw new Error('the source takes no queries');
      const source = await reader.asking({ path: sourcePath(migration) });
      return closing(source, async () => {
        const target = await this.#target.asking({ path: targetPath(migration) });
        return closing(target, () => work(new Lane({ source, target })));
      });
    });
  }
}

/** Of the shadow, or of the state of the target that another tool made. */
export async function openLanes(context: CheckContext): Promise<Lanes> {
  const { deps, migrationId, existing } = context;
  if (existing !== undefined) return new Lanes(context, existing, () => Promise.resolve());
  const target = await openTargetOf(deps, migrationId);
  return new Lanes(context, target, () => target.close());
}

/** The work's failure wins over one of closing. */
async function closing<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
  try {
    const done = await work();
    await asking.close();
    return done;
  } catch (error) {
    await asking.close().catch(() => undefined);
    throw error;
  }
}
