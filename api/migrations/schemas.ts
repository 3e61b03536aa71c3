import { z } from 'zod';
import { FINDING_CODES, FINAL_STATUSES, PHASES } from '../../contracts/migration.js';
import { migrationInput, sourceLimits } from '../../contracts/migration.schema.js';
import { looksLikeUrl } from '../../platform/secrets/endpoint-url.js';
import { limit, time } from '../workflows/schemas.js';

const ID = /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$/u;

/** A URL would carry a password into histories and answers. */
const connection = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => !looksLikeUrl(name), 'must be the name of a connection, never a URL')
  .describe('Name of a connection.');

export const startBody = z
  .strictObject({
    // An assessment is read by the command alone.
    ...migrationInput.omit({ assess: true }).shape,
    source: connection,
    target: connection.optional(),
    include: z.array(z.string().max(500)).max(1000).default([]),
    exclude: z.array(z.string().max(500)).max(1000).default([]),
    yes: z.boolean().default(false).describe('Approves the plan in advance: needs the role "approver".'),
    id: z.string().regex(ID, 'must be letters, digits and . _ : @ + -').optional(),
  })
  .refine(({ target, dryRun }) => target !== undefined || dryRun, {
    path: ['target'],
    message: 'it is missing; only a dry run needs none',
  });

export const mappingBody = z.strictObject({
  yaml: z.string().min(1).max(1_000_000).describe('A mapping file: see docs/mapping-file.md.'),
});
export const keptMapping = z.strictObject({ mapping_id: z.string().describe('For "mapping" of a start.') });

export const params = z.strictObject({ id: z.string().min(1).max(200) });
export const started = z.strictObject({
  migration_id: z.string(),
  status: z.literal('running'),
  migration_url: z.string(),
});

const STATUSES = ['running', 'waiting', 'paused', 'compensating', ...FINAL_STATUSES, 'ended without a report'] as const;
const status = z.enum(STATUSES);
const summary = {
  migration_id: z.string(),
  status,
  source: z.string(),
  target: z.string().nullable(),
  started_at: time,
};

export const list = z.strictObject({ migrations: z.array(z.strictObject(summary)) });
export const listQuery = z.strictObject({ limit: limit(50) });

const progress = z.strictObject({
  rows: z.int(),
  total_rows: z.int(),
  bytes: z.int(),
  rows_per_second: z.number(),
  eta_seconds: z.number().nullable(),
  tables: z.array(z.strictObject({ source: z.string(), rows: z.int(), total_rows: z.int(), state: z.string() })),
});
const question = z.strictObject({
  id: z.string(),
  text: z.string(),
  options: z.array(z.string()),
  default: z.string().optional(),
  deadline: time,
  answer: z.strictObject({ option: z.string(), by: z.string() }).optional(),
});
const finding = z.strictObject({
  id: z.string(),
  code: z.enum(FINDING_CODES),
  kind: z.string(),
  object: z.string(),
  count: z.int(),
  disposition: z.string(),
  detail: z.string(),
});

export const migration = z.strictObject({
  ...summary,
  started_at: time.nullable(),
  phase: z.enum([...PHASES, 'promotion', 'done']).nullable(),
  progress: progress.nullable().describe('Null when no worker could be asked.'),
  waits_for: z.array(z.string()).nullable().describe('What people must decide; null when no worker could be asked.'),
  plan_hash: z.string().nullable(),
  questions: z.array(question).nullable().describe('Null when no worker could be asked.'),
  findings: z.array(finding).nullable().describe('Null when no worker could be asked.'),
  report: z.record(z.string(), z.unknown()).nullable().describe('The whole report, once it has ended.'),
});

export const plan = z.strictObject({ plan_id: z.string(), plan_hash: z.string(), yaml: z.string() });
export const certificate = z.record(z.string(), z.unknown()).describe('The signed certificate, as its file has it.');

const reason = z.string().min(1).max(2000);
export const approveBody = z.strictObject({ plan_hash: z.string().min(1).max(200), reason: reason.optional() });
export const rejectBody = z.strictObject({ reason });
export const answerBody = z.strictObject({
  question_id: z.string().min(1).max(500),
  option: z.string().min(1).max(500),
});
export const acceptBody = z.strictObject({ finding_id: z.string().min(1).max(1000), reason });
export const reasonBody = z.strictObject({ reason: reason.optional() }).default({});
export const throttleBody = z
  .strictObject({
    connections: sourceLimits.shape.connections,
    rows_per_second: sourceLimits.shape.rowsPerSecond,
    bytes_per_second: sourceLimits.shape.bytesPerSecond,
  })
  .default({});
export const done = z.strictObject({ migration_id: z.string(), command: z.string(), by: z.string() });
