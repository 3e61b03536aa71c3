import type { Sample } from '../../activities/kora/statistics/tests.js';

/** Seed, size, shape, shift, digits that are left (null: all). */
export type Recipe = readonly [seed: number, count: number, shape: number, shift: number, digits: number | null];

/** Numbers from 0 to 1, the same in any language: Park and Miller's generator. */
export function* draws(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = Number((BigInt(state) * 48271n) % 2147483647n);
    yield state / 2147483647;
  }
}

export function sample([seed, count, shape, shift, digits]: Recipe): Float64Array {
  const source = draws(seed);
  return Float64Array.from({ length: count }, () => {
    const value = shift + 100 * source.next().value ** shape;
    return digits === null ? value : Math.floor(value * 10 ** digits) / 10 ** digits;
  });
}

export function momentsOf(values: Float64Array): Sample {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squaredDeviations = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count: values.length, mean, squaredDeviations };
}
