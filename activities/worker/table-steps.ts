import type { CopiedTable, CutTable, InTable, WorkerActivities } from '../../contracts/activities.js';
import type { Source } from '../../databases/source.js';
import type { Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { mappingOf, openSourceOf, planOf, withEnd } from '../ends.js';

/** What is done with a table beside its chunks, on a target that is open. */

/** `source`: one that is open already. */
export async function cutTable(
  deps: Deps,
  target: Target,
  input: InTable,
  { signal, source: lent }: { readonly signal: AbortSignal; readonly source?: Source },
): Promise<CutTable> {
  const table = mappingOf(await planOf(deps, input.planId), input.table);
  const boundsIn = (source: Source): Promise<string[]> => source.chunkBounds(table);
  const read = (): Promise<string[]> =>
    lent === undefined ? withEnd(openSourceOf(deps, input.migrationId), boundsIn, signal) : boundsIn(lent);
  const cut = await target.ledger.cut(input.table, table.rows === 'none' ? [] : await read());
  return { ...cut, rows: Math.round(table.estimatedRows) };
}

export async function sealTable(
  deps: Deps,
  target: Target,
  { migrationId, table, milliseconds }: InTable & { milliseconds: number },
): Promise<CopiedTable> {
  const sealed = await target.ledger.seal(table);
  const { rows, bytes } = sealed;
  const { migrations } = deps.store;
  // No time at all: it was copied whole in an earlier try, which told how long that took, or died before it could.
  const told = milliseconds === 0 ? await migrations.copied(migrationId) : [];
  if (!told.some((fact) => fact.table === table && fact.rows === rows)) {
    const took = milliseconds === 0 ? await timeOf(target, table) : milliseconds;
    await migrations.putCopied(migrationId, { table, rows, bytes, milliseconds: took });
  }
  const data = { table, rows, bytes, quarantined: sealed.quarantined };
  deps.bus.publish({ type: 'execution.table_copied', migrationId, at: new Date().toISOString(), data });
  return sealed;
}

/** Of all its chunks, as their ledger rows say: they survive whoever copied them. */
async function timeOf(target: Target, table: string): Promise<number> {
  return (await target.ledger.list(table)).reduce((total, { tookMs = 0 }) => total + tookMs, 0);
}

export async function buildKeys(deps: Deps, target: Target, input: InTable): ReturnType<WorkerActivities['buildKeys']> {
  const plan = await planOf(deps, input.planId);
  return target.buildKeys(mappingOf(plan, input.table), plan.document.migration);
}
