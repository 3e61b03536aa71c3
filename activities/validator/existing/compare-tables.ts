import type { ComparedBrief, ValidatorActivities } from '../../../contracts/activities.js';
import { upToFailure } from '../../batch.js';
import type { Deps } from '../../deps.js';
import type { Alive } from '../../heartbeat.js';
import type { SnapshotHost } from '../../snapshot-host.js';
import { compareTable } from './compare-table.js';

/** Findings that one answer holds, and those of the table that makes them more: answers stand in the history. */
const FINDINGS_MAX = 200;

/** Compares small tables one after the other, each as `compareTable` does it. */
export async function compareTables(
  parts: { readonly deps: Deps; readonly host: SnapshotHost },
  { tables, ...input }: Parameters<ValidatorActivities['compareTables']>[0],
  alive: Alive,
): ReturnType<ValidatorActivities['compareTables']> {
  let told = 0;
  const compared = await upToFailure(
    parts.deps,
    tables,
    alive,
    async (table, seen): Promise<ComparedBrief | undefined> => {
      if (told >= FINDINGS_MAX) return undefined;
      const { source, targetRows, equal, findings } = await compareTable(parts, { ...input, table }, seen);
      told += findings.length;
      return { source, targetRows, equal, findings };
    },
  );
  return { compared };
}
