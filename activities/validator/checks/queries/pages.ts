import type { QueryVerdict } from '../../../../contracts/replay.js';
import type { WorkloadQuery } from '../../../../contracts/workload.js';
import { sha256Hex } from '../../../../platform/hash.js';
import type { Snapshot } from '../../../../databases/source.js';
import type { CheckContext } from '../check.js';
import { unitsOf } from './units.js';

/** Queries of a page: so many are judged again at most when a process dies. */
export const PAGE_QUERIES = 250;

/** Snapshots that cannot say where the source stood: what was judged in one holds in no other. */
const unnamed = new WeakMap<Snapshot, string>();
let nextUnnamed = 1;

/**
 * Under what verdicts hold: the queries, the plan, and the state of the source. A place is known that stands for one state
 * and no other.
 */
export function stateOf({ planId, snapshot, deps }: CheckContext, workloadId: string): string {
  const { position, consistent } = snapshot;
  let place = position;
  if (!consistent || !/^(?:gtid|binlog|lsn):|^sha256 /.test(position)) {
    place = unnamed.get(snapshot) ?? `${deps.processId} ${String(nextUnnamed++)} ${String(Date.now())}`;
    unnamed.set(snapshot, place);
  }
  return sha256Hex(JSON.stringify([workloadId, planId, place])).slice(0, 32);
}

/** Statements of one transaction stand on one page. */
export function pagesOf(queries: readonly WorkloadQuery[]): WorkloadQuery[][] {
  const pages: WorkloadQuery[][] = [];
  for (const unit of unitsOf(queries)) {
    const last = pages.at(-1);
    if (last !== undefined && last.length + unit.length <= PAGE_QUERIES) last.push(...unit);
    else pages.push(unit);
  }
  return pages;
}

/** Judges pages that are not there yet, one after another, and keeps each as a whole. Gives the hashes of all. */
export async function judgePages(
  { deps, migrationId, alive }: CheckContext,
  { state, pages }: { readonly state: string; readonly pages: readonly (readonly WorkloadQuery[])[] },
  judgeAll: (queries: readonly WorkloadQuery[], onJudged: () => void) => Promise<QueryVerdict[]>,
): Promise<string[]> {
  const known = new Map((await deps.store.verdicts.begin(migrationId, state)).map(({ page, hash }) => [page, hash]));
  const hashes: string[] = [];
  let queries = 0;
  const onJudged = (): void => {
    queries += 1;
    alive.report({ queries });
  };
  for (const [page, asked] of pages.entries()) {
    const hash = known.get(page);
    if (hash !== undefined) {
      hashes.push(hash);
      queries += asked.length;
      continue;
    }
    alive.signal.throwIfAborted();
    const verdicts = await judgeAll(asked, onJudged);
    hashes.push(await deps.store.verdicts.put(migrationId, { state, page }, verdicts));
    deps.failpoint('queries.page');
  }
  return hashes;
}
