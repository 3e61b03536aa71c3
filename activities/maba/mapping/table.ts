import type { Catalogue, CatalogueTable } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type {
  IndexMapping,
  KeyMapping,
  MigrationMapping,
  ObjectName,
  TableMapping,
} from '../../../contracts/mapping.js';
import type { Meaning } from '../../../contracts/profile.js';
import { quoteName, quoteString } from '../../../language/expressions.js';
import { jsonCheckedColumn, knownColumns, translateCheck } from './checks.js';
import type { Survey } from './choose-type.js';
import { columnPath, inPrimaryKey } from './choose-type.js';
import type { ColumnDrafting, DraftedColumn } from './column.js';
import { draftColumn, isRowidAlias } from './column.js';
import type { Experience } from './experience.js';
import type { ReferencedTable } from './foreign-keys.js';
import { draftForeignKeys } from './foreign-keys.js';
import { draftGenerated, generatedSql } from './generated.js';
import type { KeyDrafting } from './keys.js';
import { draftKeys, madeName, rowAndChunkKey } from './keys.js';
import type { IdentifierRule, RelationNames, Renamed } from './names.js';
import { applyRule, constraintName, targetNames } from './names.js';
import type { Notes } from './notes.js';

export interface TableDrafting {
  readonly survey: Survey;
  readonly table: CatalogueTable;
  readonly target: ObjectName;
  readonly meanings: readonly Meaning[];
  readonly experience: Experience;
  readonly notes: Notes;
  readonly rule: IdentifierRule;
  /** Grows with the columns' new names. */
  readonly renamed: Renamed[];
}

/** A table whose columns and keys are drafted, and not yet named among the schema's relations. */
export interface DraftedTable extends ReferencedTable {
  readonly table: CatalogueTable;
  readonly keyDrafting: KeyDrafting;
}

export interface NamedTable extends DraftedTable {
  readonly primaryKey?: KeyMapping;
  readonly uniqueKeys: readonly KeyMapping[];
  readonly indexes: readonly IndexMapping[];
}

export function keyQuestionId(table: { readonly schema: string; readonly name: string }): string {
  return `key:${qualified(table)}`;
}

/** Rows whose primary key holds NULL, which only SQLite lets happen; at least one where a sample may hide them. */
export function rowsWithoutKey(survey: Survey, table: CatalogueTable): number {
  const profile = survey.profiles.get(qualified(table));
  const nulls = (table.primaryKey ?? []).map((part) => {
    const column = table.columns.find((candidate) => candidate.name === part.column);
    if (!column || !column.nullable || isRowidAlias(survey, table, column)) return 0;
    const seen = profile?.columns.find((candidate) => candidate.column === part.column)?.nulls ?? 0;
    return Math.max(seen, profile && profile.sample >= 1 ? 0 : 1);
  });
  return Math.max(0, ...nulls);
}

function keepsPrimaryKey({ survey, table, notes }: TableDrafting): boolean {
  const without = rowsWithoutKey(survey, table);
  if (without === 0) return true;
  const answer = survey.answers[keyQuestionId(table)] ?? 'unique';
  if (answer === 'fail') notes.refuse(`${qualified(table)} (primary key)`, `${String(without)} rows hold NULL in it`);
  return answer !== 'unique';
}

/** What a table has that its rows do not need to arrive. */
function noteTable({ table, notes }: TableDrafting): void {
  if (table.partitioning !== undefined) {
    notes.leave('partitioning', qualified(table), `${table.partitioning}: its rows arrive in one plain table`);
  }
  if (table.versioned === true) {
    notes.leave('history', qualified(table), 'system versioning: the rows of now arrive, not their earlier states');
  }
}

/** Rows of files that no column takes: known before anything is copied. */
function noteBroken({ survey, table, notes }: TableDrafting): void {
  const count = survey.profiles.get(qualified(table))?.broken ?? 0;
  if (count === 0) return;
  const detail = `${String(count)} row(s) with too few or too many fields, or with quotes that make no sense, go to quarantine`;
  notes.find('rows_broken', qualified(table), { kind: 'data', count, detail });
}

/** Rows that were taken for headers by their looks only: were they data, they would be missing. */
function noteGuessedHeaders({ table, notes }: TableDrafting): void {
  const guessed = (table.format?.files ?? []).filter(({ headerGuessed }) => headerGuessed);
  if (guessed.length === 0) return;
  const names = guessed.slice(0, 3).map(({ file }) => file);
  const more = guessed.length > names.length ? ` and ${String(guessed.length - names.length)} more` : '';
  const detail = `The first row of ${names.join(', ')}${more} is taken for names of columns by its looks only; "header" in caravan.csv.yaml decides`;
  notes.find('header_guessed', qualified(table), { kind: 'data', count: guessed.length, detail });
}

