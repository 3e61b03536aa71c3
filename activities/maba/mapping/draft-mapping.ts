import type { Catalogue, CatalogueObject } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Finding } from '../../../contracts/migration.js';
import type { MappingProblem } from '../../../language/mapping-file.js';
import type { Meaning, TableProfile } from '../../../contracts/profile.js';
import type { LearningFact } from '../../../platform/store/store.js';
import { inferMeanings } from '../inference.js';
import { surveyOf } from './choose-type.js';
import { withCollations } from './collations/list.js';
import { Experience } from './experience.js';
import type { Given } from './given/given.js';
import { rowsLeft } from './given/row-filter.js';
import type { ReferencedTable } from './foreign-keys.js';
import type { IdentifierRule } from './names.js';
import { applyRule, RelationNames, targetNames } from './names.js';
import type { Refused } from './notes.js';
import { Notes } from './notes.js';
import type { DraftedTable, TableDrafting } from './table.js';
import { draftFromPostgres } from './postgres/draft.js';
import { draftRoutines } from './routines.js';
import { draftViews } from './views.js';
import { draftTable, finishTable, nameKeys, nameTypes, wantedNames } from './table.js';

export interface DraftMappingInput {
  /** Only included tables: what is not in it is not migrated. */
  readonly catalogue: Catalogue;
  readonly profiles: readonly TableProfile[];
  /** By "schema.table"; of a table without an entry they are inferred here. */
  readonly meanings?: Readonly<Record<string, readonly Meaning[]>>;
  /** Answers by question id; a question without one takes its default. */
  readonly answers: Readonly<Record<string, string>>;
  readonly targetSchema: string;
  readonly identifiers: IdentifierRule;
  readonly learned: readonly LearningFact[];
  /** What a mapping file says. */
  readonly given?: Given;
}

export interface DraftedMapping {
  readonly mapping: MigrationMapping;
  /** Not empty: the plan cannot be made (TYPE_UNMAPPED), and `mapping` lacks these. */
  readonly refused: readonly Refused[];
  /** What a mapping file says and cannot be; not empty: the plan cannot be made. */
  readonly misfits: readonly MappingProblem[];
  /** What is known before a row is copied. */
  readonly findings: readonly Finding[];
}

const OBJECT_REASONS: Readonly<Partial<Record<CatalogueObject['kind'], string>>> = {
  trigger: 'triggers are not yet translated',
  event: 'events have no counterpart in PostgreSQL',
  sequence: 'sequences that no column owns are not yet migrated',
  'virtual table': 'a virtual table is made by a module of SQLite',
};

/** Functions, procedures and triggers of MySQL are translated. */
function isProgram({ kind }: CatalogueObject, { engine }: Catalogue): boolean {
  return (engine === 'mysql' || engine === 'mariadb') && (kind === 'routine' || kind === 'trigger');
}

/** What stands in the plan although no table tells it: other objects, and what the login cannot see. */
function noteCatalogue(catalogue: Catalogue, notes: Notes): void {
  for (const object of catalogue.objects) {
    if (object.kind === 'view' || isProgram(object, catalogue)) continue;
    const told = object.kind === 'file' ? object.definition : undefined;
    notes.leave(object.kind, qualified(object), told ?? OBJECT_REASONS[object.kind] ?? 'it has no counterpart (yet)');
  }
  for (const { what, mend } of catalogue.cannotSee) {
    notes.find('cannot_see', what, {
      kind: 'structural',
      count: 1,
      detail: `the login cannot see: ${what}; mend it with: ${mend}`,
    });
  }
  for (const table of catalogue.tables) {
    if (table.transactional) continue;
    const detail =
      'its storage engine stands outside any snapshot: rows that change while it is copied are seen by the proof only';
    notes.find('outside_snapshot', qualified(table), { kind: 'data', count: 1, detail });
  }
}

