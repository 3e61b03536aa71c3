import type { Rule, RuleKind } from '../../../contracts/rules.js';
import { confidenceOf, ruleId } from './candidate.js';
import type { Candidate, Supported } from './candidate.js';
import { rowCandidates } from './row-candidates.js';

import { supportOf } from './support.js';
import type { Looking } from './support.js';
import { allSums, tableCandidates } from './table-candidates.js';
import { turns } from './turns.js';
import type { LibraryRule } from './library.js';

/** A rule as it is proposed, and what stays sealed of it. */
export interface Proposal {
  readonly rule: Rule;
  readonly signature: string;
  /** Values of rows that break it. */
  readonly examples: readonly (readonly string[])[];
}

/** How much of what was looked at may break a rule that is proposed: dirt is what rules are for. */
const BROKEN_MAX: Readonly<Record<RuleKind, number>> = {
  not_in_future: 0.05,
  not_negative: 0.05,
  ordered: 0.05,
  one_of: 0.05,
  format: 0.1,
  currency_with_amount: 0.05,
  unique_together: 0.02,
  sum_of_lines: 0.1,
  functional_dependency: 0.05,
};
/** A rule of the library was right before: more dirt speaks for it, not against it. */
const LIBRARY_BROKEN_MAX = 0.5;
const CONFIDENCE_MIN = 0.55;
/** Proposals of one migration: people read them, and histories hold them. */
export const PROPOSALS_MAX = 100;

export interface Mining extends Looking {
  readonly library: readonly LibraryRule[];
  /** Ids of rules that somebody asks for, whatever the data says of them. */
  readonly wanted?: ReadonlySet<string>;
  /** Aborts when the time for it is over: what was looked at until then counts. */
  readonly signal?: AbortSignal;
}

/** All candidates of the samples, whatever the data says of them. */
export async function candidatesOf({ samples, library, signal }: Mining): Promise<Candidate[]> {
  const goOn = turns(signal);
  const all: Candidate[] = [];
  for (const sample of samples.values()) {
    if (!(await goOn())) break;
    all.push(...rowCandidates(sample), ...tableCandidates(sample));
  }
  all.push(...allSums(samples));
  const retired = new Set(library.flatMap(({ signature, retired }) => (retired ? [signature] : [])));
  const kept = new Map(library.filter((rule) => !rule.retired).map((rule) => [rule.signature, rule]));
  const mined = all.filter(({ signature }) => !retired.has(signature));
  return mined.map((candidate) => {
    const known = kept.get(candidate.signature);
    if (known === undefined) return candidate;
    const why = `${candidate.why} It was right in ${String(known.catches)} migration(s) before, and wrong in ${String(known.falseAlarms)}.`;
    return { ...candidate, why, origin: 'library' as const, evidence: 1 };
  });
}

/** What the data supports, the surest first. */
export async function supported(candidates: readonly Candidate[], mining: Mining): Promise<Supported[]> {
  const { wanted } = mining;
  const goOn = turns(mining.signal);
  const found = new Map<string, Supported>();
  for (const candidate of candidates) {
    if (!(await goOn())) break;
    const id = ruleId(candidate);
    if (found.has(id)) continue;
    const seen = supportOf(candidate, mining);
    if (seen !== undefined && (wanted?.has(id) === true || isSupported(seen))) found.set(id, seen);
  }
  const rank = (one: Supported): number => (wanted?.has(ruleId(one)) === true ? 0 : 1);
  return bestOfEach([...found.values()], wanted).sort(
    (one, other) =>
      rank(one) - rank(other) || confidenceOf(other) - confidenceOf(one) || (ruleId(one) < ruleId(other) ? -1 : 1),
  );
}

function isSupported(seen: Supported): boolean {
  const most = seen.origin === 'library' ? LIBRARY_BROKEN_MAX : BROKEN_MAX[seen.kind];
  if (seen.rows === 0 || seen.broken > most * seen.rows) return false;
  return seen.origin === 'library' || confidenceOf(seen) >= CONFIDENCE_MIN;
}

/** Of several sums that a total might be, and several forms that a text might have, the one that fits best. */
function bestOfEach(all: readonly Supported[], wanted?: ReadonlySet<string>): Supported[] {
  const best = new Map<string, Supported>();
  for (const one of all) {
    const several = (one.kind === 'sum_of_lines' || one.kind === 'format') && wanted?.has(ruleId(one)) !== true;
    const place = several ? JSON.stringify([one.kind, one.table, one.columns]) : ruleId(one);
    const other = best.get(place);
    if (other === undefined || confidenceOf(one) > confidenceOf(other)) best.set(place, one);
  }
  return [...best.values()];
}

export function proposalOf(seen: Supported): Proposal {
  const { kind, table, columns, parameters, values, why, signature, examples, origin = 'mined' } = seen;
  const rule = {
    id: ruleId(seen),
    kind,
    table,
    columns,
    parameters,
    ...(values !== undefined && { values }),
    support: seen.rows,
    sample: seen.share,
    confidence: confidenceOf(seen),
    counterExamples: seen.broken,
    origin,
    why,
    state: 'proposed',
  } as Rule;
  return { rule, signature, examples };
}
