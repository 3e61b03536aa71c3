import type { CatalogueColumn, CatalogueTable } from '../../../contracts/catalogue.js';
import type { ColumnMapping, MadeCollation } from '../../../contracts/mapping.js';
import type { Meaning } from '../../../contracts/profile.js';
import type { TypeChoice, TypeContext } from './choice.js';
import type { Survey } from './choose-type.js';
import { chooseType, columnPath, contextOf, inPrimaryKey } from './choose-type.js';
import { translateDefault } from './defaults.js';
import type { Experience } from './experience.js';
import { givenProblem, meeting, notKept, policiesOf, stepsKindProblem, withSteps } from './given/column.js';
import type { GivenColumn } from './given/given.js';
import type { Notes } from './notes.js';
import { oddValuesFor, tellOdd, totalOdd } from './odd-values.js';

/** A column that has a mapping, with what keys and checks of its table need to know of it. */
export interface DraftedColumn {
  readonly column: CatalogueColumn;
  readonly mapping: ColumnMapping;
  /** Labels of an enum type that the plan must make; its name comes when all relations are named. */
  readonly enumLabels?: readonly string[];
  /** ON UPDATE CURRENT_TIMESTAMP. */
  readonly touches: boolean;
  /** Values without a faithful form in the chosen type. */
  readonly odd: number;
  readonly nulls: number;
  /** A mapping file gave its type. */
  readonly isCast: boolean;
  /** A mapping file says what becomes of its values. */
  readonly isRewritten: boolean;
  /** Its order in the source may be another than in the target: no chunks are cut by it. */
  readonly isRecast: boolean;
  /** Length of the longest value that was seen; 0 where none was looked at. */
  readonly longest: number;
}

type OddCounts = Readonly<Partial<Record<string, number>>>;

export interface ColumnDrafting {
  readonly survey: Survey;
  readonly table: CatalogueTable;
  readonly target: (source: string) => string;
  readonly meanings: readonly Meaning[];
  readonly experience: Experience;
  readonly notes: Notes;
  /** The primary key stays one; false where a person or its values make it a unique key. */
  readonly keepsPrimaryKey: boolean;
}

/** The INTEGER PRIMARY KEY of a SQLite table: its rowid under a name, never NULL, and always a 64-bit integer. */
export function isRowidAlias(survey: Survey, table: CatalogueTable, column: CatalogueColumn): boolean {
  return survey.catalogue.engine === 'sqlite' && column.autoIncrement === true && inPrimaryKey(table, column.name);
}

function greatest(...texts: readonly (string | undefined)[]): bigint {
  return texts.reduce((most, text) => {
    const value = text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : 1n;
    return value > most ? value : most;
  }, 1n);
}

/** Identity of a column that counts by itself in the source; `next` is behind every value that was seen. */
function identityOf(drafting: ColumnDrafting, context: TypeContext, choice: TypeChoice): { next: string } | undefined {
  const { survey, table, notes } = drafting;
  const { column, profile } = context;
  if (column.autoIncrement !== true && !isRowidAlias(survey, table, column)) return undefined;
  if (!/^(?:smallint|integer|bigint)$/.test(choice.type)) {
    notes.leave(
      'identity',
      columnPath(table, column.name),
      `a column of type ${choice.type} cannot count by itself in PostgreSQL`,
    );
    return undefined;
  }
  const behind =
    profile?.max !== undefined && /^-?\d+$/.test(profile.max) ? String(BigInt(profile.max) + 1n) : undefined;
  const next = greatest(table.nextIdentity, behind);
  const most = BigInt(choice.limits.max ?? '9223372036854775807');
  if (next > most)
    notes.leave(
      'identity',
      columnPath(table, column.name),
      'every number of its type is used: the next insert fails, as in the source',
    );
  return { next: String(next > most ? most : next) };
}

const CLOCK = /^(?:current_timestamp|now|localtime|localtimestamp)\b/i;

/** Does an update of the row put the clock into this column? */
function isTouched(column: CatalogueColumn, { kind }: TypeChoice): boolean {
  return CLOCK.test(column.onUpdate ?? '') && (kind === 'timestamp' || kind === 'timestamptz');
}

function listLeftovers(drafting: ColumnDrafting, column: CatalogueColumn, touches: boolean): void {
  const path = columnPath(drafting.table, column.name);
  if (column.onUpdate !== undefined && column.onUpdate !== '' && !touches) {
    drafting.notes.leave('on update', path, `ON UPDATE ${column.onUpdate} has no counterpart for its type`);
  }
  if (column.invisible === true) {
    drafting.notes.leave('invisible', path, 'PostgreSQL has no invisible columns: SELECT * shows it, INSERT counts it');
  }
}

