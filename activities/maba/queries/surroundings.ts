import type { Typed } from './typed.js';

/** What an expression finds around its query: the variables of a routine, and functions that somebody made. */
export interface Surroundings {
  /** Behind a path of one name, or of NEW or OLD and a column. */
  variable(path: readonly string[]): Typed | undefined;
  /** `name` in lower case. */
  call(name: string, args: readonly Typed[]): Typed | undefined;
  /** CURRENT_TIMESTAMP, NOW() and their kin, where they are allowed. */
  clock(name: string): Typed | undefined;
}
