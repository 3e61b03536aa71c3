import { z } from 'zod';
import { CERTIFICATE_FORMAT, CERTIFICATE_VERSION } from './signer.js';

export const header = z.object({ format: z.literal(CERTIFICATE_FORMAT), version: z.int().positive() });
export const signedFile = z.strictObject({
  format: z.literal(CERTIFICATE_FORMAT),
  version: z.union([z.literal(1), z.literal(CERTIFICATE_VERSION)]),
  certificate: z.record(z.string(), z.unknown()),
  signature: z.strictObject({
    algorithm: z.literal('Ed25519'),
    publicKey: z.string(),
    fingerprint: z.string(),
    value: z.string(),
  }),
});
export type SignedFile = z.infer<typeof signedFile>;

const tableEvidence = z.object({
  source: z.string(),
  target: z.string(),
  sourceRows: z.number(),
  targetRows: z.number(),
  quarantinedRows: z.number(),
  changedValues: z.number(),
  sourceHash: z.string().nullable(),
  targetHash: z.string().nullable(),
});
const viewEvidence = z.object({
  kind: z.string().optional(),
  source: z.string(),
  target: z.string(),
  equal: z.boolean(),
  ofQuery: z.boolean().optional(),
  tried: z.strictObject({ times: z.int(), acted: z.int(), onReplica: z.literal(true).optional() }).optional(),
  sourceRows: z.number(),
  targetRows: z.number(),
  sourceHash: z.string().nullable(),
  targetHash: z.string().nullable(),
});
export const evidence = z.object({
  migrationId: z.string(),
  planHash: z.string(),
  source: z.object({
    engine: z.string(),
    version: z.string(),
    database: z.string(),
    position: z.string(),
    consistent: z.boolean(),
    detail: z.string().optional(),
  }),
  decision: z.object({ by: z.string() }).optional(),
  mode: z.literal('data-only').optional(),
  tables: z.array(tableEvidence),
  views: z.array(viewEvidence).optional(),
  comparison: z
    .object({
      targetPosition: z.string(),
      at: z.string(),
      structure: z.object({
        hash: z.string(),
        objects: z.number(),
        same: z.number(),
        mapped: z.number(),
        missing: z.number(),
        differing: z.number(),
        notCompared: z.number(),
      }),
    })
    .optional(),
  checks: z
    .array(
      z.object({
        check: z.string(),
        counts: z.record(z.string(), z.number()),
        proven: z.array(z.object({ what: z.string(), how: z.string() })),
        notProven: z.array(z.string()),
        hash: z.string(),
      }),
    )
    .optional(),
  findings: z.array(
    z.object({
      code: z.string(),
      object: z.string(),
      count: z.number(),
      disposition: z.string(),
      detail: z.string(),
    }),
  ),
  notMigrated: z.array(z.object({ kind: z.string(), name: z.string(), reason: z.string() })),
  cannotSee: z.array(z.object({ what: z.string(), mend: z.string() })),
  chain: z
    .array(z.strictObject({ name: z.string(), sha256: z.string(), bytes: z.int().min(0), previous: z.string() }))
    .optional(),
  chainHead: z.string().optional(),
});
export const body = evidence.extend({
  target: z.object({
    version: z.string(),
    schema: z.string(),
    promotedAt: z.string().optional(),
    comparedAt: z.string().optional(),
    lsn: z.string(),
  }),
  proven: z.array(z.object({ what: z.string(), how: z.string() })),
  notProven: z.array(z.string()),
  evidenceHash: z.string(),
  caravanVersion: z.string(),
  issuedAt: z.string(),
});

/** What a certificate says, as far as its readers need it. */
export type Content = z.infer<typeof body>;
