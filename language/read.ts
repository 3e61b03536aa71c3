/** One thing that is wrong, where it stands, and what to do. Lines and columns count from 1, in UTF-16 units. */
export interface DefinitionProblem {
  readonly line: number;
  readonly column: number;
  /** Keys and indexes that lead there, joined by dots; empty for the whole document. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

export type Path = readonly PropertyKey[];

/** A text as a JSON value, with a way back to where each part of it stands. */
export interface ReadDocument {
  /** Undefined when it cannot be trusted to be of a bounded size. */
  readonly value: unknown;
  readonly problems: readonly DefinitionProblem[];
  readonly isJson: boolean;
  /** Of the value at `path`, or of `key` in it; else of the nearest part around it that is there. */
  positionOf(path: Path, key?: string): Position;
}

export const DEPTH = 32;
export const TOO_DEEP = { message: 'nested too deep', hint: `nest at most ${String(DEPTH)} levels` };
/** Problems that are located and put in order: a hostile text has one for each byte. */
export const LOCATED = 500;
