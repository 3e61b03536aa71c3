import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import { canonicalJson } from '../../contracts/canonical-json.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { CASE_INSENSITIVE_TYPE, PLACES } from '../../contracts/mapping.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import { findCycles } from '../../language/planner/cycles.js';
import { indexDependencies } from '../../language/planner/dependency-index.js';
import { describeProblem } from '../../language/planner/problems.js';
import { checkNative } from './adopt-native.js';
import { checkPassed } from './adopt-passed.js';
import type { AdoptProblems } from './adopt-table.js';
import { adoptTable, nameProblem } from './adopt-table.js';
import { withCollations } from '../maba/mapping/collations/list.js';
import { draftViews } from '../maba/mapping/views.js';
import { otherLeft, rowsLeft } from '../maba/mapping/given/row-filter.js';
import { checkRoutines, routinesLeftOut, runnable } from './adopt-routines.js';
import { draftTasks, tasksFit } from './tasks.js';

const TOLD = 20;

function raise(code: 'PLAN_STALE' | 'PLAN_INVALID', document: PlanDocument, problems: readonly string[]): never {
  const more = problems.length > TOLD ? [`and ${String(problems.length - TOLD)} more`] : [];
  throw new CaravanFailure(code, {
    attempted: 'take the plan',
    on: document.name,
    seen: [...problems.slice(0, TOLD), ...more].join('; '),
    ...(code === 'PLAN_INVALID' && { next: 'Correct what is named.' }),
    facts: { names: problems.slice(0, TOLD) },
  });
}

function findTable(catalogue: Catalogue, table: TableMapping): CatalogueTable | undefined {
  return catalogue.tables.find(
    (candidate) => candidate.schema === table.source.schema && candidate.name === table.source.name,
  );
}

/** Names that would meet in the target: tables, keys, indexes and types share one space. */
function sharedNames(mapping: MigrationMapping, problems: AdoptProblems): void {
  const seen = new Map<string, string>();
  const functions = new Set<string>();
  const take = (name: string, what: string): void => {
    const wrong = nameProblem(name);
    if (wrong !== undefined) problems.invalid.push(`${what}: ${wrong}`);
    const other = seen.get(name);
    if (other !== undefined) problems.invalid.push(`${what} has the same name as ${other}: "${name}"`);
    seen.set(name, what);
  };
  for (const type of mapping.types) take(type.name, `type ${type.name}`);
  for (const table of mapping.tables) {
    take(table.target.name, `table ${qualified(table.source)}`);
    for (const part of table.partitions?.parts ?? []) take(part.name, `partition ${qualified(part.source)}`);
  }
  for (const view of mapping.views) take(view.target.name, `view ${qualified(view.source)}`);
  for (const { onUpdate } of mapping.tables) {
    if (!onUpdate) continue;
    if (functions.has(onUpdate.name)) problems.invalid.push(`two triggers have the name "${onUpdate.name}"`);
    functions.add(onUpdate.name);
  }
  for (const table of mapping.tables) {
    const keys = [table.primaryKey, ...table.uniqueKeys, ...table.indexes].filter((key) => key !== undefined);
    for (const key of keys) take(key.name, `key ${key.name} of ${qualified(table.source)}`);
  }
}

function checkTypes(mapping: MigrationMapping, problems: AdoptProblems): void {
  for (const { name, labels, domain, attributes } of mapping.types) {
    if (labels.length === 0 && !domain && !attributes) problems.invalid.push(`type ${name} has no label`);
    if (new Set(labels).size !== labels.length) problems.invalid.push(`type ${name} has a label twice`);
    const long = labels.some((label) => Buffer.byteLength(label) > 63 || label.includes('\0'));
    if (long) problems.invalid.push(`type ${name} has a label that is longer than 63 bytes or holds NUL`);
  }
}

