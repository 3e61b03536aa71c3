import { z } from 'zod';
import { columnMapping, oddPolicies } from './mapping.js';
import type { TableMapping } from './mapping.js';
import type { CompiledRule, FieldCheck } from './record.js';
import type { RowRule } from './rules.js';

/**
 * KORA's record validator as data: which check each column's values must pass, and which accepted rules each row must
 * keep. KORA writes it, the copy loop reads it, and its hash stands in the ledger at every chunk that it checked.
 */

const digits = z.string().regex(/^-?\d+$/);
const secondDigits = z.int();
const maxCharacters = z.int().positive().optional();

export const checkSpecification = z.discriminatedUnion('check', [
  /** `reals`: SQLite's reals without a fraction count as integers. */
  z.strictObject({
    check: z.literal('integer'),
    min: digits.optional(),
    max: digits.optional(),
    reals: z.literal(true).optional(),
  }),
  z.strictObject({ check: z.literal('decimal'), whole: z.int(), scale: z.int() }),
  z.strictObject({ check: z.literal('float'), single: z.boolean() }),
  z.strictObject({ check: z.literal('boolean') }),
  z.strictObject({ check: z.literal('bits'), width: z.int() }),
  z.strictObject({ check: z.literal('unix_seconds'), secondDigits, date: z.boolean() }),
  z.strictObject({ check: z.literal('text'), maxCharacters }),
  /** `character(n)`: without blanks at the end. */
  z.strictObject({ check: z.literal('padded'), maxCharacters }),
  z.strictObject({ check: z.literal('text_array') }),
  z.strictObject({ check: z.literal('enum'), labels: z.array(z.string()) }),
  z.strictObject({ check: z.literal('bytes') }),
  z.strictObject({ check: z.literal('moment'), of: z.enum(['date', 'timestamp']), secondDigits }),
  z.strictObject({ check: z.literal('time'), secondDigits }),
  z.strictObject({ check: z.literal('interval'), secondDigits }),
  z.strictObject({ check: z.literal('json'), binary: z.boolean() }),
  z.strictObject({ check: z.literal('uuid') }),
  z.strictObject({ check: z.literal('inet') }),
  z.strictObject({ check: z.literal('place') }),
]);
export type CheckSpecification = z.infer<typeof checkSpecification>;

export const validatorSpecification = z.strictObject({
  version: z.literal(1),
  /** Source table, "schema.name". */
  table: z.string(),
  /** In the order of the mapping; none of a table whose rows are passed as they are. */
  columns: z.array(
    z.strictObject({
      source: z.string(),
      check: checkSpecification,
      /** What is made of a value that passes, and of one that does not: with others another row stands in the shadow. */
      transform: columnMapping.shape.transform,
      onInvalid: columnMapping.shape.onInvalid,
      values: oddPolicies.optional(),
    }),
  ),
  /** Accepted rules of the table that are decided from one row. */
  rules: z.array(z.custom<RowRule>((value) => typeof value === 'object' && value !== null)),
});
export type ValidatorSpecification = z.infer<typeof validatorSpecification>;

export interface CompiledValidator {
  /** In the order of the mapping's columns. */
  readonly fields: readonly FieldCheck[];
  readonly rules: readonly CompiledRule[];
  /** Absent where no column is text, or where one holds bytes of another kind. */
  readonly ofText?: ChecksOfText;
}

/** A native look at all bytes of a batch is far quicker than one at each text in it. */
export interface ChecksOfText {
  /** All bytes in front of `end` are UTF-8 without U+0000. */
  isText(bytes: Uint8Array, end: number): boolean;
  /** `fields` without that part of them: enough for the fields of a batch whose bytes are text. */
  readonly fields: readonly FieldCheck[];
}

/** KORA's hands: what a table's rows must be, and the same made ready. Joined in workers/. */
export interface RecordValidation {
  /** `rules`: what people accepted; those of other tables are left out. */
  specify(table: TableMapping, rules: readonly RowRule[]): ValidatorSpecification;
  /** SHA-256 hex of its canonical JSON. */
  hash(specification: ValidatorSpecification): string;
  compile(specification: ValidatorSpecification, table: TableMapping): CompiledValidator;
}
