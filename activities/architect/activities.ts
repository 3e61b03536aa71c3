import { PAGE } from '../../contracts/activities.js';
import type { ArchitectActivities, DraftedPlan } from '../../contracts/activities.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { rulesComment } from '../../contracts/rules-text.js';
import type { MigrationInput } from '../../contracts/migration.schema.js';
import type { LearningFact } from '../../platform/store/store.js';
import type { Deps } from '../deps.js';
import { openTargetOf, planOf, recordOf, withEnd } from '../ends.js';
import { draftMapping } from '../maba/mapping/draft-mapping.js';
import { bytesPerRow, Experience } from '../maba/mapping/experience.js';
import { draftForAssessment, keepAssessment } from './assessment/keep.js';
import type { Assessing } from './assessment/keep.js';
import { withoutRows } from '../maba/mapping/given/row-filter.js';
import { offersOf } from './fixes.js';
import { checkReplacements, givenMapping, withCounts } from './given.js';
import { adoptPlan, withoutTables } from './adopt.js';
import { amendPlan } from './amend.js';
import { fitCollations } from './collations/fit.js';
import { fitPlaces } from './places.js';
import { draftComparison } from './comparison.js';
import { draftPlan } from './draft.js';
import { discovered, storePlan, totalRowsOf } from './kept.js';
import type { Discovered } from './kept.js';
import { withoutGenerated } from './generated.js';
import { toGraphTasks, toTableRef } from './pages.js';
import { raiseQuestions } from './questions.js';
import { assessRisk } from './risk.js';
import { checkMode, draftIntoStanding, lockedObjects } from './standing.js';
import { targetNeeds } from './target-needs.js';
import { translateQueries } from './translate-queries.js';

/** A plan longer than this is not shown by the query: histories stay small. Bytes. */
const SHOWN_PLAN_BYTES = 256 * 1024;

/** The Architect agent: questions, mappings, the plan. */
export function createArchitectActivities(deps: Deps): ArchitectActivities {
  return {
    raiseQuestions: async ({ migrationId, catalogueId, deadline }) => {
      const { catalogue, profiles } = await discovered(deps, catalogueId);
      const { input } = await recordOf(deps, migrationId);
      // The target's own types answer them.
      if (input.mode === 'data-only') return { questions: [] };
      const mapped = await givenMapping(deps, input, catalogue);
      const questions = raiseQuestions(catalogue, profiles, deadline, mapped?.given);
      for (const { id } of questions) {
        const at = new Date().toISOString();
        deps.bus.publish({ type: 'discovery.question_raised', migrationId, at, data: { question: id } });
      }
      return { questions };
    },
    draftPlan: (input) => makePlan(deps, input),
    draftComparison: (input) => draftComparison(deps, input),
    excludeTables: (input) => excludeTables(deps, input),
    offerFixes: async ({ planId, findings }) => ({
      offers: offersOf((await planOf(deps, planId)).document.migration, findings),
    }),
    translateQueries: (input) => translateQueries(deps, input),
    amendPlan: (input) => amendPlan(deps, input),
    readPlan: async ({ planId, migrationId }) => {
      const plan = await planOf(deps, planId);
      const rules = migrationId === undefined ? [] : await deps.store.rules.list(migrationId);
      const yaml = plan.yaml + rulesComment(rules.map(({ rule }) => rule));
      const bytes = Buffer.byteLength(yaml);
      if (bytes <= SHOWN_PLAN_BYTES) return { yaml };
      return {
        yaml: `# The plan has ${String(bytes)} bytes; "caravan plan" writes it to a file. Plan id: ${planId}\n`,
      };
    },
    listPlanTables: async ({ planId, offset }) => {
      const { tables } = (await planOf(deps, planId)).document.migration;
      const page = tables.slice(offset, offset + PAGE);
      return { tables: page.map(toTableRef) };
    },
    readPlanTasks: async ({ planId, phase, offset }) => {
      const { tasks, migration } = (await planOf(deps, planId)).document;
      const slice = tasks.filter((task) => task.phase === phase).slice(offset, offset + PAGE);
      return { tasks: toGraphTasks(slice, migration.tables.map(toTableRef)) };
    },
  };
}

type DraftInput = Parameters<ArchitectActivities['draftPlan']>[0];

async function makePlan(deps: Deps, input: DraftInput): Promise<DraftedPlan> {
  const { migrationId } = input;
  const { input: start } = await recordOf(deps, migrationId);
  const found = await discovered(deps, input.catalogueId);
  const throughput = await deps.store.learning.facts('throughput');
  const drafted = await makeDocument(deps, input, { ...found, start, throughput });
  const { findings, refused } = drafted;
  let document = start.mode === 'schema-only' ? withoutRowsOf(drafted.document) : drafted.document;
  checkReplacements(deps, document.migration);
  const fit = async (): Promise<void> => {
    if (start.target === undefined) return;
    const fresh = input.given === undefined;
    document = await fitToTarget(deps, { migrationId, start, catalogue: found.catalogue, fresh }, document);
  };
  if (start.assess === true) {
    await keepAssessment(deps.store, { migrationId, found, drafted, throughput, checkTarget: fit });
  } else {
    if (refused.length > 0) throw refusal(start.source, refused);
    await fit();
  }
  const { migration } = document;
  const stored = await storePlan(deps, migrationId, document);
  const { risk, reasons } = assessRisk(migration, found.profiles);
  const at = new Date().toISOString();
  const data = { planHash: stored.planHash, tables: stored.tables, risk };
  deps.bus.publish({ type: 'planning.plan_drafted', migrationId, at, data });
  return {
    ...stored,
    totalRows: totalRowsOf(document),
    notMigrated: migration.notMigrated.length,
    // All that is made once the rows are proven.
    views: migration.views.length + (migration.objects ?? []).length + (migration.routines ?? []).length,
    findings: findings.slice(0, PAGE),
    risk,
    riskReasons: reasons.slice(0, 20),
    autoApproved: deps.autoApproveRisk !== null && risk <= deps.autoApproveRisk,
    estimatedSeconds: estimateSeconds(new Experience(throughput), found, document),
  };
}

