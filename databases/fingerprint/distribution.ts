import type { Distribution } from '../../contracts/profile.js';

/** Greatest number of centroids that are kept. */
const COMPRESSION = 100;
const WAITING_MAX = 512;

/**
 * How numbers are spread: exact count and extremes, mean and squared deviations (by Chan's formula), and quantiles by a
 * merging t-digest (Dunning, scale k1). A centroid holds at most pi / 100 of the values at the median, and less towards
 * both ends: the rank of a quantile is off by at most 3 % of the values, beside a value that many rows share, and seldom
 * by more than 1 % elsewhere. Merged parts keep to that.
 */
export class DistributionSketch {
  #count = 0;
  #mean = 0;
  #deviations = 0;
  #min = Infinity;
  #max = -Infinity;
  #means = new Float64Array(0);
  #weights = new Float64Array(0);
  readonly #waiting = new Float64Array(WAITING_MAX);
  #waitingCount = 0;

  /** A finite number; others are left out. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#count++;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#deviations += difference * (value - this.#mean);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#waiting[this.#waitingCount++] = value;
    if (this.#waitingCount === WAITING_MAX) this.#settle();
  }

  merge(other: DistributionSketch): void {
    if (other.#count === 0) return;
    this.#settle();
    other.#settle();
    const count = this.#count + other.#count;
    const difference = other.#mean - this.#mean;
    this.#deviations += other.#deviations + (difference * difference * this.#count * other.#count) / count;
    this.#mean += (difference * other.#count) / count;
    this.#count = count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#compress(other.#means, other.#weights);
  }

  result(): Distribution | undefined {
    if (this.#count === 0) return undefined;
    this.#settle();
    return {
      count: this.#count,
      mean: this.#mean,
      squaredDeviations: this.#deviations,
      min: this.#min,
      max: this.#max,
      centroids: Array.from(this.#means, (mean, index) => [mean, this.#weights[index] ?? 0] as const),
    };
  }

  static of(known: Distribution | undefined): DistributionSketch {
    const sketch = new DistributionSketch();
    if (known === undefined) return sketch;
    sketch.#count = known.count;
    sketch.#mean = known.mean;
    sketch.#deviations = known.squaredDeviations;
    sketch.#min = known.min;
    sketch.#max = known.max;
    sketch.#means = Float64Array.from(known.centroids, ([mean]) => mean);
    sketch.#weights = Float64Array.from(known.centroids, ([, weight]) => weight);
    return sketch;
  }

  #settle(): void {
    if (this.#waitingCount === 0) return;
    const values = this.#waiting.slice(0, this.#waitingCount).sort();
    this.#waitingCount = 0;
    this.#compress(values, new Float64Array(values.length).fill(1));
  }

  /** Merges sorted centroids into the sorted ones that are here, and joins neighbours as far as the scale allows. */
  #compress(means: Float64Array, weights: Float64Array): void {
    const all = joined({ means: this.#means, weights: this.#weights }, { means, weights });
    const total = all.weights.reduce((sum, weight) => sum + weight, 0);
    let kept = 0;
    let before = 0;
    let limit = total * nextQuantile(0);
    for (let index = 1; index < all.means.length; index++) {
      const mean = all.means[index] ?? 0;
      const weight = all.weights[index] ?? 0;
      const keptWeight = all.weights[kept] ?? 0;
      if (before + keptWeight + weight <= limit) {
        const sum = keptWeight + weight;
        all.weights[kept] = sum;
        all.means[kept] = (all.means[kept] ?? 0) + ((mean - (all.means[kept] ?? 0)) * weight) / sum;
      } else {
        before += keptWeight;
        limit = total * nextQuantile(before / total);
        kept++;
        all.means[kept] = mean;
        all.weights[kept] = weight;
      }
    }
    this.#means = all.means.slice(0, kept + 1);
    this.#weights = all.weights.slice(0, kept + 1);
  }
}

interface Centroids {
  readonly means: Float64Array;
  readonly weights: Float64Array;
}

function joined(left: Centroids, right: Centroids): Centroids {
  const size = left.means.length + right.means.length;
  const all = { means: new Float64Array(size), weights: new Float64Array(size) };
  let taken = 0;
  for (let index = 0; index < size; index++) {
    const other = index - taken;
    const isLeft = (left.means[taken] ?? Infinity) <= (right.means[other] ?? Infinity);
    const from = isLeft ? left : right;
    const at = isLeft ? taken++ : other;
    all.means[index] = from.means[at] ?? 0;
    all.weights[index] = from.weights[at] ?? 0;
  }
  return all;
}

/** The quantile up to which a centroid that begins at this one may reach: one step on the scale k1. */
function nextQuantile(quantile: number): number {
  const angle = Math.asin(2 * quantile - 1) + (2 * Math.PI) / COMPRESSION;
  return angle >= Math.PI / 2 ? 1 : (Math.sin(angle) + 1) / 2;
}

/** The value below which about this share (0 to 1) of the values lies. */
export function quantileOf({ centroids, count, min, max }: Distribution, share: number): number {
  const wanted = share * count;
  let [lastPlace, last] = [0, min];
  let before = 0;
  for (const [mean, weight] of centroids) {
    const place = before + weight / 2;
    if (wanted < place) return last + ((mean - last) * (wanted - lastPlace)) / (place - lastPlace);
    [lastPlace, last] = [place, mean];
    before += weight;
  }
  return last + ((max - last) * (wanted - lastPlace)) / Math.max(count - lastPlace, Number.EPSILON);
}
