import type { BuiltTable, CutTable, InTable, WorkerActivities } from '../../contracts/activities.js';
import type { Target } from '../../databases/target.js';
import { upToFailure } from '../batch.js';
import { openSourceOf, openTargetOf, withEnd } from '../ends.js';
import { copyChunkInto } from './copy-chunk.js';
import type { CopyParts } from './copy-chunk.js';
import { buildKeys, cutTable, sealTable } from './table-steps.js';

type Input = Parameters<WorkerActivities['buildTables']>[0];

/**
 * Builds small tables one after the other, so that what an activity and its connections cost is paid once. Each table
 * goes through the same steps, ledger row and all, as one that has activities of its own: what is done is found done.
 */
export async function buildTables(parts: CopyParts, input: Input): ReturnType<WorkerActivities['buildTables']> {
  const { deps, alive } = parts;
  const work = async (target: Target): Promise<BuiltTable[]> => {
    const cuts = await cutAll(target, parts, input);
    return upToFailure(deps, [...cuts.keys()], alive, (table, seen) =>
      buildTable(target, { ...parts, alive: seen }, { ...input, table, cut: cuts.get(table) }),
    );
  };
  return { built: await withEnd(openTargetOf(deps, input.migrationId), work, alive.signal) };
}

/** On one connection to the source, which is given back before the first table is read. */
async function cutAll(
  target: Target,
  { deps, alive }: CopyParts,
  { tables, ...input }: Input,
): Promise<ReadonlyMap<string, CutTable>> {
  const cuts = await withEnd(
    openSourceOf(deps, input.migrationId),
    (source) =>
      upToFailure(deps, tables, alive, async (table, { signal }) => {
        return [table, await cutTable(deps, target, { ...input, table }, { signal, source })] as const;
      }),
    alive.signal,
  );
  return new Map(cuts);
}

/** Undefined: it is not small, as it turned out. */
async function buildTable(
  target: Target,
  parts: CopyParts,
  { cut, ...input }: InTable & { readonly snapshotId?: string; readonly cut: CutTable | undefined },
): Promise<BuiltTable | undefined> {
  if (cut?.chunks !== 1) return undefined;
  const { deps } = parts;
  const copied = cut.done === 1 ? undefined : await copyChunkInto(target, unfailing(parts), { ...input, chunk: 0 });
  deps.failpoint('batch.mid');
  const sealed = await sealTable(deps, target, { ...input, milliseconds: copied?.milliseconds ?? 0 });
  const { findings } = await buildKeys(deps, target, input);
  return { ...sealed, table: input.table, findings, ...(copied?.checked === false && { unchecked: true }) };
}

/** The places of a chunk's copy are those of a table that has activities of its own. */
function unfailing(parts: CopyParts): CopyParts {
  return { ...parts, deps: { ...parts.deps, failpoint: () => undefined } };
}
