import { z } from 'zod';

const count = z.int().min(0);

/** A rule without the values that it lists: these are sealed. */
const rule = z.strictObject({
  id: z.string(),
  kind: z.string(),
  table: z.string(),
  columns: z.array(z.string()),
  says: z.string().describe('One sentence, without values.'),
  why: z.string(),
  origin: z.string(),
  state: z.enum(['proposed', 'accepted', 'dropped']),
  confidence: z.number(),
  support: count.describe('Rows that it was held against when it was found.'),
  counter_examples: count.describe('Those of them that break it.'),
  sample: z.number().describe('Share of the rows of its table that was looked at.'),
  inline: z.boolean().describe('Rows that break it can be kept out of the target.'),
  on_broken: z.enum(['list', 'quarantine']).optional(),
  by: z.string().optional(),
  reason: z.string().optional(),
  checked: z
    .strictObject({ source_rows: count, source_broken: count, target_rows: count, target_broken: count })
    .optional()
    .describe('What the verification counted of an accepted rule.'),
});
export const rules = z.strictObject({ rules: z.array(rule) });
export type ShownRule = z.infer<typeof rule>;

export const ruleParams = z.strictObject({ id: z.string().min(1).max(200), rule: z.string().min(1).max(100) });
const reason = z.string().min(1).max(2000).optional();
export const acceptRuleBody = z
  .strictObject({
    reason,
    on_broken: z.enum(['list', 'quarantine']).default('list').describe('"quarantine" before rows are copied only.'),
  })
  .prefault({});
export const dropRuleBody = z.strictObject({ reason }).default({});