function tableNames(input: DraftMappingInput): ReturnType<typeof targetNames> {
  const { tables, objects } = input.catalogue;
  const views = objects.filter(({ kind }) => kind === 'view');
  const given = new Map(
    tables.flatMap((table) => {
      const target = input.given?.tables.get(qualified(table));
      return target === undefined ? [] : [[table.name, target] as const];
    }),
  );
  const sources = [...tables, ...views].map(({ name }) => name);
  return targetNames(sources, { rule: input.identifiers, what: 'table', given });
}

/** Every included table and column as a mapping. Pure: the same input gives the same plan. */
export function draftMapping(input: DraftMappingInput): DraftedMapping {
  if (input.catalogue.engine === 'postgres') return draftFromPostgres(input);
  const { catalogue, identifiers, targetSchema } = input;
  const notes = new Notes();
  const survey = surveyOf(catalogue, input.profiles, input.answers, input.given?.columns);
  const experience = new Experience(input.learned);
  noteCatalogue(catalogue, notes);
  const { names, renamed } = tableNames(input);
  const drafted = catalogue.tables.flatMap((table) => {
    const target = { schema: targetSchema, name: names.get(table.name) ?? table.name };
    const profile = survey.profiles.get(qualified(table));
    const meanings = input.meanings?.[qualified(table)] ?? (profile ? inferMeanings(table, profile, catalogue) : []);
    const drafting: TableDrafting = { survey, table, target, meanings, experience, notes, rule: identifiers, renamed };
    const done = draftTable(drafting);
    return done ? [done] : [];
  });
  const viewNames = catalogue.objects.filter(({ kind }) => kind === 'view').map(({ name }) => names.get(name) ?? name);
  const relations = new RelationNames([...drafted.map((table) => table.target.name), ...viewNames]);
  const crowded = crowdedNames(drafted, identifiers);
  const named = drafted.map((table) => nameKeys(table, { relations, crowded, rule: identifiers }));
  const types = named.flatMap((table) => nameTypes(table, relations));
  const all: ReadonlyMap<string, ReferencedTable> = new Map(named.map((table) => [qualified(table.table), table]));
  const finishing = { survey, all, rule: identifiers, notes, experience, functions: new Set<string>() };
  const tables: TableMapping[] = named.map((table) => {
    const finished = finishTable(table, finishing);
    const filter = input.given?.filters.get(qualified(finished.source));
    return filter === undefined ? finished : { ...finished, filter };
  });
  const { views, notMigrated } = draftViews({ catalogue, tables, targetSchema, identifiers, names });
  for (const { kind, name, reason } of notMigrated) notes.leave(kind, name, reason);
  const programs = draftRoutines({ catalogue, tables, targetSchema, identifiers });
  for (const { kind, name, reason } of programs.notMigrated) notes.leave(kind, name, reason);
  const mapping: MigrationMapping = {
    sourceEngine: catalogue.engine,
    targetSchema,
    identifiers,
    types,
    tables,
    views: [...views],
    ...(programs.routines.length > 0 && { routines: [...programs.routines] }),
    notMigrated: [...notes.notMigrated, ...tables.flatMap(rowsLeft)],
    cannotSee: catalogue.cannotSee.map((entry) => ({ ...entry })),
    renamed: [...renamed, ...relations.renamed, ...programs.renamed],
  };
  const listed = withCollations(mapping, catalogue);
  return { mapping: listed, refused: notes.refused, misfits: notes.misfits, findings: notes.findings };
}

/** Index names that more than one table wants: all of them get their table in front, whatever their order. */
function crowdedNames(tables: readonly DraftedTable[], rule: IdentifierRule): ReadonlySet<string> {
  const seen = new Set<string>();
  const crowded = new Set<string>();
  for (const wanted of tables.flatMap(wantedNames)) {
    const name = applyRule(wanted, rule);
    if (seen.has(name)) crowded.add(name);
    seen.add(name);
  }
  return crowded;
}
