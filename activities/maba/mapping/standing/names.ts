import type { IdentifierRule } from '../names.js';
import { applyRule } from '../names.js';

interface Named {
  readonly name: string;
}

export type Found<T> = { readonly found: T } | { readonly problem: 'missing' } | { readonly problem: 'ambiguous' };

/**
 * What a name of the source is called in the target: what a mapping file says, the name under the rule for
 * identifiers, the name as it is, or the only one that differs from these in case alone.
 */
export function findStanding<T extends Named>(
  name: string,
  candidates: readonly T[],
  { rule, given }: { readonly rule: IdentifierRule; readonly given?: string | undefined },
): Found<T> {
  const exact = (wanted: string): T | undefined => candidates.find((candidate) => candidate.name === wanted);
  if (given !== undefined) return foundOr(exact(given));
  const plain = exact(applyRule(name, rule)) ?? exact(name);
  if (plain !== undefined) return { found: plain };
  const folded = new Set([name.toLowerCase(), applyRule(name, rule).toLowerCase()]);
  const alike = candidates.filter((candidate) => folded.has(candidate.name.toLowerCase()));
  return alike.length > 1 ? { problem: 'ambiguous' } : foundOr(alike[0]);
}

function foundOr<T>(found: T | undefined): Found<T> {
  return found === undefined ? { problem: 'missing' } : { found };
}
