/**
 * The functions that tests of hypotheses need, by the forms of "Numerical Recipes" and of Abramowitz and Stegun. They
 * agree with SciPy's to ten digits and more, which a test shows: see docs/statistics.md for why they are our own.
 */

const EPSILON = 2 ** -52;
const TINY = 1e-300;
const STEPS_MAX = 100_000;

/** Lanczos' coefficients for g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Γ(x), x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const base = x + 6.5;
  let sum: number = LANCZOS[0];
  for (const [at, coefficient] of LANCZOS.entries()) if (at > 0) sum += coefficient / (x - 1 + at);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

/** ln Γ(x + 1/2) - ln Γ(x), without the loss of digits that the difference of two large numbers has. */
function logGammaHalfStep(x: number): number {
  if (x < 50) return logGamma(x + 0.5) - logGamma(x);
  return 0.5 * Math.log(x) - 1 / (8 * x) + 1 / (192 * x ** 3) - 1 / (640 * x ** 5) + 17 / (14_336 * x ** 7);
}

/** Q(a, x): the upper part of the incomplete gamma function, of its whole. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - front * gammaSeries(a, x) : front * gammaFraction(a, x);
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let at = a + 1; term > sum * EPSILON; at += 1) {
    term *= x / at;
    sum += term;
  }
  return sum;
}

function gammaFraction(a: number, x: number): number {
  return fraction(x + 1 - a, (step) => [-step * (step - a), x + 1 - a + 2 * step]);
}

/** 1 / (first + n1 / (d1 + n2 / (d2 + …))), by Lentz. */
function fraction(first: number, part: (step: number) => readonly [numerator: number, denominator: number]): number {
  let [c, d] = [1 / TINY, 1 / awayFromZero(first)];
  let value = d;
  for (let step = 1; step <= STEPS_MAX; step += 1) {
    const [numerator, denominator] = part(step);
    d = 1 / awayFromZero(numerator * d + denominator);
    c = awayFromZero(denominator + numerator / c);
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < EPSILON) break;
  }
  return value;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** I of a, 1/2 at x = 1 - y: the regularised incomplete beta function. `y` is given for itself, so that none is lost. */
export function lowerBetaHalf(a: number, x: number, y: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(logGammaHalfStep(a) - 0.5 * Math.log(Math.PI) + a * Math.log(x) + 0.5 * Math.log(y));
  if (x < (a + 1) / (a + 2.5)) return (front / a) * betaFraction(a, 0.5, x);
  return 1 - 2 * front * betaFraction(0.5, a, y);
}

function betaFraction(a: number, b: number, x: number): number {
  const first = 1 - ((a + b) * x) / (a + 1);
  const even = (m: number): number => (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
  const odd = (m: number): number => (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
  // Two parts of the fraction are one step here: its even form, which needs half as many.
  return evenForm(first, even, odd);
}

function evenForm(first: number, even: (m: number) => number, odd: (m: number) => number): number {
  let [c, d] = [1, 1 / awayFromZero(first)];
  let value = d;
  for (let m = 1; m <= STEPS_MAX; m += 1) {
    d = 1 / awayFromZero(1 + even(m) * d);
    c = awayFromZero(1 + even(m) / c);
    value *= c * d;
    d = 1 / awayFromZero(1 + odd(m) * d);
    c = awayFromZero(1 + odd(m) / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < EPSILON) break;
  }
  return value;
}

/** How seldom Kolmogorov's statistic is greater: the limit for many values, which is on the side of no alarm for few. */
export function kolmogorov(lambda: number): number {
  if (lambda <= 0) return 1;
  if (lambda < 1.18) {
    const base = -(Math.PI ** 2) / (8 * lambda ** 2);
    let sum = 0;
    for (let step = 1; step <= 9; step += 2) sum += Math.exp(step ** 2 * base);
    return 1 - (Math.sqrt(2 * Math.PI) / lambda) * sum;
  }
  let sum = 0;
  for (let step = 1; step <= 10; step += 1) sum += (step % 2 === 1 ? 2 : -2) * Math.exp(-2 * (step * lambda) ** 2);
  return sum;
}
