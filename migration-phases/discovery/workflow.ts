import { PAGE } from '../../contracts/activities.js';
import type { TableRef } from '../../contracts/activities.js';
import type { DiscoveryInput, DiscoveryResult } from '../../contracts/phases.js';
import { batchSummary, inBatches, namesOf } from '../../workflows/kit/batches.js';
import { architect, scout } from '../../workflows/kit/profiles.js';
import { inWindow } from '../../workflows/kit/window.js';

/** Scouts at once. */
const SCOUTS = 4;

/** Reads the source: catalogue, a fingerprint per column, what columns mean, and what only a person can decide. */
export async function discovery({ migrationId, deadline }: DiscoveryInput): Promise<DiscoveryResult> {
  const source = await scout('read the source catalogue').inspectSource({ migrationId });
  const { catalogueId } = source;
  let rows = 0;
  for (let offset = 0; offset < source.tables; offset += PAGE) {
    const more = (): Promise<{ tables: readonly TableRef[] }> =>
      scout('list tables').listTables({ catalogueId, offset });
    const { tables } = offset === 0 ? { tables: source.firstTables } : await more();
    await inWindow(inBatches(tables, SCOUTS), SCOUTS, async (batch) => {
      rows += (await profile({ migrationId, catalogueId }, namesOf(batch))).rows;
    });
  }
  const raised = await architect('raise questions').raiseQuestions({ migrationId, catalogueId, deadline });
  return { catalogueId, tables: source.tables, rows, questions: raised.questions };
}

function profile(
  input: { readonly migrationId: string; readonly catalogueId: string },
  tables: readonly string[],
): Promise<{ rows: number }> {
  const [table] = tables;
  if (table !== undefined && tables.length === 1) return scout(`profile ${table}`).profileTable({ ...input, table });
  return scout(batchSummary('profile', tables)).profileTables({ ...input, tables });
}
