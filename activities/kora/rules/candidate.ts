import { canonicalJson } from '../../../contracts/canonical-json.js';
import type { Rule, RuleOrigin } from '../../../contracts/rules.js';
import { sha256Hex } from '../../../platform/hash.js';
import type { Count } from './tallies.js';

/** A rule that might hold: from names, types and shapes; what the data says of it comes next. */
export interface Candidate {
  readonly kind: Rule['kind'];
  readonly table: string;
  readonly columns: readonly string[];
  readonly parameters: Rule['parameters'];
  readonly values?: readonly string[];
  /** 0 to 1: what speaks for it before the data does. */
  readonly evidence: number;
  readonly why: string;
  readonly origin?: RuleOrigin;
  /** What a rule of a kind is made of, for the library. */
  readonly signature: string;
}

/** A candidate and what the data says of it. */
export interface Supported extends Candidate, Count {
  /** Values of rows that break it, a few. */
  readonly examples: readonly (readonly string[])[];
  readonly share: number;
}

/** The same in every migration of a source: no value has a part in it. */
export function ruleId({
  kind,
  table,
  columns,
  parameters,
}: Pick<Candidate, 'kind' | 'table' | 'columns' | 'parameters'>): string {
  return sha256Hex(canonicalJson({ kind, table, columns, parameters })).slice(0, 16);
}

/** Normal deviate of 95 %. */
const Z = 1.96;

/** The least share of all rows of which the rows that were looked at speak (Wilson's interval). */
export function leastShare({ rows, broken }: Count): number {
  if (rows === 0) return 0;
  const share = (rows - broken) / rows;
  const square = (Z * Z) / rows;
  const middle = share + square / 2;
  const spread = Z * Math.sqrt((share * (1 - share) + square / 4) / rows);
  return Math.max(0, (middle - spread) / (1 + square));
}

/** How sure it is that the rule is meant: what speaks for it, and what the data says. */
export function confidenceOf(supported: Count & Pick<Candidate, 'evidence'>): number {
  return Math.round(supported.evidence * leastShare(supported) * 1000) / 1000;
}
