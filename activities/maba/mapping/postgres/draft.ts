import type { Catalogue, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import { CaravanFailure } from '../../../../contracts/failures.js';
import type { ColumnMapping, MadeType, SequenceMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { MappingProblem } from '../../../../language/mapping-file.js';
import type { DraftedMapping, DraftMappingInput } from '../draft-mapping.js';
import { Experience } from '../experience.js';
import type { Given } from '../given/given.js';
import { RelationNames } from '../names.js';
import type { Renamed } from '../names.js';
import { Notes } from '../notes.js';
import { draftNativeColumn } from './columns.js';
import type { PostgresDrafting } from './columns.js';
import { passesAsBytes } from './copy-form.js';
import { draftNativeKeys, nativeRowKey } from './keys.js';
import type { KeyNaming } from './keys.js';
import { Needs } from './needs.js';
import { draftObjects } from './objects.js';
import { draftPartitions } from './partitions.js';
import { Routines } from './routines.js';
import { Sequences } from './sequences.js';
import { draftNativeViews, nameViews } from './views.js';

/**
 * A plan from PostgreSQL to PostgreSQL: every name, type and definition as it is. Pure: the same input gives the same
 * plan.
 */
export function draftFromPostgres(input: DraftMappingInput): DraftedMapping {
  const { catalogue, targetSchema } = input;
  refuseSnake(input);
  const notes = new Notes();
  if (input.given) notes.misfits.push(...nativeMisfits(input.given));
  const routines = new Routines(catalogue, targetSchema);
  const drafting = { needs: new Needs(catalogue, routines), sequences: new Sequences(catalogue), notes };
  const { targets, renamed } = tableNames(catalogue);
  routines.rename(
    catalogue.tables.filter((table) => targets.get(qualified(table)) !== table.name).map(({ name }) => name),
  );
  const columns = new Map<CatalogueTable, ColumnMapping[]>();
  for (const table of catalogue.tables) if (isMigrated(table, notes)) columns.set(table, columnsOf(drafting, table));
  const relations = new RelationNames(targets.values());
  // Expressions name types and sequences: these come first, so that they keep their names.
  reserve(catalogue, relations, notes);
  const partitions = draftPartitions(drafting, { tables: [...columns.keys()], targets, relations });
  const named = nameViews(catalogue, relations);
  const naming: KeyNaming = { ...drafting, relations, targets, targetSchema };
  const experience = new Experience(input.learned);
  const types = drafting.needs.used();
  const tables = [...columns].flatMap(([table, drafted]) =>
    drafted.length === 0
      ? []
      : [tableOf(naming, { input, types, table, columns: drafted, experience, partitions: partitions.get(table) })],
  );
  const sequences = drafting.sequences.draft([...columns.keys()], targets, notes);
  const placed = { needs: drafting.needs, relations: placedIn(catalogue, tables, sequences), targetSchema };
  const { views, left } = draftNativeViews(catalogue, named, placed);
  const told = { catalogue, routines, renamed: relations.renamed, left, notes };
  const objects = draftObjects({ ...placed, ...told });
  for (const type of catalogue.types ?? []) {
    if (!drafting.needs.isUsed(type)) notes.leave('type', qualified(type), type.refused ?? 'no migrated table uses it');
  }
  const mapping: DraftedMapping['mapping'] = {
    sourceEngine: 'postgres',
    targetSchema,
    identifiers: 'preserve',
    types: drafting.needs.used(),
    ...(sequences.length > 0 && { sequences }),
    ...(drafting.needs.extensions.size > 0 && { extensions: [...drafting.needs.extensions].sort() }),
    ...(drafting.needs.collations.size > 0 && { collations: [...drafting.needs.collations].sort() }),
    tables,
    views,
    ...(objects.length > 0 && { objects }),
    notMigrated: notes.notMigrated,
    cannotSee: catalogue.cannotSee.map((entry) => ({ ...entry })),
    renamed: [...renamed, ...relations.renamed],
  };
  return { mapping, refused: notes.refused, misfits: notes.misfits, findings: notes.findings };
}

/** What stands in the target under its own name: expressions, views and routines find it. */
function placedIn(
  { sequences = [] }: Catalogue,
  tables: readonly TableMapping[],
  drafted: readonly SequenceMapping[],
): Set<string> {
  const counting = tables.flatMap((table) => table.columns.flatMap(({ identity }) => identity?.sequence?.name ?? []));
  const names = new Set([...counting, ...drafted.map(({ name }) => name)]);
  return new Set([
    ...tables.filter(({ source, target }) => source.name === target.name).map(({ source }) => qualified(source)),
    ...tables.flatMap((table) => (table.partitions?.parts ?? []).map(({ source }) => qualified(source))),
    ...sequences.filter(({ name, hidden }) => hidden !== true && names.has(name)).map(qualified),
  ]);
}

/** Rows pass through as they are: of a mapping file only its include and exclude can be honoured. */
export function nativeMisfits(given: Given): MappingProblem[] {
  const columns = [...given.columns.values()];
  const sections: readonly (readonly [path: readonly string[], said: boolean])[] = [
    [['rename', 'tables'], given.tables.size > 0],
    [['rename', 'columns'], columns.some(({ target }) => target !== undefined)],
    [['cast'], columns.some(({ cast }) => cast !== undefined)],
    [['collate'], columns.some(({ collate }) => collate !== undefined)],
    [['values'], columns.some(({ policies }) => policies !== undefined)],
    [['transforms'], columns.some(({ steps }) => steps !== undefined)],
    [['filter'], given.filters.size > 0],
  ];
  const message = 'what comes from PostgreSQL stays as it is: only include and exclude are honoured';
  return sections.flatMap(([path, said]) => (said ? [{ path, message, hint: 'see docs/mapping-file.md' }] : []));
}

function refuseSnake({ identifiers, catalogue }: DraftMappingInput): void {
  if (identifiers !== 'snake') return;
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'rename by "snake" what comes from',
    on: catalogue.database,
    seen: 'names from PostgreSQL stay as they are: expressions and indexes name them',
    next: 'Leave --identifiers out.',
  });
}