function checkSchema(mapping: MigrationMapping, problems: AdoptProblems): void {
  const { targetSchema } = mapping;
  const wrong = nameProblem(targetSchema);
  if (wrong !== undefined) problems.invalid.push(`targetSchema: ${wrong}`);
  if (/^pg_|^caravan_|^information_schema$/.test(targetSchema)) {
    problems.invalid.push(`targetSchema: "${targetSchema}" is reserved`);
  }
}

/** Into tables that stand come rows, and nothing else. */
function checkRowsOnly(mapping: MigrationMapping, problems: AdoptProblems): void {
  const say = (what: string): void => {
    problems.invalid.push(`${what}: a plan with "mode: data-only" makes none`);
  };
  if (mapping.views.length > 0) say('views');
  if ((mapping.routines ?? []).length > 0) say('routines');
  if ((mapping.sequences ?? []).length > 0) say('sequences');
  for (const table of mapping.tables) {
    const { primaryKey, uniqueKeys, indexes, foreignKeys, checks, onUpdate, columns } = table;
    const made = [uniqueKeys, indexes, foreignKeys, checks].some((list) => list.length > 0);
    if (primaryKey || onUpdate || made) say(`${qualified(table.source)}: keys, indexes, checks`);
    const sets = columns.some(({ default: given, generated }) => given !== undefined || generated !== undefined);
    if (sets) say(`${qualified(table.source)}: defaults and generated columns`);
  }
}

/** What the plan leaves out is said, as everything that stays behind is. */
function listLeftOut(mapping: MigrationMapping, catalogue: Catalogue): MigrationMapping['notMigrated'] {
  const mapped = new Map(mapping.tables.map((table) => [qualified(table.source), table]));
  const left = catalogue.tables.flatMap((table) => {
    const taken = mapped.get(qualified(table));
    if (!taken) return [{ kind: 'table', name: qualified(table), reason: 'left out of the plan' }];
    const columns = new Set(taken.columns.map((column) => column.source));
    return table.columns
      .filter((column) => !columns.has(column.name))
      .map((column) => ({
        kind: 'column',
        name: `${qualified(table)}.${column.name}`,
        reason: 'left out of the plan',
      }));
  });
  const listed = [...otherLeft(mapping), ...mapping.tables.flatMap(rowsLeft)];
  const known = new Set(listed.map(({ kind, name }) => `${kind}\0${name}`));
  return [...listed, ...left.filter(({ kind, name }) => !known.has(`${kind}\0${name}`))];
}

/** A foreign key to a table that was removed from the plan goes with it, and is listed. */
function withoutDangling(mapping: MigrationMapping): MigrationMapping {
  const targets = new Set(mapping.tables.map((table) => qualified(table.target)));
  const dropped: MigrationMapping['notMigrated'] = [];
  const tables = mapping.tables.map((table) => {
    const foreignKeys = table.foreignKeys.filter((key) => {
      if (targets.has(qualified(key.targetTable))) return true;
      const reason = `it references ${qualified(key.targetTable)}, which is not in the plan`;
      dropped.push({ kind: 'foreign key', name: `${qualified(table.source)}.${key.name}`, reason });
      return false;
    });
    return { ...table, foreignKeys };
  });
  const views = readable(mapping, dropped);
  const objects = placeable({ ...mapping, views }, dropped);
  const routines = runnable(mapping, dropped);
  const used = new Set(tables.flatMap((table) => table.columns.map((column) => column.type)));
  const native = mapping.sourceEngine === 'postgres';
  // Types of PostgreSQL are made of each other, and expressions name them: one that nothing needs any more does no harm.
  const types = mapping.types.filter((type) => native || used.has(type.name));
  const names = new Set(tables.map((table) => table.target.name));
  const sequences = mapping.sequences?.filter(({ ownedBy }) => ownedBy === undefined || names.has(ownedBy.table));
  return {
    ...mapping,
    tables,
    types,
    views,
    ...(sequences && { sequences }),
    ...(objects && { objects }),
    ...(routines && { routines }),
    notMigrated: [...mapping.notMigrated, ...dropped],
  };
}

