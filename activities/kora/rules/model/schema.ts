import { z } from 'zod';
import { TEXT_FORMATS } from '../../../../contracts/rules.js';

/** Sentences of a model that are shown to people. */
const WHY_MAX = 200;
const MOST = 200;

const name = z.string().min(1).max(300);

const proposed = z.strictObject({
  kind: z.enum([
    'not_in_future',
    'not_negative',
    'ordered',
    'format',
    'currency_with_amount',
    'unique_together',
    'functional_dependency',
  ]),
  table: name,
  columns: z.array(name).min(1).max(6),
  format: z.enum(TEXT_FORMATS).nullable(),
  why: z.string().max(2000),
});
export type ModelProposal = z.infer<typeof proposed>;

/** What a model may answer: an order of the candidates, names for them, and further candidates. Nothing else is read. */
export const modelAnswer = z.strictObject({
  ranked: z.array(z.strictObject({ id: z.string().max(32), why: z.string().max(2000) })).max(MOST),
  proposed: z.array(proposed).max(MOST),
});

/** The same as JSON Schema, for `response_format`. */
export const ANSWER_SCHEMA: unknown = z.toJSONSchema(modelAnswer);

/** A sentence from elsewhere: one line, nothing that drives a terminal or turns text, and not long. */
export function plainSentence(text: string): string {
  const plain = text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length <= WHY_MAX ? plain : `${plain.slice(0, WHY_MAX - 1)}…`;
}
