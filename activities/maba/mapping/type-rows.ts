import type { ColumnProfile } from '../../../contracts/profile.js';
import type { ChosenType, TypeContext } from './choice.js';

export type Chooser = (context: TypeContext) => ChosenType;

/** A column that shows what a row chooses, for the page on types. */
export interface TypeExample {
  /** As the source declares it. */
  readonly declared: string;
  /** What the column holds, in words, where that decides. */
  readonly holding?: string;
  /** What the profile then says. */
  readonly profile?: Partial<ColumnProfile>;
  readonly labels?: readonly string[];
  readonly keyed?: true;
  readonly jsonChecked?: true;
}

/** One row of a source's table of types: which types it is about, and what becomes of them. */
export interface TypeRow {
  /** Base names as the source's catalogue prints them; in SQLite the words that its rules of affinity look for. */
  readonly names: readonly string[];
  readonly choose: Chooser;
  readonly examples: readonly TypeExample[];
}
