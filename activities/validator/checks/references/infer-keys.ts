import type { InferredReference } from '../../../../contracts/references.js';
import type { Inclusion, Reference, RelatedTable } from '../../../../databases/checked.js';
import { candidateKeys, type Candidate } from '../../../kora/references/infer.js';
import type { CheckedSide } from '../sides.js';
import { offeredSql } from './offer.js';

/** Rows of a first look. */
const SAMPLE_ROWS = 10_000;
/** Share of rows that must refer to something that is there. */
const SUPPORT_LEAST = 0.95;
/** Seconds that the look at one key may take. */
const SECONDS = 20;
/** Candidates that are looked at; the rest is said. */
export const CANDIDATES_MAX = 500;

interface Parts {
  readonly target: CheckedSide;
  readonly schema: string;
  readonly tables: readonly RelatedTable[];
  readonly declared: readonly Reference[];
  readonly signal: AbortSignal;
}

/**
 * Keys that names and types suggest and the rows confirm. They are looked for in the target: its rows are proven to be the
 * source's, or told apart from them, the source is spared, and texts are equal there as a constraint would take them.
 */
export async function inferKeys(parts: Parts): Promise<{ found: InferredReference[]; passedOver: number }> {
  const candidates = candidateKeys(parts.tables, parts.declared);
  const found: InferredReference[] = [];
  for (const candidate of candidates.slice(0, CANDIDATES_MAX)) {
    const included = await includedBy(parts, candidate);
    if (included !== undefined) found.push(told(parts.schema, candidate, included));
  }
  return { found, passedOver: Math.max(0, candidates.length - CANDIDATES_MAX) };
}

interface Included {
  readonly inclusion: Inclusion;
  readonly whole: boolean;
}

/** First some rows, then all of them; undefined where the values do not confirm it. */
async function includedBy({ target, signal }: Parts, candidate: Candidate): Promise<Included | undefined> {
  const sample = await target.checked.inclusion(candidate, { rowsMax: SAMPLE_ROWS, seconds: SECONDS, signal });
  if (sample === undefined || !isSupported(sample)) return undefined;
  if (sample.rows < SAMPLE_ROWS) return { inclusion: sample, whole: true };
  const whole = await target.checked.inclusion(candidate, { seconds: SECONDS, signal });
  if (whole === undefined) return { inclusion: sample, whole: false };
  return isSupported(whole) ? { inclusion: whole, whole: true } : undefined;
}

function isSupported({ rows, orphans }: Inclusion): boolean {
  return rows > 0 && rows - orphans >= SUPPORT_LEAST * rows;
}

function told(schema: string, candidate: Candidate, { inclusion, whole }: Included): InferredReference {
  const { table, columns, referenced, referencedColumns, reasons } = candidate;
  return {
    table,
    column: columns[0] ?? '',
    referenced,
    referencedColumn: referencedColumns[0] ?? '',
    reasons,
    ...inclusion,
    whole,
    sql: offeredSql(schema, candidate, inclusion),
  };
}
