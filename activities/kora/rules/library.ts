/**
 * The library of validation patterns (EX-17). A rule enters it with its first catch: somebody accepted it, and rows
 * broke it. It is known by its signature, in which no value stands.
 */
export interface LibraryRule {
  readonly signature: string;
  /** Migrations in which it was accepted and found rows that break it. */
  readonly catches: number;
  /** Migrations in which it was proposed and a person dropped it. */
  readonly falseAlarms: number;
  /** It is proposed no more. */
  readonly retired: boolean;
}

/** What a migration taught of a rule, as the learning store has it. */
export interface RuleFact {
  readonly signature: string;
  readonly numbers: Readonly<Record<string, number>>;
}

/** False alarms from which on a rule may retire: one may be a slip. */
const ALARMS_MIN = 2;

/** Sums up what all migrations taught. A rule that was dropped often, and more often than it was right, is retired. */
export function libraryOf(facts: readonly RuleFact[]): LibraryRule[] {
  const sums = new Map<string, { catches: number; falseAlarms: number }>();
  for (const { signature, numbers } of facts) {
    const sum = sums.get(signature) ?? { catches: 0, falseAlarms: 0 };
    sum.catches += numbers['catches'] ?? 0;
    sum.falseAlarms += numbers['falseAlarms'] ?? 0;
    sums.set(signature, sum);
  }
  return [...sums].flatMap(([signature, { catches, falseAlarms }]): LibraryRule[] => {
    const retired = falseAlarms >= ALARMS_MIN && falseAlarms > catches;
    return catches > 0 || retired ? [{ signature, catches, falseAlarms, retired }] : [];
  });
}