async function makeDocument(
  deps: Deps,
  input: DraftInput,
  found: Discovered & { readonly start: MigrationInput; readonly throughput: readonly LearningFact[] },
): Promise<Assessing['drafted']> {
  const { start, catalogue, profiles, meanings, throughput } = found;
  if (input.given !== undefined) {
    const given = (await planOf(deps, input.given)).document;
    checkMode(given, start);
    return { document: adoptPlan(given, catalogue), findings: [], refused: [] };
  }
  const learned = [...(await deps.store.learning.facts('mapping')), ...throughput];
  const { targetSchema, identifiers } = start;
  const mapped = await givenMapping(deps, start, catalogue);
  const drafting = { catalogue, profiles, meanings, answers: input.answers, targetSchema, identifiers, learned };
  const whole = { ...drafting, ...(mapped && { given: mapped.given }) };
  const { mapping, ...drafted } =
    start.mode === 'data-only'
      ? await draftIntoStanding(deps, input.migrationId, whole)
      : start.assess === true
        ? draftForAssessment(whole)
        : draftMapping(whole);
  mapped?.refuse(drafted.misfits);
  const counted = await withCounts(deps, input.migrationId, mapping);
  return { ...drafted, document: draftPlan({ name: input.migrationId, mapping: counted }) };
}

function withoutRowsOf(document: PlanDocument): PlanDocument {
  return { ...document, migration: withoutRows(document.migration) };
}

type ExcludeInput = Parameters<ArchitectActivities['excludeTables']>[0];

/** Tables that failed for good leave the plan; what referenced them is listed as not migrated. */
async function excludeTables(
  deps: Deps,
  { migrationId, planId, tables }: ExcludeInput,
): ReturnType<ArchitectActivities['excludeTables']> {
  const document = withoutTables((await planOf(deps, planId)).document, tables);
  return { ...(await storePlan(deps, migrationId, document)), totalRows: totalRowsOf(document) };
}

/** A type, key, check or default without a mapping is refused by name, before anything is touched. */
function refusal(source: string, refused: readonly { object: string; reason: string }[]): CaravanFailure {
  const named = refused.slice(0, 5).map(({ object, reason }) => `${object} (${reason})`);
  const more = refused.length > named.length ? ` and ${String(refused.length - named.length)} more` : '';
  return new CaravanFailure('TYPE_UNMAPPED', {
    attempted: 'map',
    on: source,
    seen: `no mapping for ${named.join('; ')}${more}`,
    next: 'Exclude these tables with --exclude, or change the named objects in the source.',
    facts: { names: refused.slice(0, 20).map(({ object }) => object) },
  });
}

/** Asks the target for all that would fail later; what it does not take of the plan and the plan can do without, goes. */
async function fitToTarget(
  deps: Deps,
  {
    migrationId,
    start,
    catalogue,
    fresh,
  }: {
    readonly migrationId: string;
    readonly start: MigrationInput;
    readonly catalogue: Catalogue;
    /** False of a plan that was given: its types are as somebody wrote them. */
    readonly fresh: boolean;
  },
  document: PlanDocument,
): Promise<PlanDocument> {
  const { migration } = document;
  const made = migration.tables.reduce(
    (count, { indexes, uniqueKeys, foreignKeys, onUpdate, partitions }) =>
      count +
      (2 + indexes.length + uniqueKeys.length) * (1 + (partitions?.parts.length ?? 0)) +
      foreignKeys.length +
      (onUpdate ? 1 : 0),
    migration.types.length +
      migration.views.length +
      (migration.sequences?.length ?? 0) +
      (migration.objects ?? []).filter(({ routine }) => routine !== undefined).length +
      (migration.routines?.length ?? 0),
  );
  return withEnd(openTargetOf(deps, migrationId), async (target) => {
    const standing = migration.mode === 'data-only';
    const objects = standing ? lockedObjects(migration, await target.standingTables(migration.targetSchema)) : made;
    await target.preflight({ targetSchema: start.targetSchema, objects, needs: targetNeeds(migration), standing });
    await target.checkNames(migration, start.onExisting);
    // Columns that stand are compared as they are.
    if (standing) return withoutGenerated(document, await target.refusedGenerated(migration));
    const placed = fresh ? await fitPlaces({ catalogue, target }, document) : document;
    const fitted = await fitCollations({ deps, migrationId, catalogue, target }, placed);
    return withoutGenerated(fitted, await target.refusedGenerated(fitted.migration));
  });
}

/** From what earlier migrations measured on tables of the same shape; null where no shape is known. */
function estimateSeconds(
  experience: Experience,
  { catalogue, profiles }: Discovered,
  { migration }: PlanDocument,
): number | null {
  const tables = new Map(catalogue.tables.map((table) => [qualified(table), table]));
  const profileOf = new Map(profiles.map((profile) => [`${profile.schema}.${profile.table}`, profile]));
  let seconds: number | null = null;
  for (const { source, columns, estimatedRows } of migration.tables) {
    const name = qualified(source);
    const table = tables.get(name);
    if (table === undefined) continue;
    const rate = experience.rowsPerSecond(catalogue.engine, columns.length, bytesPerRow(table, profileOf.get(name)));
    if (rate !== undefined) seconds = (seconds ?? 0) + estimatedRows / rate;
  }
  return seconds === null ? null : Math.round(seconds * 100) / 100;
}
