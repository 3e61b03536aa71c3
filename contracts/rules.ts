/**
 * Business rules (EX-14): what the data says of itself without that anybody declared it. They are mined, people accept
 * or drop them, and accepted ones are enforced. Names are the source's; a table is "schema.name".
 */

/** Decidable from one row: enforced by the inline validator while the row is copied. */
export const ROW_RULES = [
  /** A date or a time that is not later than the moment at which it is looked at. */
  'not_in_future',
  /** A number of at least zero. */
  'not_negative',
  /** The first of two columns is not greater than the second. */
  'ordered',
  /** One of the values that `values` lists. */
  'one_of',
  /** A text of the form that `parameters.format` names. */
  'format',
  /** Columns: amount, currency. Where an amount is, a currency is, by its three letters. */
  'currency_with_amount',
] as const;
export type RowRuleKind = (typeof ROW_RULES)[number];

/** Needs more than one row: checked by the check `rules`, when all rows are there. */
export const TABLE_RULES = [
  /** No two rows have the same values in these columns; a row with NULL in one of them is like no other. */
  'unique_together',
  /** The column is the sum of its rows in `parameters.lines`. */
  'sum_of_lines',
  /** Rows that are equal in all columns but the last are equal in the last. */
  'functional_dependency',
] as const;
export type TableRuleKind = (typeof TABLE_RULES)[number];

export type RuleKind = RowRuleKind | TableRuleKind;

export const TEXT_FORMATS = ['email', 'phone', 'iban', 'postal_code', 'json', 'url', 'uuid'] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

export type RuleOrigin = 'mined' | 'library' | 'model';
export type RuleState = 'proposed' | 'accepted' | 'dropped';

/** What a rule says, without values: it may stand in histories, logs and events. */
interface RuleBase {
  /** 16 hex digits of a hash over kind, table, columns and parameters: the same in every migration of this source. */
  readonly id: string;
  /** Source table, "schema.name". */
  readonly table: string;
  readonly columns: readonly string[];
  /** Rows that the rule was held against: those that have a value in every column it needs. */
  readonly support: number;
  /** Share of the table's rows that was looked at, 0 to 1. */
  readonly sample: number;
  /** 0 to 1: how sure it is that the rule is meant, from data and names. */
  readonly confidence: number;
  /** How many of `support` break it. */
  readonly counterExamples: number;
  readonly origin: RuleOrigin;
  /** One sentence for people; it holds no value. */
  readonly why: string;
  readonly state: RuleState;
  readonly by?: string;
  readonly reason?: string;
  /** What becomes of a row that breaks it: it is moved and listed (the default), or it goes to quarantine. */
  readonly onBroken?: OnBroken;
  /** Rows that break it are told while they are copied, so that they can be kept out of the target. */
  readonly inline?: boolean;
}
export type OnBroken = 'list' | 'quarantine';

export type RowRule = RuleBase &
  (
    | {
        readonly kind: 'not_in_future' | 'not_negative' | 'ordered' | 'currency_with_amount';
        readonly parameters: Record<string, never>;
      }
    | { readonly kind: 'format'; readonly parameters: { readonly format: TextFormat } }
    /** The values themselves are data: sealed in the store, and only there. */
    | { readonly kind: 'one_of'; readonly parameters: Record<string, never>; readonly values?: readonly string[] }
  );

export type TableRule = RuleBase &
  (
    | { readonly kind: 'unique_together' | 'functional_dependency'; readonly parameters: Record<string, never> }
    | { readonly kind: 'sum_of_lines'; readonly parameters: SumOfLines }
  );

export interface SumOfLines {
  /** Source table of the lines, "schema.name". */
  readonly lines: string;
  /** Columns of the table and of its lines that belong to each other, in the same order. */
  readonly key: readonly string[];
  readonly lineKey: readonly string[];
  /** Of a line: this column; or the product of these two. */
  readonly amount: readonly string[];
}

export type Rule = RowRule | TableRule;

/** Who decides what a mapping file says of a rule. */
export const BY_MAPPING_FILE = 'mapping file';

export function isRowRule(rule: Rule): rule is RowRule {
  return (ROW_RULES as readonly string[]).includes(rule.kind);
}

/** The rule without the values that it lists: as histories, logs and people without need of them may have it. */
export function withoutValues(rule: Rule): Rule {
  return Object.fromEntries(Object.entries(rule).filter(([field]) => field !== 'values')) as unknown as Rule;
}
