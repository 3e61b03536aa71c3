import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { evidenceHash, REQUIRED_PARTS, evidenceOf } from './body.js';
import { firstDuplicateName } from './duplicate-names.js';
import { CERTIFICATE_FORMAT, CERTIFICATE_VERSION, fingerprintOf, signedBytes } from './signer.js';

export interface Verification {
  /** 0 valid; 1 tampered, evidence missing or another key; 2 unreadable or newer version. */
  readonly exit: 0 | 1 | 2;
  /** For people, the verdict first. */
  readonly lines: readonly string[];
}

/** Characters; the certificate of 10,000 tables has about 5 million. */
const TEXT_LENGTH_MAX = 128 * 1024 * 1024;

const header = z.object({ format: z.literal(CERTIFICATE_FORMAT), version: z.int().positive() });
const signedFile = z.strictObject({
  format: z.literal(CERTIFICATE_FORMAT),
  version: z.literal(CERTIFICATE_VERSION),
  certificate: z.record(z.string(), z.unknown()),
  signature: z.strictObject({
    algorithm: z.literal('Ed25519'),
    publicKey: z.string(),
    fingerprint: z.string(),
    value: z.string(),
  }),
});
type SignedFile = z.infer<typeof signedFile>;

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
  sourceRows: z.number(),
  targetRows: z.number(),
  sourceHash: z.string().nullable(),
  targetHash: z.string().nullable(),
});
const evidence = z.object({
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
    .object({ targetPosition: z.string(), at: z.string(), structure: z.object({ hash: z.string() }) })
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
  findings: z.array(z.object({ code: z.string(), object: z.string(), disposition: z.string() })),
  notMigrated: z.array(z.object({ kind: z.string(), name: z.string(), reason: z.string() })),
  cannotSee: z.array(z.object({ what: z.string() })),
});
const body = evidence.extend({
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

/** Checks a certificate's text with nothing but itself and, when given, the public key that must have signed it. */
export function verifyCertificate(text: string, options: { readonly publicKeyPem?: string } = {}): Verification {
  const parsed = parse(text);
  if (typeof parsed === 'string') return { exit: 2, lines: [`unreadable: ${parsed}`] };
  const pinned = options.publicKeyPem === undefined ? undefined : readPublicKey(options.publicKeyPem);
  if (pinned === null) return { exit: 2, lines: ['unreadable: the given key is no Ed25519 public key as PEM'] };
  const checked = checkFile(text, parsed);
  if (typeof checked === 'string') return { exit: 1, lines: [`not valid: ${checked}`] };
  const { fingerprint } = checked.file.signature;
  if (pinned !== undefined && fingerprintOf(pinned) !== fingerprint) {
    return {
      exit: 1,
      lines: [
        'not valid: it was signed with another key',
        `signed with: ${fingerprint}`,
        `expected:    ${fingerprintOf(pinned)}`,
      ],
    };
  }
  return { exit: 0, lines: verdictLines(checked.content, { fingerprint, pinned: pinned !== undefined }) };
}

/** The file as JSON, or why it cannot be read as a certificate of a known version. */
function parse(text: string): object | string {
  if (text.length > TEXT_LENGTH_MAX) return 'it is too long for a certificate';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const head = header.safeParse(value);
  if (!head.success) return 'it is not a Caravan certificate';
  if (head.data.version > CERTIFICATE_VERSION) {
    return `its version is ${String(head.data.version)}, this build reads up to ${String(CERTIFICATE_VERSION)}`;
  }
  return value as object;
}

type Content = z.infer<typeof body>;

/** The checked file, or its first fault. */
function checkFile(text: string, value: object): { file: SignedFile; content: Content } | string {
  const duplicate = firstDuplicateName(text);
  if (duplicate !== undefined) return `the member ${quote(duplicate)} stands twice in one object`;
  const file = signedFile.safeParse(value);
  if (!file.success) return faultOf(file.error, 'the file');
  return (
    missingEvidence(file.data.certificate) ??
    evidenceFault(file.data.certificate) ??
    signatureFault(file.data) ??
    contentOf(file.data)
  );
}

function missingEvidence(certificate: Readonly<Record<string, unknown>>): string | undefined {
  const missing = [...REQUIRED_PARTS, 'evidenceHash'].find((part) => certificate[part] === undefined);
  return missing === undefined ? undefined : `evidence is missing: ${missing}`;
}

function evidenceFault(certificate: Readonly<Record<string, unknown>>): string | undefined {
  const shape = evidence.safeParse(evidenceOf(certificate));
  if (!shape.success) return faultOf(shape.error, 'the evidence');
  if (evidenceHash(certificate) === certificate.evidenceHash) return undefined;
  return 'the evidence (tables, findings, notMigrated, position) was changed: its hash is not the evidenceHash';
}

function signatureFault(file: SignedFile): string | undefined {
  const key = readPublicKey(file.signature.publicKey);
  if (key === null) return 'signature.publicKey is no Ed25519 public key as PEM';
  if (fingerprintOf(key) !== file.signature.fingerprint)
    return 'signature.fingerprint is not that of signature.publicKey';
  const value = Buffer.from(file.signature.value, 'base64');
  if (value.toString('base64') !== file.signature.value) return 'signature.value is not base64';
  if (verify(null, signedBytes(file.certificate), key, value)) return undefined;
  return 'the signature does not fit the content';
}

function contentOf(file: SignedFile): { file: SignedFile; content: Content } | string {
  const content = body.safeParse(file.certificate);
  return content.success ? { file, content: content.data } : faultOf(content.error, 'the certificate');
}

function readPublicKey(pem: string): KeyObject | null {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return null;
  try {
    const key = createPublicKey(pem);
    // Text around the key would be unsigned text, so there must be none.
    const exact = key.asymmetricKeyType === 'ed25519' && key.export({ type: 'spki', format: 'pem' }).toString().trim();
    return exact === pem.trim().replaceAll('\r\n', '\n') ? key : null;
  } catch {
    return null;
  }
}

function verdictLines(content: Content, signer: { fingerprint: string; pinned: boolean }): string[] {
  const rows = content.tables.reduce((sum, table) => sum + table.targetRows, 0);
  return [
    'valid',
    `migration:   ${quote(content.migrationId)}`,
    `source:      ${clean(content.source.engine)} ${clean(content.source.version)}, database ${quote(content.source.database)}, at ${quote(content.source.position)}`,
    `target:      schema ${quote(content.target.schema)}, ${momentOf(content.target)} at ${clean(content.target.lsn)}`,
    `tables:      ${String(content.tables.length)}, rows: ${String(rows)}, findings: ${String(content.findings.length)}`,
    `proven:      ${String(content.proven.length)} statements; not proven: ${String(content.notProven.length)}`,
    `fingerprint: ${signer.fingerprint}`,
    ...(signer.pinned ? [] : ['signer not pinned: give --key to check who signed it']),
  ];
}

/** A target that another tool made was not promoted, but only compared. */
function momentOf({ promotedAt, comparedAt }: Content['target']): string {
  if (promotedAt !== undefined) return `promoted ${clean(promotedAt)}`;
  return `moved by another tool, compared ${clean(comparedAt ?? '')}`;
}

function faultOf(error: z.ZodError, what: string): string {
  const issue = error.issues[0];
  const place = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') return `${what} has an unknown member ${quote(issue.keys[0] ?? '')}`;
  return `${what} is missing or has another form${place === '' ? '' : ` at ${quote(place)}`}`;
}

/** Texts come from the file: as JSON and without invisible characters they cannot drive a terminal. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200)).replace(/[\u007f-\u009f\u200b-\u202e\u2066-\u2069]/gu, '?');
}

function clean(text: string): string {
  return quote(text).slice(1, -1);
}
