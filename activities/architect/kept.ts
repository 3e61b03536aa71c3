import type { Catalogue } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { Meaning, TableProfile } from '../../contracts/profile.js';
import { writePlan } from '../../language/plan.js';
import { planHash } from '../../platform/hash.js';
import type { Deps } from '../deps.js';

export interface Discovered {
  readonly catalogue: Catalogue;
  readonly profiles: readonly TableProfile[];
  /** By "schema.table". */
  readonly meanings: Readonly<Record<string, readonly Meaning[]>>;
}

/** What the scouts found, from the store. */
export async function discovered(deps: Deps, catalogueId: string): Promise<Discovered> {
  const catalogue = await deps.store.discovery.catalogue(catalogueId);
  const found = await deps.store.discovery.profiles(catalogueId);
  const meanings = Object.fromEntries(
    found.map(({ profile, meanings }) => [`${profile.schema}.${profile.table}`, meanings]),
  );
  return { catalogue, profiles: found.map(({ profile }) => profile), meanings };
}

export function totalRowsOf({ migration }: PlanDocument): number {
  return migration.tables.reduce((rows, table) => rows + Math.round(table.estimatedRows), 0);
}

export async function storePlan(
  deps: Deps,
  migrationId: string,
  document: PlanDocument,
): Promise<{ planId: string; planHash: string; tables: number }> {
  const hash = planHash(document);
  const planId = await deps.store.plans.put({ yaml: writePlan(document), document, planHash: hash, migrationId });
  return { planId, planHash: hash, tables: document.migration.tables.length };
}
