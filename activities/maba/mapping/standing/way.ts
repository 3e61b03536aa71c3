import type { Operator } from '../../../../contracts/mapping.js';
import type { StandingColumn } from '../../../../databases/standing.js';
import type { TypeChoice, TypeContext } from '../choice.js';
import { AS_IS } from '../choice.js';
import { chooseType } from '../choose-type.js';
import { castTo } from '../given/cast.js';
import { notKept, withSteps } from '../given/column.js';
import type { GivenColumn } from '../given/given.js';
import { doubtsOf } from './doubts.js';
import { without } from './without.js';
import { oddValuesFor, tellOdd, totalOdd } from '../odd-values.js';

/** How values come into a column that stands: as they would by themselves, or by a cast; or why they do not. */
export type Way = { readonly natural: true } | { readonly cast: TypeChoice } | { readonly problem: string };

/** Of a column of which some values may not fit. */
const DOUBTFUL = 0.6;
/** The column of the target, and what a mapping file says of the source's. */
interface Onto {
  readonly column: StandingColumn;
  readonly given: GivenColumn | undefined;
}

const REASON = "the type of the target's own column";
const TEXTS = /^(?:char|varchar|tinytext|text|mediumtext|longtext|enum)$/;

/**
 * The way from a column of the source to a column of the target that stands. A way is known where both the copy and the
 * proof know it, as for the mapping file's `cast`.
 */
export function wayInto(context: TypeContext, column: StandingColumn, given: GivenColumn | undefined): Way {
  const asked = given?.cast;
  if (asked !== undefined && !isSame(asked.type, column.type))
    return { problem: `the mapping file casts it to ${asked.type}, and the target's column is ${column.type}` };
  const way = asked === undefined ? wayOf(context, column) : { cast: { ...asked, type: column.type } };
  if ('problem' in way) return way;
  const choice = 'cast' in way ? way.cast : chooseType(context);
  if ('refused' in choice) return { problem: choice.refused };
  const read = { ...choice, transform: stepsOf(choice, given) };
  const misfit = noneFits(read, context, { column, given }) ?? allNull(context, column);
  if (misfit !== undefined) return { problem: misfit };
  const doubts = doubtsOf(read, context);
  if ('natural' in way || doubts.length === 0) return way;
  return { cast: { ...way.cast, confidence: DOUBTFUL, reasons: [...way.cast.reasons, ...doubts] } };
}

function stepsOf(choice: TypeChoice, given: GivenColumn | undefined): readonly Operator[] {
  return given === undefined ? choice.transform : withSteps(choice, given);
}

function wayOf(context: TypeContext, column: StandingColumn): Way {
  if (column.labels !== undefined) return labelsOf(context, column, column.labels);
  const natural = chooseType(context);
  if (!('refused' in natural)) {
    const isPlain = natural.enumLabels === undefined;
    if (isPlain && natural.type === column.type) return { natural: true };
    if (isPlain && isSame(natural.type, column.type)) return { cast: own(natural, column) };
    // What would be asked of a person, the target's type answers.
    for (const answer of natural.question?.options ?? []) {
      const answered = chooseType({ ...context, answer });
      if (!('refused' in answered) && isSame(answered.type, column.type)) return { cast: own(answered, column) };
    }
  }
  const cast = castTo(asText(column.type), context.column, context.engine);
  if ('choice' in cast) return { cast: own(cast.choice, column) };
  const declared = context.column.type.declared || '(none)';
  return { problem: `values of the type ${declared} have no proven way to ${column.type}` };
}

/** Types that hold texts, as those that a cast knows: by length, or without one. */
function asText(type: string): string {
  return /^(?:varchar|citext)$/.test(type) ? 'text' : type.replace(/^character\(/, 'varchar(');
}

function own(choice: TypeChoice, column: StandingColumn): TypeChoice {
  return { ...without(choice, 'question'), type: column.type, reasons: [REASON] };
}

/** PostgreSQL tells a scale of 0, a plan leaves it out. */
function isSame(one: string, other: string): boolean {
  return one.replace(',0)', ')') === other.replace(',0)', ')');
}

/** Texts into an enum type of the application. */
function labelsOf({ column, engine }: TypeContext, { type }: StandingColumn, labels: readonly string[]): Way {
  if (engine !== 'sqlite' && !TEXTS.test(column.type.base.toLowerCase()))
    return { problem: `values of the type ${column.type.declared} have no proven way to the enum type ${type}` };
  const reasons = [REASON];
  return { cast: { type, kind: 'enum', transform: AS_IS, limits: { labels: [...labels] }, confidence: 1, reasons } };
}

/** Rows none of which could come. */
export function allNull({ profile }: TypeContext, { nullable }: StandingColumn): string | undefined {
  if (nullable || profile === undefined || profile.rows === 0 || profile.nulls < profile.rows) return undefined;
  return "it holds nothing but NULL, and the target's column is NOT NULL";
}

/** Causes that tell a column of another sort, and no values that were odd in the source already. */
const OF_ANOTHER_SORT: ReadonlySet<string> = new Set(['wrong_storage', 'not_a_number', 'not_a_boolean']);

/**
 * A column of which no value that was seen would arrive was meant otherwise. Dates that are none anywhere may all
 * become NULL, where the target takes NULL.
 */
function noneFits(choice: TypeChoice, context: TypeContext, onto: Onto): string | undefined {
  const { profile } = context;
  const values = profile === undefined ? 0 : profile.rows - profile.nulls;
  const odd = notKept(oddValuesFor(choice, context), onto.given?.policies);
  const lost = onto.column.nullable
    ? Object.fromEntries(Object.entries(odd).filter(([cause]) => OF_ANOTHER_SORT.has(cause)))
    : odd;
  if (values === 0 || totalOdd(lost) < values) return undefined;
  const strict = onto.column.nullable ? '' : ", and the target's column is NOT NULL";
  return `none of its values fits ${choice.type}: ${tellOdd(lost)}${strict}`;
}