function defaultOf(drafting: ColumnDrafting, column: CatalogueColumn, choice: TypeChoice): string | undefined {
  const path = columnPath(drafting.table, column.name);
  const translated = translateDefault(column, drafting.survey.catalogue.engine, choice);
  if (translated.state === 'made') return translated.sql;
  if (translated.state === 'refused') drafting.notes.refuse(path, translated.reason);
  if (translated.state === 'dropped') drafting.notes.leave('default', path, translated.reason);
  return undefined;
}

/** Is the column NULL in the target, and what becomes of a value without a faithful form? */
function nullability(drafting: ColumnDrafting, context: TypeContext, odd: Partial<Record<string, number>>) {
  const { survey, table, notes } = drafting;
  const { column } = context;
  const given = givenOf(drafting, column);
  const otherwise = given.policies?.otherwise;
  const never = isRowidAlias(survey, table, column);
  const sourceNullable = column.nullable && !never;
  const strict = otherwise === 'fail' ? ('fail' as const) : ('quarantine' as const);
  if (drafting.keepsPrimaryKey && inPrimaryKey(table, column.name)) {
    return { sourceNullable, nullable: false, onInvalid: strict };
  }
  if (sourceNullable) return { sourceNullable, nullable: true, onInvalid: otherwise ?? ('null' as const) };
  const nulls = meeting(odd, given, 'null');
  const count = totalOdd(nulls);
  const empties = given.steps?.some(({ op }) => op === 'empty_to_null') === true;
  if (count === 0 && !empties && !mayNull(context, given))
    return { sourceNullable, nullable: false, onInvalid: strict };
  const what = count > 0 ? `${tellOdd(nulls)} without a faithful form` : 'values';
  const detail = `NOT NULL relaxed: ${what} become NULL, kept in the value ledger`;
  notes.find('not_null_relaxed', columnPath(table, column.name), { kind: 'structural', count, detail });
  return { sourceNullable, nullable: true, relaxed: true, onInvalid: otherwise ?? ('null' as const), reason: detail };
}

/** The mapping file wishes NULL, and not every value was looked at, or not with the type in mind that it gives. */
function mayNull({ whole }: TypeContext, { policies = {}, cast }: GivenColumn): boolean {
  const wished = Object.values(policies).some((policy) => (typeof policy === 'string' ? policy : policy.do) === 'null');
  return wished && (!whole || cast !== undefined);
}

function givenOf({ survey, table }: ColumnDrafting, column: CatalogueColumn): GivenColumn {
  return survey.given.get(columnPath(table, column.name)) ?? { at: {} };
}

/** What the mapping file says of the column and its type cannot take, or its values refuse. */
function listMisfits(drafting: ColumnDrafting, context: TypeContext, choice: TypeChoice, odd: OddCounts): void {
  const { table, notes, keepsPrimaryKey } = drafting;
  const { column } = context;
  const given = givenOf(drafting, column);
  const path = columnPath(table, column.name);
  const { at, steps = [] } = given;
  const policies = policiesOf(given);
  const [wrongPolicy, wrongStep] = [
    givenProblem(choice.kind, { policies }),
    givenProblem(choice.kind, { steps }) ?? stepsKindProblem(choice.kind, steps),
  ];
  if (wrongPolicy !== undefined) notes.misfit(at.policies ?? [], `${path}: ${wrongPolicy}`);
  if (wrongStep !== undefined) notes.misfit(at.steps ?? [], `${path}: ${wrongStep}`);
  if (keepsPrimaryKey && inPrimaryKey(table, column.name) && steps.some(({ op }) => op === 'empty_to_null'))
    notes.misfit(at.steps ?? [], `${path}: a primary key is never NULL`);
  const failing = meeting(odd, given, 'fail');
  if (totalOdd(failing) > 0)
    notes.misfit(at.policies ?? [], `${path} holds ${tellOdd(failing)} without a faithful form, and it says to fail`);
}

/** A cast to another order, or values that are replaced: [lower, upper) would hold other rows on both sides. */
function isRecast({ type }: CatalogueColumn, { cast, policies }: GivenColumn): boolean {
  const isInteger = /^(?:tiny|small|medium|big)?int(?:eger)?$/.test(type.base.toLowerCase());
  const recast = cast !== undefined && !(isInteger && cast.kind === 'integer');
  return recast || Object.values(policies ?? {}).some((policy) => typeof policy === 'object' && policy.do === 'use');
}

