import type { Explanation } from '../../../contracts/replay.js';
import type { WorkloadQuery } from '../../../contracts/workload.js';
import type { Refusal } from '../../../databases/asking.js';
import type { Comparison } from './compare.js';
import { plainNumber } from './numbers.js';
import { folded } from './ways.js';

/** What was seen of a query whose sides differ. */
export interface Seen {
  readonly query: Pick<WorkloadQuery, 'orderBy' | 'limited'>;
  /** Words of the original, in lower case. */
  readonly words: ReadonlySet<string>;
  readonly comparison?: Comparison;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** The target refused it, and the source did not. */
  readonly refused?: Refusal;
  /** Tables that it reads which were not proven equal, or hold fewer rows or other values than the source. */
  readonly unequalTables: readonly string[];
  /** Its text is the source's own: nothing was translated. */
  readonly isOriginal: boolean;
  /** Outcomes of experiments; absent: not made, or it failed. */
  readonly experiments: Experiments;
}

export interface Experiments {
  /** Without its limit both sides give the same rows; `order`: in an order that the query does not allow. */
  readonly withoutLimit?: 'equal' | 'order';
  /** With texts compared by their bytes the source gives what the target does. */
  readonly sameWithExactTexts?: boolean;
  /** With NULLs at the same end both sides have one order. */
  readonly sameWithNullsMoved?: boolean;
}

/** Why both sides differ: what an experiment showed, else what the server said, else the likeliest. */
export function explain(seen: Seen): Explanation {
  return shownByExperiment(seen) ?? saidByServer(seen) ?? byData(seen) ?? likeliest(seen);
}

function shownByExperiment({ experiments, query }: Seen): Explanation | undefined {
  if (experiments.withoutLimit !== undefined) {
    const fixed = query.orderBy.fixed === 'total' || experiments.withoutLimit === 'order';
    if (fixed && query.orderBy.keys.some(({ text }) => text)) return dialect('text_order', true);
    if (fixed) return undefined;
    const text =
      'It takes a part of rows whose order it does not fix: both sides hold the same rows, and each takes others.';
    return { class: 'limit_without_order', rule: 'limit_without_order', text, shown: true };
  }
  if (experiments.sameWithExactTexts === true) return dialect('case_insensitive', true);
  if (experiments.sameWithNullsMoved === true) return dialect('null_order', true);
  return undefined;
}

const DIALECT = {
  case_insensitive:
    'The source compares texts without regard to case, accents or blanks at the end; the target compares them as they are.',
  null_order: 'The source sorts NULL to the other end of the list.',
  text_order: 'Texts are sorted by another collation.',
  integer_division: 'The target divides whole numbers without a fraction.',
  decimal_precision: 'Both sides round a quotient or a mean at another digit.',
  group_by_loose:
    'It gives a column that is neither grouped nor aggregated: the source takes any of its values, the target none.',
  implicit_cast: 'It compares or combines values of types that the source casts by itself, and the target does not.',
  division_by_zero: 'The source gives NULL for a division by zero, the target refuses it.',
  impossible_moment: 'The source takes a text for a moment that is none, the target refuses it.',
  outside_of_range: 'A number is outside of what its type holds in the target.',
  outside_of_domain: 'The source gives NULL where a function has no value, the target refuses it.',
} as const;

function dialect(rule: keyof typeof DIALECT, shown: boolean): Explanation {
  return { class: 'dialect', rule, text: DIALECT[rule], shown };
}

/** By SQLSTATE of PostgreSQL. */
const SAID: Readonly<Record<string, keyof typeof DIALECT>> = {
  '42803': 'group_by_loose',
  '42804': 'implicit_cast',
  '42846': 'implicit_cast',
  '42883': 'implicit_cast',
  '22P02': 'implicit_cast',
  '22012': 'division_by_zero',
  '22007': 'impossible_moment',
  '22008': 'impossible_moment',
  '22003': 'outside_of_range',
  '2201E': 'outside_of_domain',
  '2201F': 'outside_of_domain',
  '22011': 'outside_of_domain',
};

function saidByServer({ refused, isOriginal }: Seen): Explanation | undefined {
  if (refused === undefined) return undefined;
  const rule = SAID[refused.code];
  if (rule !== undefined) return dialect(rule, true);
  const what = isOriginal ? 'The query' : 'Its translation';
  const text = `${what} is refused by the target (SQLSTATE ${refused.code}).`;
  return { class: 'translation', rule: refused.why === 'missing' ? 'name_missing' : 'refused', text, shown: true };
}

function byData({ unequalTables, comparison }: Seen): Explanation | undefined {
  if (unequalTables.length === 0 || comparison?.outcome === 'columns') return undefined;
  const text = `It reads what is not the same on both sides: ${unequalTables.join(', ')}.`;
  return { class: 'data', rule: 'unequal_table', text, shown: false };
}

function likeliest(seen: Seen): Explanation {
  const { comparison, query, words } = seen;
  if (comparison?.outcome === 'columns') {
    return translation('columns', 'The translation gives another number of columns.');
  }
  if (comparison?.outcome === 'order') {
    if (query.orderBy.keys.some(({ text }) => text)) return dialect('text_order', false);
    return translation('order', 'The rows are the same, in an order that the query does not allow.');
  }
  const rule = byExamples(seen) ?? byGroups(seen);
  if (rule !== undefined) return dialect(rule, false);
  if (query.limited && query.orderBy.fixed !== 'total') {
    const text = 'It takes a part of rows whose order it does not fix.';
    return { class: 'limit_without_order', rule: 'limit_without_order', text, shown: false };
  }
  if (words.has('like') && seen.isOriginal) return dialect('case_insensitive', false);
  return translation(
    'result',
    'All tables that it reads are proven equal: what it was translated to says something else.',
  );
}

function translation(rule: string, text: string): Explanation {
  return { class: 'translation', rule, text, shown: false };
}

/** What all examples of differing cells have in common. */
function byExamples({ comparison, words }: Seen): keyof typeof DIALECT | undefined {
  const cells = (comparison?.examples ?? []).filter(({ column }) => column !== undefined);
  if (cells.length === 0) return undefined;
  const all = (test: (source: string, target: string) => boolean): boolean =>
    cells.every(({ source, target }) => source !== null && target !== null && test(source, target));
  if (words.has('/') && all((source, target) => isNumber(source) && String(Math.trunc(Number(source))) === target)) {
    return 'integer_division';
  }
  if (all((source, target) => isNumber(source) && isNumber(target) && isNear(Number(source), Number(target)))) {
    return 'decimal_precision';
  }
  return all((source, target) => folded(source) === folded(target)) ? 'case_insensitive' : undefined;
}

function isNumber(text: string): boolean {
  return plainNumber(text) !== undefined;
}

const NEAR_RELATIVE = 1e-3;

function isNear(one: number, other: number): boolean {
  return one !== 0 && Math.abs(one - other) <= NEAR_RELATIVE * Math.abs(one);
}

/** Where texts are grouped, made distinct or joined, a source that takes more for equal gives fewer groups. */
function byGroups({ words, sourceRows, targetRows }: Seen): keyof typeof DIALECT | undefined {
  const groups = words.has('group') || words.has('distinct') || words.has('union');
  return groups && sourceRows < targetRows ? 'case_insensitive' : undefined;
}