/** Views all of whose tables and views are in the plan; the others go, and are listed. */
function readable(mapping: MigrationMapping, dropped: MigrationMapping['notMigrated']): MigrationMapping['views'] {
  const parts = mapping.tables.flatMap((table) => table.partitions?.parts ?? []);
  const there = new Set([...mapping.tables, ...parts].map(({ source }) => qualified(source)));
  return mapping.views.filter((view) => {
    const missing = view.reads.find((read) => !there.has(read));
    if (missing === undefined) {
      there.add(qualified(view.source));
      return true;
    }
    const reason = `it reads ${missing}, which is not in the plan`;
    dropped.push({ kind: 'view', name: qualified(view.source), reason });
    return false;
  });
}

/** Objects whose tables, views and routines are in the plan; the others go, and are listed. */
function placeable(
  { tables, views, sequences = [], objects }: MigrationMapping,
  dropped: MigrationMapping['notMigrated'],
): MigrationMapping['objects'] {
  const parts = tables.flatMap((table) => table.partitions?.parts ?? []);
  const there = new Set([...tables, ...views, ...parts].map(({ source }) => qualified(source)));
  const targets = new Set([
    ...parts.map(({ name }) => name),
    ...[...tables, ...views].map(({ target }) => target.name),
    ...sequences.map(({ name }) => name),
    ...tables.flatMap((table) => table.columns.flatMap(({ identity }) => identity?.sequence?.name ?? [])),
  ]);
  const routines = new Set(objects?.filter(({ kind }) => kind === 'routine').map(({ name }) => name));
  return objects?.filter(({ kind, name, relation, of, reads }) => {
    const homeless = relation !== undefined && !targets.has(relation) ? relation : undefined;
    const unread = reads.find((read) => !there.has(read) && !targets.has(read.slice(read.indexOf('.') + 1)));
    const missing = homeless ?? unread ?? (of !== undefined && !routines.has(of) ? of : undefined);
    if (missing === undefined) return true;
    dropped.push({ kind, name, reason: `it needs ${missing}, which is not in the plan` });
    return false;
  });
}

/**
 * The query of a view is made from the source's own, and is not edited: what is not proven equal is not kept. A view
 * can be taken out of the plan.
 */
function checkViews(given: MigrationMapping, catalogue: Catalogue, problems: AdoptProblems): void {
  if (given.views.length === 0) return;
  const { tables, targetSchema, identifiers } = given;
  const names = new Map(given.views.map((view) => [view.source.name, view.target.name]));
  const { views } = draftViews({ catalogue, tables, targetSchema, identifiers, names });
  for (const view of given.views) {
    const made = views.find(({ source }) => qualified(source) === qualified(view.source));
    if (made && canonicalJson(made) === canonicalJson(view)) continue;
    problems.invalid.push(
      `the view ${qualified(view.source)} is not what is made from the source's own: leave it and its tables as they were, or take it out of the plan`,
    );
  }
}

function cyclesOf(tasks: PlanDocument['tasks']): string[] {
  const nodes = tasks.map(({ id, depends_on }) => ({ id, dependsOn: depends_on }));
  return findCycles(indexDependencies(nodes)).map((cycle) => describeProblem({ code: 'cycle', ...cycle }));
}

/**
 * Takes a plan that a person gives back, after checking that it fits this source and says nothing that a plan may not
 * say. Its tasks are made anew when they do not fit its tables. The document that comes back is the one that runs.
 */
