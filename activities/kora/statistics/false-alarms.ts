/**
 * The rate of false alarms over all columns of a migration: of the columns that are called shifted, at most this share is
 * expected to be clean; and where all are clean, the chance of any alarm is at most this.
 */
export const FALSE_ALARM_RATE = 0.01;

/**
 * Benjamini and Hochberg's q for each p: the least rate at which it would be an alarm. The family is all that was tested
 * in one migration.
 */
export function falseAlarmRates(ps: readonly number[]): number[] {
  const order = ps.map((p, at) => ({ p, at })).toSorted((one, other) => other.p - one.p);
  const rates = new Array<number>(ps.length).fill(1);
  let least = 1;
  for (const [place, { p, at }] of order.entries()) {
    least = Math.min(least, (p * ps.length) / (ps.length - place));
    rates[at] = least;
  }
  return rates;
}

/** One p for a column from those of its tests: by Bonferroni, which holds however the tests depend on each other. */
export function columnP(ps: readonly number[]): number {
  return ps.length === 0 ? 1 : Math.min(1, ps.length * Math.min(...ps));
}
