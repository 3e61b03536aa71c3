import type { TableMapping } from './mapping.js';
import type { RowRule } from './rules.js';

/**
 * Where MABA's transform and KORA's validator meet: the copy loop of the Worker receives both through these
 * interfaces. They work on bytes: no strings are made in the hot loop.
 */

/** Why a field has no faithful form. Index 0 is "nothing wrong". Names stand in ledgers: never renamed. */
export const ISSUES = [
  'ok',
  'null_in_not_null',
  'zero_date',
  'impossible_date',
  'nul_character',
  'invalid_utf8',
  'out_of_range',
  'too_long',
  'too_precise',
  'not_a_number',
  'not_a_boolean',
  'bad_label',
  'wrong_storage',
  'bad_form',
  'refused_by_target',
  'missing_fields',
  'extra_fields',
  'broken_quotes',
  'rule_broken',
] as const;
export type IssueName = (typeof ISSUES)[number];
/** Index into ISSUES. */
export type Issue = number;

export const ISSUE = Object.fromEntries(ISSUES.map((name, index) => [name, index])) as Record<IssueName, Issue>;

/**
 * A growing byte buffer that codecs append to. `view` is of the same bytes. `ensure(n)` makes room for n more bytes
 * after `length`; `bytes` and `view` may be others then.
 */
export interface ByteSink {
  bytes: Uint8Array;
  view: DataView;
  length: number;
  ensure(more: number): void;
  /**
   * Takes the bytes from `start` to `end` without copying them: they stand behind what was appended so far, and must stay
   * as they are until the sink was emptied. False when they are few: then they are to be appended.
   */
  lay?(bytes: Uint8Array, start: number, end: number): boolean;
}

let viewed: Uint8Array = new Uint8Array();
let view = new DataView(viewed.buffer);

/** A view of a batch's bytes, for reading four at once: all fields of a batch lie in the same bytes, so one is kept. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return view;
}

/**
 * Appends one field in the binary form that its target type receives, without its length, or tells why not (then the
 * sink's length is as it was). Not called for NULL.
 */
export type FieldCodec = (bytes: Uint8Array, start: number, end: number, storage: number, sink: ByteSink) => Issue;

/** Checks one field before it is encoded. Not called for NULL. `storage` is 0 where the engine has none per value. */
export type FieldCheck = (bytes: Uint8Array, start: number, end: number, storage: number) => Issue;

/**
 * Rewrites the text of a field before it is checked: what it makes of it, null for NULL, undefined where it stays as it
 * is. Not called for NULL.
 */
export type FieldRewrite = (bytes: Uint8Array) => Uint8Array | null | undefined;

/**
 * How the value ledger names what was stored: the bare name of an issue stands for NULL. Prefixes stand in ledgers:
 * never renamed.
 */
export const STORED = { rewritten: 'rewritten:', replaced: 'replaced:' } as const;

export type CompileTransform = (table: TableMapping) => readonly FieldCodec[];
/** By column; undefined where a column's values are never rewritten. */
export type CompileRewrite = (table: TableMapping) => readonly (FieldRewrite | undefined)[];

/** An accepted business rule of single rows, on the source's own bytes. */
export interface CompiledRule {
  readonly id: string;
  /** Places of its columns in the mapping. */
  readonly columns: readonly number[];
  /** A row that breaks it does not go into the target. */
  readonly quarantine: boolean;
  /** The fields of a row by their place: null is NULL, undefined one that is not stored as it is. */
  isBroken(fieldOf: (place: number) => Uint8Array | null | undefined, storageOf: (place: number) => number): boolean;
}
/** Rules that cannot be told of a row on its way are left out. `now`: when the rows are looked at. */
export type CompileRules = (table: TableMapping, rules: readonly RowRule[], now: Date) => readonly CompiledRule[];
