import type { MadeCollation } from '../../../../contracts/mapping.js';

/** How texts are compared: exactly, without regard to case, or to case and accents. */
export type Strength = MadeCollation | 'plain';

const LOOSENESS: readonly Strength[] = ['plain', 'ci_as', 'ci_ai'];

/** How a collation of the source compares, by its name. One of MySQL that says nothing of accents ignores them. */
export function strengthOf(collation: string | undefined): Strength {
  if (collation === undefined) return 'plain';
  if (/^nocase$/i.test(collation)) return 'ci_as';
  if (!/_ci$/i.test(collation)) return 'plain';
  return /_as_ci$/i.test(collation) ? 'ci_as' : 'ci_ai';
}

/** Do trailing blanks count for nothing? Of MySQL's only the collations of UCA 9.0 and those of MariaDB that say so let them count. */
export function ignoresBlanks(collation: string): boolean {
  if (/^rtrim$/i.test(collation)) return true;
  return collation.includes('_') && !/_0900_|_nopad_/i.test(collation);
}

export function loosest(strengths: readonly Strength[]): Strength {
  return LOOSENESS.findLast((strength) => strengths.includes(strength)) ?? 'plain';
}

/** The next one that tells more apart. */
export function stricter(strength: Strength): Strength {
  return LOOSENESS[LOOSENESS.indexOf(strength) - 1] ?? 'plain';
}
