import type { InMigration, ProfiledTable, ScoutActivities } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import type { Source } from '../../databases/source.js';
import { inferMeanings } from '../maba/inference.js';
import type { Deps } from '../deps.js';
import { openSourceOf, withEnd } from '../ends.js';
import type { Alive } from '../heartbeat.js';

/** Over this many rows a table is profiled from a sample. */
const SAMPLE_ABOVE = 1_000_000;

type InCatalogue = InMigration & { readonly catalogueId: string };

/** A fingerprint of each column, and what the columns mean. */
export async function profileTable(
  deps: Deps,
  input: InCatalogue & { table: string },
  alive: Alive,
): Promise<ProfiledTable> {
  return withEnd(openSourceOf(deps, input.migrationId), (source) => profileOn(deps, source, input, alive));
}

/** The heartbeat tells how far it is: a retry begins with the table at which the attempt before ended. */
export async function profileTables(
  deps: Deps,
  { tables, ...input }: Parameters<ScoutActivities['profileTables']>[0],
  alive: Alive,
): ReturnType<ScoutActivities['profileTables']> {
  return withEnd(openSourceOf(deps, input.migrationId), async (source) => {
    let { done, rows } = { done: 0, rows: 0, ...alive.earlier };
    for (const table of tables.slice(done)) {
      alive.report({ done, rows, table });
      rows += (await profileOn(deps, source, { ...input, table }, alive)).rows;
      done += 1;
    }
    return { rows };
  });
}

async function profileOn(
  deps: Deps,
  source: Source,
  input: InCatalogue & { readonly table: string },
  { signal }: Alive,
): Promise<ProfiledTable> {
  const { migrationId, catalogueId } = input;
  signal.throwIfAborted();
  const catalogue = await deps.store.discovery.catalogue(catalogueId);
  const table = catalogue.tables.find((candidate) => qualified(candidate) === input.table);
  if (table === undefined) throw new Error('the catalogue does not name the table');
  const profile = await source.profile(table, { sampleAbove: SAMPLE_ABOVE, signal });
  const meanings = inferMeanings(table, profile, catalogue);
  await deps.store.discovery.putProfile(catalogueId, profile, meanings);
  const oddValues = profile.columns
    .flatMap((column) => Object.values(column.odd ?? {}))
    .reduce((sum, count) => sum + count, 0);
  const data = { table: input.table, rows: profile.rows, columns: profile.columns.length, oddValues };
  deps.bus.publish({ type: 'discovery.table_analyzed', migrationId, at: new Date().toISOString(), data });
  return { rows: profile.rows, columns: profile.columns.length, oddValues, questions: 0 };
}