/** Generated columns that the target can reckon; the others stay plain columns with their values, and are listed. */
function settleGenerated({ survey, table, notes }: TableDrafting, columns: readonly DraftedColumn[]): void {
  const { engine } = survey.catalogue;
  const keyed = (source: string): boolean =>
    inPrimaryKey(table, source) || survey.referenced.has(columnPath(table, source));
  for (const [source, answer] of draftGenerated({ engine, columns, keyed })) {
    const mapping = columns.find(({ column }) => column.name === source)?.mapping;
    const sql = generatedSql(answer);
    if (mapping && sql !== undefined) {
      mapping.generated = sql;
      mapping.reasons.push('generated in the source, and here');
    }
    if (!('plain' in answer)) continue;
    mapping?.reasons.push('generated in the source; a plain column with its values here');
    const reason = `a plain column with its values: its expression has no translation (${answer.plain})`;
    notes.leave('generated column', columnPath(table, source), reason);
  }
}

/** Columns and keys of one table; undefined where none of its columns has a mapping. */
export function draftTable(drafting: TableDrafting): DraftedTable | undefined {
  const { survey, table, target, notes } = drafting;
  const place = qualified(table);
  if (table.refused !== undefined) {
    notes.refuse(place, table.refused);
    return undefined;
  }
  const sources = table.columns.map((column) => column.name);
  const given = new Map(
    sources.flatMap((source) => {
      const name = survey.given.get(columnPath(table, source))?.target;
      return name === undefined ? [] : [[source, name] as const];
    }),
  );
  const scope = { rule: drafting.rule, what: 'column', columns: true, place, given };
  const { names, renamed } = targetNames(sources, scope);
  drafting.renamed.push(...renamed);
  noteTable(drafting);
  noteBroken(drafting);
  noteGuessedHeaders(drafting);
  const keeps = keepsPrimaryKey(drafting);
  const columnDrafting: ColumnDrafting = {
    survey,
    table,
    target: (source) => names.get(source) ?? source,
    meanings: drafting.meanings,
    experience: drafting.experience,
    notes,
    keepsPrimaryKey: keeps,
  };
  const columns = table.columns.flatMap((column) => draftColumn(columnDrafting, column) ?? []);
  if (columns.length === 0) return undefined;
  settleGenerated(drafting, columns);
  const keyDrafting: KeyDrafting = { engine: survey.catalogue.engine, table, columns, notes, keepsPrimaryKey: keeps };
  return { table, target, columns, keys: draftKeys(keyDrafting), keyDrafting };
}

/** Names that the keys and indexes of a table bring from the source. */
export function wantedNames({ keys }: DraftedTable): string[] {
  return [...keys.unique, ...keys.indexes].flatMap(({ wanted }) => wanted ?? []);
}

interface KeyNaming {
  readonly relations: RelationNames;
  readonly crowded: ReadonlySet<string>;
  readonly rule: IdentifierRule;
}

/** Gives keys and indexes the names that they have in the target's schema. */
export function nameKeys(drafted: DraftedTable, { relations, crowded, rule }: KeyNaming): NamedTable {
  const table = drafted.target.name;
  const give = (wanted: string | undefined, made: string, from: string): string => {
    if (wanted === undefined) return relations.take(made, { table, from });
    const ruled = applyRule(wanted, rule);
    return relations.take(ruled, { table, from, crowded: crowded.has(ruled) });
  };
  const { primary, unique, indexes } = drafted.keys;
  const primaryKey = primary && {
    name: relations.take(`${table}_pkey`, { table, from: `${qualified(drafted.table)} (primary key)` }),
    columns: primary.columns,
  };
  const uniqueKeys = unique.map(({ wanted, columns, from }) => ({
    name: give(wanted, madeName(table, columns, 'key'), from),
    columns,
  }));
  const named = indexes.map(({ wanted, from, drafted: { words, ...index } }) => ({
    name: give(wanted, madeName(table, words, 'idx'), from),
    ...index,
  }));
  return { ...drafted, uniqueKeys, indexes: named, ...(primaryKey && { primaryKey }) };
}

/** Makes the enum types of a table, and puts their names into its columns. */
export function nameTypes(named: NamedTable, relations: RelationNames): MigrationMapping['types'] {
  return named.columns.flatMap(({ column, mapping, enumLabels }) => {
    if (!enumLabels) return [];
    const from = `${qualified(named.table)}.${column.name} (type)`;
    const wanted = `${named.target.name}_${mapping.target}`;
    const name = relations.take(wanted, { table: named.target.name, from });
    mapping.type = name;
    return [{ name, labels: [...enumLabels] }];
  });
}

