/**
 * What a column of an answer holds, by which its cells are compared. `dynamic`: each value has a kind of its own (SQLite),
 * which stands before it as one of `DYNAMIC`.
 */
export type AnswerKind =
  | 'integer'
  | 'decimal'
  | 'float4'
  | 'float8'
  | 'boolean'
  | 'text'
  | 'char'
  | 'json'
  | 'bytes'
  | 'date'
  | 'timestamp'
  | 'time'
  | 'bit'
  | 'uuid'
  | 'set'
  | 'array'
  | 'geometry'
  | 'dynamic';

/** First character of a cell of a dynamic column. */
export const DYNAMIC = { integer: 'i', float8: 'f', text: 't', bytes: 'b' } as const;

export interface AnswerColumn {
  readonly name: string;
  readonly kind: AnswerKind;
  /** Digits behind the point that the server announces: of a decimal, and of a float that it rounds. */
  readonly scale?: number;
}

/**
 * null is NULL. Numbers as the server prints them; booleans "0" and "1"; bytes, UUIDs and geometries (EWKB) in hexadecimal;
 * moments "YYYY-MM-DD HH:MM:SS" with the fraction's digits that count, those with a zone in UTC; times as microseconds.
 */
export type Cell = string | null;

/** One query of an application, that only reads. */
export interface Question {
  readonly sql: string;
  /** The server ends it then. */
  readonly seconds: number;
  /** Rows come as they arrive, and are kept by nobody but the caller. */
  readonly onColumns: (columns: readonly AnswerColumn[]) => void;
  readonly onRow: (cells: readonly Cell[]) => void;
}

/** How a query ended. What the server said stays with it: its messages hold values. */
export type Answered =
  { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly ms: number; readonly refused: Refusal };

export interface Refusal {
  /** `read_only`: it would have written. */
  readonly why: 'time_limit' | 'read_only' | 'not_allowed' | 'missing' | 'other';
  /** SQLSTATE, or the engine's own code. */
  readonly code: string;
}

/** Runs an application's queries on one session, one after another, in a transaction that the server keeps from writing. */
export interface Asking {
  ask(question: Question): Promise<Answered>;
  /** The server's plan of a query, as text; undefined where it gives none. */
  explain(sql: string): Promise<string | undefined>;
  /** Gives the session back as it was. */
  close(): Promise<void>;
}

/** How a statement that writes ended, and how many rows it found to change. */
export type Written = { readonly ok: true; readonly rows: number } | { readonly ok: false; readonly refused: Refusal };

/** A column whose values the server counts itself, and what it gives next. */
export interface Counter {
  /** "schema.table", as the side calls it. */
  readonly table: string;
  readonly column: string;
  readonly next: string;
}

/** Tries what an application writes, in transactions that are all rolled back. */
export interface Writing extends Pick<Asking, 'ask' | 'explain' | 'close'> {
  /** `counters`: where these go on inside the transaction, so that both sides give the same numbers. */
  begin(counters?: readonly Counter[]): Promise<void>;
  write(sql: string, seconds: number): Promise<Written>;
  /** What is put off until the end of the transaction is looked at now. */
  settle(): Promise<Written>;
  /** Takes back what was written since `begin`, and what counters gave since. */
  rollback(): Promise<void>;
  /** Where counters stand outside of any transaction. */
  counters(): Promise<readonly Counter[]>;
}

export type WriteEvent = 'insert' | 'update' | 'delete';

export interface ReplicaTrigger {
  readonly event: WriteEvent;
  /** Tables ("schema.name") that it may change beside its own; `any`: it cannot be told. */
  readonly changes: ReadonlySet<string> | 'any';
}

/** A throw-away replica of a source. */
export interface Replica {
  /** Tables ("schema.name", as the source calls them) that a transaction does not hold. */
  readonly untransactional: ReadonlySet<string>;
  /** Triggers by their table. */
  readonly triggers: ReadonlyMap<string, readonly ReplicaTrigger[]>;
  writing(options: AskOptions): Promise<Writing>;
  close(): Promise<void>;
}

export interface AskOptions {
  /** Schemas in which names without one are looked for, the first first. Engines without a search path have none. */
  readonly path: readonly string[];
}

/** Hours, minutes, seconds and a fraction as microseconds; undefined where it is no such text. */
export function microseconds(text: string): string | undefined {
  const match = /^(-?)(\d+):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', hours = '', minutes = '', seconds = '', fraction = ''] = match;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const all = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return all === 0n ? '0' : `${sign}${all.toString()}`;
}

/** A moment without the zeros behind its fraction. */
export function moment(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