/** Words of a file that stand for NULL in this column; a column that somebody casts keeps its texts. */
function nullWordsOf({ profile, cast }: TypeContext, { kind }: TypeChoice): Pick<ColumnMapping, 'nullWords'> {
  const { nullWords, kind: found } = profile?.texts ?? {};
  return nullWords === undefined || (cast !== undefined && kind !== found) ? {} : { nullWords: [...nullWords] };
}

/** How its texts are compared: columns of keys as the source compares them, others by their type. */
function collationOf(drafting: ColumnDrafting, column: CatalogueColumn, choice: TypeChoice): MadeCollation | undefined {
  const { survey, table, notes } = drafting;
  const path = columnPath(table, column.name);
  const { at, collate } = givenOf(drafting, column);
  const chosen = survey.collations.get(path);
  const misfit = (message: string): void => {
    notes.misfit(at.collate ?? [], `${path}: ${message}`);
  };
  if (choice.kind !== 'text') {
    if (collate !== undefined) misfit(`it becomes ${choice.type}, and only texts are compared so`);
    return undefined;
  }
  if (collate !== undefined && collate !== (chosen ?? 'plain'))
    misfit('a foreign key joins it with a column that is to be compared otherwise');
  return chosen;
}

function reasonOf(collation: MadeCollation): string {
  return `in a key, or joined with one: ${collation === 'ci_ai' ? 'case and accents count' : 'case counts'} for nothing, as in the source`;
}

/** Drafts one column; undefined, and refused in the notes, where its type has no mapping. */
export function draftColumn(drafting: ColumnDrafting, column: CatalogueColumn): DraftedColumn | undefined {
  const { survey, table, notes, experience } = drafting;
  const path = columnPath(table, column.name);
  const context = contextOf(survey, table, column);
  const choice = chooseType(context);
  if ('refused' in choice) {
    notes.refuse(path, choice.refused);
    return undefined;
  }
  const given = givenOf(drafting, column);
  const odd = notKept(oddValuesFor(choice, context), given.policies);
  listMisfits(drafting, context, choice, odd);
  const policies = policiesOf(given);
  const mojibake = context.profile?.odd?.mojibake ?? 0;
  if (mojibake > 0 && given.steps?.some(({ op }) => op === 'decode') !== true) {
    const detail = 'texts look as if they were decoded with the wrong character set; they are copied as they are';
    notes.find('mojibake_suspected', path, { kind: 'semantic', count: mojibake, detail });
  }
  const touches = isTouched(column, choice);
  listLeftovers(drafting, column, touches);
  const { reason, ...nulls } = nullability(drafting, context, odd);
  const meaning = drafting.meanings.find((candidate) => candidate.column === column.name);
  const judged = experience.judge(survey.catalogue.engine, { column, choice, ...(meaning && { meaning }) });
  const identity = identityOf(drafting, context, choice);
  const sqlDefault = defaultOf(drafting, column, choice);
  const collation = collationOf(drafting, column, choice);
  const mapping: ColumnMapping = {
    source: column.name,
    target: drafting.target(column.name),
    type: choice.type,
    kind: choice.kind,
    ...nulls,
    transform: [...withSteps(choice, given)],
    ...(policies && { values: policies }),
    limits: choice.limits,
    ...(sqlDefault !== undefined && { default: sqlDefault }),
    ...(identity && { identity }),
    ...nullWordsOf(context, choice),
    ...(collation && { collation }),
    ...(column.comment !== undefined && column.comment !== '' && { comment: column.comment }),
    confidence: judged.confidence,
    reasons: [
      ...choice.reasons,
      ...(collation ? [reasonOf(collation)] : []),
      ...(reason === undefined ? [] : [reason]),
      ...judged.reasons,
    ],
  };
  return {
    column,
    mapping,
    touches,
    odd: totalOdd(odd),
    isCast: given.cast !== undefined,
    isRewritten: given.cast !== undefined || given.policies !== undefined || given.steps !== undefined,
    isRecast: isRecast(column, given),
    nulls: context.profile?.nulls ?? 0,
    longest: context.profile?.maxLength ?? 0,
    ...(choice.enumLabels && { enumLabels: choice.enumLabels }),
  };
}