/** The trigger that keeps MySQL's ON UPDATE; functions of the whole schema share their names. */
function draftOnUpdate({ table, target, columns }: NamedTable, taken: Set<string>): Pick<TableMapping, 'onUpdate'> {
  const touched = columns.filter(({ touches }) => touches).map(({ mapping }) => mapping.target);
  if (touched.length === 0) return {};
  const name = constraintName(`${target.name}_on_update`, `${qualified(table)} (on update)`, taken);
  return { onUpdate: { name, columns: touched } };
}

interface Finishing {
  readonly survey: Survey;
  readonly all: ReadonlyMap<string, ReferencedTable>;
  readonly rule: IdentifierRule;
  readonly notes: Notes;
  readonly experience: Experience;
  /** Names of functions; grows. */
  readonly functions: Set<string>;
}

/** A check in place of an enum whose labels PostgreSQL cannot hold. */
function labelChecks(columns: readonly DraftedColumn[]): { from: string; expression: string }[] {
  return columns.flatMap(({ mapping }) => {
    const labels = mapping.limits.labels;
    if (mapping.kind !== 'text' || !labels) return [];
    const expression = `${quoteName(mapping.target)} IN (${labels.map(quoteString).join(', ')})`;
    return [{ from: `${mapping.target}_labels`, expression }];
  });
}

/** MariaDB's json is a text with this check: who casts the column wishes it away. */
function isOfCastJson(expression: string, columns: readonly DraftedColumn[], engine: Catalogue['engine']): boolean {
  const name = jsonCheckedColumn(expression, engine)?.toLowerCase();
  return columns.some(
    ({ column, isCast, mapping }) => isCast && mapping.kind !== 'json' && column.name.toLowerCase() === name,
  );
}

function draftChecks(named: NamedTable, finishing: Finishing, taken: Set<string>): TableMapping['checks'] {
  const { survey, notes, rule } = finishing;
  const columns = knownColumns(
    named.columns.map(({ mapping, column }) => ({
      mapping,
      ...(column.collation !== undefined && { collation: column.collation }),
    })),
  );
  const context = { engine: survey.catalogue.engine, columns };
  const place = qualified(named.table);
  const made = named.table.checks.flatMap((check, at) => {
    const label = `${place}.${check.name === '' ? `check ${String(at + 1)}` : check.name}`;
    if (check.enforced === false) {
      notes.leave('check', label, 'the source does not enforce it: its rows may break it');
      return [];
    }
    if (isOfCastJson(check.expression, named.columns, survey.catalogue.engine)) {
      notes.leave('check', label, 'the mapping file makes another type of its column than json');
      return [];
    }
    const translated = translateCheck(check.expression, context);
    if (translated.state === 'refused') notes.refuse(label, `the check has no translation: ${translated.reason}`);
    if (translated.state !== 'made') return [];
    const wanted = check.name === '' ? `${named.target.name}_check_${String(at + 1)}` : applyRule(check.name, rule);
    return [{ name: constraintName(wanted, label, taken), expression: translated.expression }];
  });
  const labels = labelChecks(named.columns).map(({ from, expression }) => ({
    name: constraintName(`${named.target.name}_${from}`, `${place}.${from}`, taken),
    expression,
  }));
  return [...made, ...labels];
}

/** The whole mapping of a table, once every table and type has its name. */
export function finishTable(named: NamedTable, finishing: Finishing): TableMapping {
  const { survey, notes, rule, experience } = finishing;
  const { table } = named;
  const profile = survey.profiles.get(qualified(table));
  const taken = new Set([named.primaryKey?.name ?? '', ...named.uniqueKeys.map((key) => key.name)]);
  const foreignKeys = draftForeignKeys({ survey, table, own: named, all: finishing.all, rule, taken, notes });
  return {
    source: { schema: table.schema, name: table.name },
    target: { ...named.target },
    columns: named.columns.map(({ mapping }) => mapping),
    ...(named.primaryKey && { primaryKey: named.primaryKey }),
    uniqueKeys: [...named.uniqueKeys],
    indexes: [...named.indexes],
    foreignKeys,
    checks: draftChecks(named, finishing, taken),
    ...draftOnUpdate(named, finishing.functions),
    ...(table.comment !== undefined && table.comment !== '' && { comment: table.comment }),
    ...rowAndChunkKey(named.keyDrafting, named.keys),
    chunkRows: experience.chunkRows(survey.catalogue.engine, table, profile),
    estimatedRows: profile?.exact === true ? profile.rows : table.estimatedRows,
    transactional: table.transactional,
    ...(table.format && { format: table.format }),
  };
}
