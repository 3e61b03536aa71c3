import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.js';
import { withoutReasons } from '../contracts/reasons.js';

/** Hex digits of the short hashes that stand in schema names: 48 bits. */
const SHORT_HASH_DIGITS = 12;

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * The 12 hex digits in the names of everything that one migration makes in the target. The first run id stays the
 * same over continue-as-new and reset, and differs when a workflow id is used again.
 */
export function migrationHash(workflowId: string, firstRunId: string): string {
  return sha256Hex(`${workflowId}\n${firstRunId}`).slice(0, SHORT_HASH_DIGITS);
}

/** The 12 hex digits in the name of the lease on a target schema. */
export function targetSchemaHash(schema: string): string {
  return sha256Hex(schema).slice(0, SHORT_HASH_DIGITS);
}

/** SHA-256 hex of a plan's canonical JSON, as its YAML says it: the same for any layout, comment or key order. */
export function planHash(document: unknown): string {
  return sha256Hex(canonicalJson(withoutReasons(document)));
}
