import type { CheckSummary, Proven } from '../../contracts/checks.js';
import type { Finding, TableReport, ViewReport } from '../../contracts/migration.js';
import type { StructureSummary } from '../../contracts/verification.js';
import type { NotMigrated } from '../../contracts/mapping.js';
import { sha256Hex } from '../hash.js';
import { canonicalJson } from '../../contracts/canonical-json.js';
import type { EvidenceLink } from './chain.js';
import { notProvenStatements, provenStatements } from './statements.js';

/** What the proof found, frozen before the pivot. */
export interface Evidence {
  readonly migrationId: string;
  readonly planHash: string;
  readonly source: CertifiedSource;
  /** Who approved the plan. */
  readonly decision?: { readonly by: string };
  readonly tables: readonly TableReport[];
  /** Set where the rows went into tables that stood in the target before. */
  readonly mode?: 'data-only';
  /** Absent where the plan has none. */
  readonly views?: readonly ViewReport[];
  /** Only of a database that another tool moved. */
  readonly comparison?: Comparison;
  /** Checks of both sides as a whole; absent where none ran. */
  readonly checks?: readonly CheckSummary[];
  readonly findings: readonly Finding[];
  readonly notMigrated: readonly NotMigrated[];
  /** What the login could not see in the source, each with the statement that mends it. */
  readonly cannotSee: readonly { readonly what: string; readonly mend: string }[];
  /** The files of evidence beside the certificate, each linked to the one before it; see chain.ts. Absent in version 1. */
  readonly chain?: readonly EvidenceLink[];
  /** Hash of the last link. */
  readonly chainHead?: string;
}

/** How a target that another tool made was compared with its source. */
export interface Comparison {
  /** Where the target's log stood. */
  readonly targetPosition: string;
  /** ISO 8601, by the target's clock. */
  readonly at: string;
  /** Objects of the source and what stands for them; the report itself is in the store, under the migration's id. */
  readonly structure: StructureSummary;
}

export interface CertifiedSource {
  readonly engine: string;
  readonly version: string;
  readonly database: string;
  /** Where the source stood when it was compared (snapshot S2): GTID, binlog position or file hash; or why unknown. */
  readonly position: string;
  /** False where the source gave no consistent snapshot. */
  readonly consistent: boolean;
  /** How the position was taken, or why there is none, in a sentence. */
  readonly detail?: string;
}

export interface CertifiedTarget {
  /** Of the server, such as "18.4" or 180004. */
  readonly version: string;
  readonly schema: string;
  /** ISO 8601; absent where nothing was promoted: the target was only compared, at `comparedAt`. */
  readonly promotedAt?: string;
  readonly comparedAt?: string;
  readonly lsn: string;
}

/** What is signed. */
export interface CertificateBody extends Evidence {
  readonly target: CertifiedTarget;
  readonly proven: readonly Proven[];
  readonly notProven: readonly string[];
  /** SHA-256 hex of the canonical JSON of the evidence. */
  readonly evidenceHash: string;
  readonly caravanVersion: string;
  /** ISO 8601. */
  readonly issuedAt: string;
}

export interface BodyParts {
  readonly evidence: Evidence;
  readonly target: CertifiedTarget;
  readonly caravanVersion: string;
  readonly issuedAt: string;
}

export const EVIDENCE_PARTS = [
  'migrationId',
  'planHash',
  'source',
  'decision',
  'mode',
  'tables',
  'views',
  'comparison',
  'checks',
  'findings',
  'notMigrated',
  'cannotSee',
  'chain',
  'chainHead',
] as const satisfies readonly (keyof Evidence)[];
/** Without these there is no evidence. */
const OPTIONAL_PARTS: ReadonlySet<string> = new Set([
  'decision',
  'mode',
  'views',
  'comparison',
  'checks',
  'chain',
  'chainHead',
]);
export const REQUIRED_PARTS = EVIDENCE_PARTS.filter((part) => !OPTIONAL_PARTS.has(part));

/** The evidence part of a body, or of what claims to be one. */
export function evidenceOf(body: Readonly<Record<string, unknown>> | Evidence): Readonly<Record<string, unknown>> {
  const all = body as Readonly<Record<string, unknown>>;
  return Object.fromEntries(EVIDENCE_PARTS.map((part) => [part, all[part]]));
}

export function evidenceHash(evidence: Readonly<Record<string, unknown>> | Evidence): string {
  return sha256Hex(canonicalJson(evidenceOf(evidence)));
}

export function buildBody(parts: BodyParts): CertificateBody {
  const { evidence, target, caravanVersion, issuedAt } = parts;
  const there = EVIDENCE_PARTS.filter((part) => evidence[part] !== undefined);
  // Nothing but the parts that the hash covers.
  const frozen = Object.fromEntries(there.map((part) => [part, evidence[part]])) as unknown as Evidence;
  return {
    ...frozen,
    target,
    proven: provenStatements(frozen),
    notProven: notProvenStatements(frozen),
    evidenceHash: evidenceHash(frozen),
    caravanVersion,
    issuedAt,
  };
}
