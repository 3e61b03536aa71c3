/**
 * A row filter for sources that evaluate none themselves, as data: it stands in a plan as JSON where for others their SQL
 * stands. Made from what was parsed and checked, never from what somebody wrote.
 */
export type FilterTerm =
  | { readonly column: string }
  | { readonly text: string }
  /** Decimal text. */
  | { readonly number: string }
  | { readonly flag: boolean };

export const FILTER_COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const;
export type FilterComparison = (typeof FILTER_COMPARISONS)[number];

export type FilterTree =
  | { readonly op: 'and' | 'or'; readonly left: FilterTree; readonly right: FilterTree }
  | { readonly op: 'not'; readonly operand: FilterTree }
  | { readonly op: 'null'; readonly of: FilterTerm }
  | { readonly op: FilterComparison; readonly left: FilterTerm; readonly right: FilterTerm }
  | { readonly op: 'like'; readonly of: FilterTerm; readonly pattern: string; readonly escape: string };