/** Names of tables stay; those that more than one schema has get their schema in front, for all come into one. */
function tableNames({ tables }: Catalogue): { targets: Map<string, string>; renamed: Renamed[] } {
  const seen = new Map<string, number>();
  for (const { name } of tables) seen.set(name, (seen.get(name) ?? 0) + 1);
  const targets = new Map<string, string>();
  const renamed: Renamed[] = [];
  const taken = new Set([...seen].filter(([, times]) => times === 1).map(([name]) => name));
  for (const table of tables) {
    if (seen.get(table.name) === 1) {
      targets.set(qualified(table), table.name);
      continue;
    }
    const name = `${table.schema}_${table.name}`;
    if (taken.has(name) || Buffer.byteLength(name) > 63) throw namesMeet(table, name);
    taken.add(name);
    targets.set(qualified(table), name);
    renamed.push({ from: qualified(table), to: name, reason: 'more than one schema has a table of this name' });
  }
  return { targets, renamed };
}

function namesMeet(table: CatalogueTable, name: string): CaravanFailure {
  return new CaravanFailure('NAME_COLLISION', {
    attempted: 'name the table',
    on: qualified(table),
    seen: `other schemas have a table of this name, and "${name}" is taken or too long`,
    next: 'Migrate one schema at a time, with --include.',
    facts: { names: [qualified(table), name] },
  });
}

function isMigrated(table: CatalogueTable, notes: Notes): boolean {
  const place = qualified(table);
  const { inherits = false } = table.standing ?? {};
  if (inherits) {
    notes.refuse(place, 'it inherits from other tables, or they from it, which is not migrated (yet)');
    return false;
  }
  if (table.columns.length === 0) {
    notes.leave('table', place, 'it has no columns');
    return false;
  }
  if (!table.transactional) {
    const detail = 'rows of its foreign partitions stand outside any snapshot';
    notes.find('outside_snapshot', place, { kind: 'data', count: 1, detail });
  }
  return true;
}

function columnsOf(drafting: PostgresDrafting, table: CatalogueTable): ColumnMapping[] {
  return table.columns.flatMap((column) => draftNativeColumn(drafting, table, column) ?? []);
}

function reserve({ types = [], sequences = [] }: Catalogue, relations: RelationNames, notes: Notes): void {
  const named = [...types.filter((type) => type.refused === undefined), ...sequences.filter((each) => !each.hidden)];
  for (const one of named) {
    const place = qualified(one);
    if (relations.take(one.name, { table: one.schema, from: place }) === one.name) continue;
    notes.refuse(place, 'another schema has something of this name, and expressions may name it');
  }
}

interface Drafted {
  readonly types: readonly MadeType[];
  readonly input: DraftMappingInput;
  readonly table: CatalogueTable;
  readonly columns: ColumnMapping[];
  readonly experience: Experience;
  readonly partitions: TableMapping['partitions'];
}

function tableOf(naming: KeyNaming, { input, types, table, columns, experience, partitions }: Drafted): TableMapping {
  const target = { schema: input.targetSchema, name: naming.targets.get(qualified(table)) ?? table.name };
  const profile = input.profiles.find(({ schema, table: name }) => schema === table.schema && name === table.name);
  return {
    source: { schema: table.schema, name: table.name },
    target,
    columns,
    ...draftNativeKeys(naming, table, target),
    ...(partitions && { partitions }),
    ...(table.comment !== undefined && { comment: table.comment }),
    ...nativeRowKey(table),
    ...(passesAsBytes(columns, types) && { copyForm: 'binary' }),
    chunkRows: experience.chunkRows('postgres', table, profile),
    estimatedRows: profile?.exact === true ? profile.rows : table.estimatedRows,
    transactional: table.transactional,
  };
}