export function adoptPlan(document: PlanDocument, catalogue: Catalogue): PlanDocument {
  const problems: AdoptProblems = { stale: [], invalid: [] };
  const given = document.migration;
  if (given.sourceEngine !== catalogue.engine) {
    problems.stale.push(`it was made for ${given.sourceEngine}, and the source is ${catalogue.engine}`);
  }
  const native = given.sourceEngine === 'postgres' && catalogue.engine === 'postgres';
  const passed = native && given.mode === 'data-only';
  if (passed) checkPassed(given, catalogue, problems);
  const leftOut = native && !passed ? checkNative(given, catalogue, problems) : [];
  checkSchema(given, problems);
  if (given.mode === 'data-only') checkRowsOnly(given, problems);
  checkTypes(given, problems);
  sharedNames(given, problems);
  const listed = new Set(given.notMigrated.map(({ kind, name }) => `${kind} ${name}`));
  const alsoLeft = [...leftOut, ...routinesLeftOut(given, catalogue)].filter(
    ({ kind, name }) => !listed.has(`${kind} ${name}`),
  );
  const reduced = withoutDangling({ ...given, notMigrated: [...given.notMigrated, ...alsoLeft] });
  if (!native) {
    checkViews(reduced, catalogue, problems);
    checkRoutines(reduced, catalogue, problems);
  }
  const sources = new Set<string>();
  const tables = reduced.tables.map((table) => {
    const name = qualified(table.source);
    if (sources.has(name)) problems.invalid.push(`the table ${name} is mapped twice`);
    sources.add(name);
    if (table.target.schema !== given.targetSchema)
      problems.invalid.push(`${name}: its target is not in the schema "${given.targetSchema}"`);
    const source = findTable(catalogue, table);
    if (source) return native ? table : adoptTable({ table, source, mapping: reduced, problems });
    problems.stale.push(`the source has no table ${name}`);
    return table;
  });
  if (problems.stale.length > 0) raise('PLAN_STALE', document, problems.stale);
  const fits = tasksFit(document.tasks, reduced);
  if (fits) problems.invalid.push(...cyclesOf(document.tasks));
  if (problems.invalid.length > 0) raise('PLAN_INVALID', document, problems.invalid);
  const migration = { ...reduced, tables, notMigrated: listLeftOut({ ...reduced, tables }, catalogue) };
  return {
    ...document,
    migration: withCollations(withExtensions(migration), catalogue),
    tasks: fits ? document.tasks : draftTasks(migration),
  };
}

/** A person may write a column of a type that an extension brings. */
function withExtensions(mapping: MigrationMapping): MigrationMapping {
  const { tables, extensions = [] } = mapping;
  if (mapping.mode === 'data-only') return mapping;
  const types = new Set(tables.flatMap((table) => table.columns.map(({ type }) => type.replace(/\(.*/u, ''))));
  const wanted = [
    ...(types.has(CASE_INSENSITIVE_TYPE) ? [CASE_INSENSITIVE_TYPE] : []),
    ...(types.has(PLACES.type) ? [PLACES.extension] : []),
  ].filter((extension) => !extensions.includes(extension));
  return wanted.length === 0 ? mapping : { ...mapping, extensions: [...extensions, ...wanted] };
}

/** The plan without some of its tables (source names): they failed for good, and a person excluded them. */
export function withoutTables(document: PlanDocument, names: readonly string[]): PlanDocument {
  const { migration } = document;
  const excluded = migration.tables.filter((table) => names.includes(qualified(table.source)));
  const tables = migration.tables.filter((table) => !names.includes(qualified(table.source)));
  if (tables.length === 0) raise('PLAN_INVALID', document, ['no table is left']);
  const reason = 'it failed while it was copied, and was excluded';
  const left = excluded.map(({ source }) => ({ kind: 'table', name: qualified(source), reason }));
  const reduced = withoutDangling({ ...migration, tables, notMigrated: [...migration.notMigrated, ...left] });
  return { ...document, migration: reduced, tasks: tasksWithout(document.tasks, names) };
}

/** The order that a person gave to the other tables stays. */
function tasksWithout(tasks: PlanDocument['tasks'], tables: readonly string[]): PlanDocument['tasks'] {
  const gone = new Set(tasks.filter(({ table }) => table !== undefined && tables.includes(table)).map(({ id }) => id));
  return tasks
    .filter(({ id }) => !gone.has(id))
    .map((task) => ({ ...task, depends_on: task.depends_on.filter((id) => !gone.has(id)) }));
}
