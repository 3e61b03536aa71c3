import { describe, expect, it } from 'vitest';
import { FALSE_ALARM_RATE, falseAlarmRates } from '../../activities/kora/statistics/false-alarms.js';
import { numbersShift, textsShift, type Shift } from '../../activities/kora/statistics/shift.js';
import { draws, sample } from './samples.js';

const COLUMNS = 1000;
const ROWS = 2000;

/** Two samples of one distribution: even, skewed, with many equal values, or a few words. */
function clean(seed: number, rows = ROWS): Shift {
  const [one, other] = [2 * seed + 1, 2 * seed + 2];
  if (seed % 4 === 3) return textsShift(words(one, rows), words(other, rows));
  const digits = [2, null, 0][seed % 3] ?? null;
  const shape = 1 + (seed % 7);
  return numbersShift(sample([one, rows, shape, 0, digits]), sample([other, rows, shape, 0, digits]));
}

function words(seed: number, rows: number): { counts: Map<number, number>; lengths: Float64Array } {
  const counts = new Map<number, number>();
  const source = draws(seed);
  const lengths = Float64Array.from({ length: rows }, () => {
    const word = Math.floor(40 * source.next().value ** 2);
    counts.set(word, (counts.get(word) ?? 0) + 1);
    return word % 11;
  });
  return { counts, lengths };
}

/** Prices of which all that stands behind the point is gone: their mean falls by 3 %. */
function rounded(seed: number): { readonly shift: Shift; readonly fall: number } {
  const prices = sample([seed, 10_000, 1, 0, null]).map((value) => Math.round(100 * (value / 3)) / 100);
  const whole = prices.map(Math.floor);
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { shift: numbersShift(prices, whole), fall: 1 - mean(whole) / mean(prices) };
}

function alarms(shifts: readonly Shift[]): number[] {
  const rates = falseAlarmRates(shifts.map(({ p }) => p));
  return [...rates.entries()].filter(([, q]) => q <= FALSE_ALARM_RATE).map(([at]) => at);
}

describe('tests of distributions', () => {
  const columns = Array.from({ length: COLUMNS }, (_, seed) => clean(seed));

  it('raise no alarm on 1,000 clean columns', () => {
    expect(alarms(columns)).toEqual([]);
  });

  it('have a p that is as small as it says at most as often as it says', () => {
    for (const level of [0.5, 0.1, 0.05, 0.01]) {
      const share = columns.filter(({ p }) => p <= level).length / COLUMNS;
      // Three standard errors of a share above it.
      expect(share).toBeLessThanOrEqual(level + 3 * Math.sqrt((level * (1 - level)) / COLUMNS));
    }
  });

  it('find the one column of 1,001 whose mean fell by 3 % through rounding, at 10,000 rows', () => {
    const { shift, fall } = rounded(4711);
    expect(fall).toBeGreaterThan(0.029);
    expect(fall).toBeLessThan(0.031);
    expect(alarms([...columns, shift])).toEqual([COLUMNS]);
  });

  it('find it in every of 15 such tables', () => {
    for (let seed = 1; seed <= 15; seed += 1) {
      const rates = falseAlarmRates([...columns.map(({ p }) => p), rounded(7919 * seed).shift.p]);
      expect(rates.at(-1)).toBeLessThanOrEqual(FALSE_ALARM_RATE);
    }
  });

  it('say how large a change is apart from how sure it is', () => {
    const [even, moved] = [sample([5, 5000, 1, 0, null]), sample([6, 5000, 1, 30, null])];
    expect(numbersShift(even, sample([7, 5000, 1, 0, null])).psi).toBeLessThan(0.1);
    expect(numbersShift(even, moved).psi).toBeGreaterThan(0.25);
  });
});
