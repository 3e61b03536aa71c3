import { PAGE } from '../../contracts/activities.js';
import type { ArchitectActivities, DraftedComparison } from '../../contracts/activities.js';
import { canonicalJson } from '../../contracts/canonical-json.js';
import { qualified } from '../../contracts/catalogue.js';
import type { MatchedTable } from '../../contracts/existing.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { bounded, isDifference } from '../../contracts/verification.js';
import type { StructureReport } from '../../contracts/verification.js';
import { sha256Hex } from '../../platform/hash.js';
import type { ExistingTarget } from '../../databases/existing.js';
import type { Deps } from '../deps.js';
import { openExistingOf, recordOf, withEnd } from '../ends.js';
import { allAskedChecks, askedDefaults, compareStructures, structureFindings } from '../kora/structure/compare.js';
import type { DraftedMapping } from '../maba/mapping/draft-mapping.js';
import { matchExisting } from '../maba/mapping/existing/match.js';
import { comparisonPlan } from '../maba/mapping/existing/plan.js';
import { draftForAssessment } from './assessment/keep.js';
import { draftPlan } from './draft.js';
import { discovered, storePlan, totalRowsOf } from './kept.js';
import { givenMapping, withCounts } from './given.js';

type Input = Parameters<ArchitectActivities['draftComparison']>[0];

/** Holds a target that another tool made against the source: what stands for what, and what is missing or weaker. */
export async function draftComparison(deps: Deps, { migrationId, catalogueId }: Input): Promise<DraftedComparison> {
  const { input } = await recordOf(deps, migrationId);
  const found = await discovered(deps, catalogueId);
  const { catalogue } = found;
  const { targetSchema, identifiers } = input;
  const mapped = await givenMapping(deps, input, catalogue);
  const drafting = { ...found, answers: {}, targetSchema, identifiers, learned: [] };
  const drafted = draftForAssessment({ ...drafting, ...(mapped && { given: mapped.given }) });
  mapped?.refuse(drafted.misfits);
  const { plan, structure } = await withEnd(openExistingOf(deps, migrationId), async (target) => {
    const existing = await target.catalogue(targetSchema);
    const matched = matchExisting({ catalogue, drafted: drafted.mapping, existing });
    const plan = comparisonPlan(drafted.mapping, matched, existing);
    return { plan, structure: await structureOf(target, { plan, drafted, matched }) };
  });
  await deps.store.migrations.putStructure(migrationId, structure);
  const document = draftPlan({ name: migrationId, mapping: await withCounts(deps, migrationId, plan) });
  const stored = await storePlan(deps, migrationId, document);
  const noted = drafted.findings.filter((finding) => !isDifference(finding));
  return {
    ...stored,
    totalRows: totalRowsOf(document),
    views: plan.views.length,
    structure: summaryOf(structure),
    findings: bounded([...noted, ...structureFindings(structure)], PAGE),
  };
}

interface Structures {
  readonly plan: MigrationMapping;
  readonly drafted: DraftedMapping;
  readonly matched: readonly MatchedTable[];
}

/** The server itself evaluates defaults and checks that are written in other words. */
async function structureOf(target: ExistingTarget, { plan, drafted, matched }: Structures): Promise<StructureReport> {
  const sameDefault = await answered(askedDefaults(matched), (pairs) => target.sameValues(plan.targetSchema, pairs));
  const sameCheck = await answered(allAskedChecks(matched), (pairs) => target.sameChecks(plan.targetSchema, pairs));
  const compared = new Set(plan.views.map(({ source }) => qualified(source)));
  const views = drafted.mapping.views.map(({ source }) => ({
    object: qualified(source),
    isThere: compared.has(qualified(source)),
  }));
  return compareStructures({ tables: matched, refused: drafted.refused, sameDefault, sameCheck, views });
}

/** The server answers all at once; the comparison asks one by one. */
async function answered<Asked>(
  asked: readonly Asked[],
  answer: (asked: readonly Asked[]) => Promise<(boolean | undefined)[]>,
): Promise<(asked: Asked) => boolean | undefined> {
  const answers = await answer(asked);
  const known = new Map(asked.map((one, at) => [JSON.stringify(one), answers[at]]));
  return (one) => known.get(JSON.stringify(one));
}

function summaryOf({ items, ...counts }: StructureReport): DraftedComparison['structure'] {
  return { ...counts, hash: sha256Hex(canonicalJson(items)) };
}
