import { z } from 'zod';
import { oddCause, oddPolicy } from './mapping.js';
import type { Operator } from './mapping.js';

/**
 * The mapping file: what a person decides before a plan is made, over everything that the Architect would choose. Names
 * are the source's: a table as "table" or "schema.table", a column with its table in front. docs/mapping-file.md.
 */
export const MAPPING_VERSION = 1;

const name = z.string().min(1).max(200);
const ruleId = z.string().regex(/^[0-9a-f]{16}$/);
const named = <T extends z.ZodType>(value: T) => z.record(name, value);

/** YAML's null is the policy of that name. */
const simplePolicy = z
  .union([z.enum(['null', 'quarantine', 'fail', 'remove']), z.null()])
  .transform((word) => ({ do: word ?? 'null' }) as const);
const usePolicy = z.strictObject({ use: z.string() }).transform(({ use }) => ({ do: 'use', value: use }) as const);
const decodePolicy = z
  .strictObject({ decode: z.literal('cp1252') })
  .transform(({ decode }) => ({ do: 'decode', from: decode }) as const);
const policy = z.union([simplePolicy, usePolicy, decodePolicy]).pipe(oddPolicy);

/** Policies by cause; "otherwise" is that of all other causes. */
const policies = z.strictObject({
  ...Object.fromEntries(oddCause.options.map((cause) => [cause, policy.optional()])),
  otherwise: z
    .union([z.enum(['null', 'quarantine', 'fail']), z.null()])
    .transform((word) => word ?? 'null')
    .optional(),
}) as unknown as z.ZodType<FilePolicies>;

/** "null", "quarantine" or "fail" alone: for every cause. */
const columnPolicies = z.union([
  z
    .union([z.enum(['null', 'quarantine', 'fail']), z.null()])
    .transform((word): FilePolicies => ({ otherwise: word ?? 'null' })),
  policies,
]);

/** A step by its name alone, or with what it needs. */
const step = z
  .union([
    z.enum([
      'trim',
      'lower',
      'upper',
      'empty_to_null',
      'to_boolean',
      'from_unix_seconds',
      'parse_datetime',
      'split_comma',
    ]),
    z.strictObject({ replace: z.string().regex(/^[^\0]+$/u), with: z.string().regex(/^[^\0]*$/u) }),
  ])
  .transform((given): Operator =>
    typeof given === 'string' ? { op: given } : { op: 'replace', find: given.replace, with: given.with },
  );

export const mappingFile = z.strictObject({
  caravan_mapping: z.literal(MAPPING_VERSION),
  include: z.array(name).min(1).optional().describe('Globs over "table" or "schema.table"; only these tables.'),
  exclude: z.array(name).min(1).optional().describe('Globs; not these tables.'),
  rename: z
    .strictObject({
      schemas: named(name).optional().describe('Source schema to target schema; one entry.'),
      tables: named(name).optional(),
      columns: named(name).optional(),
    })
    .optional(),
  cast: named(name)
    .optional()
    .describe('Target type by column, or by type of the source: "tinyint(1)", "bigint unsigned", "decimal".'),
  collate: named(z.enum(['ci_as', 'ci_ai', 'plain']))
    .optional()
    .describe(
      'How texts of a column are compared: without regard to case (ci_as), to case and accents (ci_ai), or exactly (plain).',
    ),
  filter: named(z.string().min(1).max(10_000))
    .optional()
    .describe('By table: a condition on its columns; only rows that meet it are moved.'),
  values: named(columnPolicies)
    .optional()
    .describe('What becomes of values without a faithful form, by column or by type of the source.'),
  transforms: named(z.array(step).min(1).max(20)).optional().describe('Steps that rewrite the texts of a column.'),
  decode: named(z.literal('cp1252'))
    .optional()
    .describe('Columns whose texts are UTF-8 that was once taken for this character set.'),
  rules: z
    .strictObject({
      accept: z.array(ruleId).optional().describe('A row that breaks one of these is listed.'),
      quarantine: z.array(ruleId).optional().describe('A row that breaks one of these stays out of the target.'),
      drop: z.array(ruleId).optional(),
    })
    .optional()
    .describe('Business rules by their id, as "caravan rules" lists them.'),
});
export type MappingFile = z.infer<typeof mappingFile>;

/** Policies of a column, by cause and for all others. */
export type FilePolicies = Partial<Record<z.infer<typeof oddCause>, z.infer<typeof oddPolicy>>> & {
  otherwise?: 'null' | 'quarantine' | 'fail';
};
