import type { CaughtUp, InPlan } from '../../../contracts/activities.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { Reader } from '../../../databases/source.js';
import type { Chunk, Target } from '../../../databases/target.js';
import type { Deps } from '../../deps.js';
import { mappingOf, openTargetOf, planOf, withEnd } from '../../ends.js';
import type { Alive } from '../../heartbeat.js';
import type { SnapshotHost } from '../../snapshot-host.js';
import { wantValidators } from './want-validators.js';

/** Holds a chunk's rows against the validator that they must pass; joined in workers/. */
export type CheckChunk = (
  input: { readonly table: TableMapping; readonly chunk: Chunk; readonly reader: Reader; readonly target: Target },
  alive: Alive,
) => Promise<{ readonly validator: string | undefined; readonly stands: boolean; readonly rows: number }>;

export interface CatchingUp {
  readonly deps: Deps;
  readonly host: SnapshotHost;
  readonly checkChunk: CheckChunk;
}

/**
 * Checks what was copied without KORA, or before a rule was accepted. Rows are read from the source at S2: the shadow
 * holds no original of a value that must be ledgered, and S1 may be gone; that the shadow equals S2 is for the proof to
 * show. A chunk that stands is marked; one that does not is left for the proof, which copies it again from S2 with the
 * validator: rows, quarantine and ledgers in one transaction.
 */
export async function catchUp(
  { deps, host, checkChunk }: CatchingUp,
  { migrationId, planId, snapshotId }: InPlan & { readonly snapshotId: string },
  alive: Alive,
): Promise<CaughtUp> {
  const plan = await planOf(deps, planId);
  const caught = { chunks: 0, rows: 0, differing: 0 };
  await withEnd(
    openTargetOf(deps, migrationId),
    async (target) => {
      const { tables } = plan.document.migration;
      await wantValidators(deps, target, { tables, rules: await deps.acceptedRules(migrationId) });
      for (const { table: name } of await target.validators.unchecked()) {
        const table = mappingOf(plan, name);
        for (const chunk of await uncheckedOf(target, name)) {
          deps.failpoint('kora.catch_up');
          const checked = await host.lend(snapshotId, name, (reader) =>
            checkChunk({ table, chunk, reader, target }, alive),
          );
          caught.chunks += 1;
          caught.rows += checked.rows;
          const { stands, validator } = checked;
          const marked = stands && validator !== undefined && (await target.validators.markChecked(chunk, validator));
          if (!marked) caught.differing += 1;
          alive.report({ rows: caught.rows });
        }
      }
    },
    alive.signal,
  );
  const at = new Date().toISOString();
  if (caught.chunks > 0) deps.bus.publish({ type: 'verification.caught_up', migrationId, at, data: caught });
  return caught;
}

async function uncheckedOf(target: Target, table: string): Promise<Chunk[]> {
  const wanted = await target.validators.wanted(table);
  return (await target.ledger.list(table)).filter(({ done, validator }) => done && validator !== wanted?.hash);
}
