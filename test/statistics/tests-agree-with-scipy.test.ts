import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { falseAlarmRates } from '../../activities/kora/statistics/false-alarms.js';
import { kolmogorov, lowerBetaHalf, upperGamma } from '../../activities/kora/statistics/special.js';
import { chiSquare, kolmogorovSmirnov, meanShift } from '../../activities/kora/statistics/tests.js';
import { momentsOf, sample, type Recipe } from './samples.js';

interface Figures {
  readonly samples: readonly {
    readonly one: Recipe;
    readonly other: Recipe;
    readonly distance: number;
    readonly kolmogorov: number;
    readonly ksP: number;
    readonly t: number;
    readonly freedom: number;
    readonly tP: number;
  }[];
  readonly cells: readonly {
    readonly one: readonly number[];
    readonly other: readonly number[];
    readonly statistic: number;
    readonly freedom: number;
    readonly p: number;
  }[];
  readonly upperGamma: readonly (readonly [number, number, number])[];
  readonly studentT: readonly (readonly [number, number, number])[];
  readonly kolmogorov: readonly (readonly [number, number])[];
  readonly falseDiscovery: { readonly p: readonly number[]; readonly q: readonly number[] };
}

const figures = JSON.parse(readFileSync(new URL('scipy-figures.json', import.meta.url), 'utf8')) as Figures;

/** Relative: a p of 1e-80 is to be as right as one of 0.5. */
function expectNear(found: number, figure: number, what: string): void {
  const off = Math.abs(found - figure) / Math.max(Math.abs(figure), 1e-290);
  expect(off, `${what}: ${String(found)} instead of ${String(figure)}`).toBeLessThan(1e-9);
}

it('two samples have the distance, the t, the degrees of freedom and the p that SciPy gives, to 1e-9', () => {
  for (const figure of figures.samples) {
    const [one, other] = [sample(figure.one), sample(figure.other)];
    const what = JSON.stringify([figure.one, figure.other]);
    const ks = kolmogorovSmirnov(one.toSorted(), other.toSorted());
    expectNear(ks.statistic, figure.distance, `distance of ${what}`);
    expectNear(ks.p, figure.kolmogorov, `limiting p of ${what}`);
    const welch = meanShift(momentsOf(one), momentsOf(other));
    expectNear(welch.statistic, figure.t, `t of ${what}`);
    expectNear(welch.freedom, figure.freedom, `freedom of ${what}`);
    expectNear(welch.p, figure.tP, `p of ${what}`);
  }
});

it('the limiting p of Kolmogorov and Smirnov is never below that of the finite samples: fewer alarms, not more', () => {
  for (const { kolmogorov: limit, ksP } of figures.samples) expect(limit).toBeGreaterThanOrEqual(ksP * (1 - 1e-9));
});

it('cells have the chi-square and the p that SciPy gives, to 1e-9', () => {
  for (const { one, other, statistic, freedom, p } of figures.cells) {
    const found = chiSquare(one, other);
    expectNear(found.statistic, statistic, 'chi-square');
    expect(found.freedom).toBe(freedom);
    expectNear(found.p, p, 'p');
  }
});

it('the functions behind them are those of SciPy, to 1e-9, far into the tails', () => {
  for (const [a, x, figure] of figures.upperGamma)
    expectNear(upperGamma(a, x), figure, `Q(${String(a)}, ${String(x)})`);
  for (const [freedom, t, figure] of figures.studentT) {
    const square = t ** 2;
    const p = lowerBetaHalf(freedom / 2, freedom / (freedom + square), square / (freedom + square));
    expectNear(p, figure, `t of ${String(t)} at ${String(freedom)}`);
  }
  for (const [x, figure] of figures.kolmogorov) expectNear(kolmogorov(x), figure, `kolmogorov(${String(x)})`);
});

it('rates of false alarms are those of Benjamini and Hochberg', () => {
  const { p, q } = figures.falseDiscovery;
  for (const [at, rate] of falseAlarmRates(p).entries()) expectNear(rate, q[at] ?? NaN, `q of ${String(p[at])}`);
});
