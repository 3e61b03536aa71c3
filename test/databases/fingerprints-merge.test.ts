import { describe, expect, it } from 'vitest';
import type { ColumnFingerprint, Distribution } from '../../contracts/profile.js';
import { ColumnSketch } from '../../databases/fingerprint/column-sketch.js';
import { quantileOf } from '../../databases/fingerprint/distribution.js';
import { hashOfText } from '../../databases/fingerprint/hash.js';
import { EXACT_MAX, HyperLogLog } from '../../databases/fingerprint/hyperloglog.js';
import { mergeFingerprints } from '../../databases/fingerprint/merge.js';
import { COUNTERS } from '../../databases/fingerprint/top-values.js';
import type { ValueForm } from '../../databases/fingerprint/value-forms.js';

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => [random(), value] as const)
    .sort(([left], [right]) => left - right)
    .map(([, value]) => value);
}

type Value = string | Buffer | null;

function fingerprintOf(values: readonly Value[], form: ValueForm): ColumnFingerprint {
  const sketch = new ColumnSketch();
  for (const value of values) {
    if (value === null) sketch.addNull();
    else {
      // Amid other bytes, as in a batch of rows.
      const bytes = Buffer.concat([Buffer.from('9'), Buffer.from(value), Buffer.from('9.')]);
      sketch.add({ bytes, from: 1, to: bytes.length - 2, length: -1 }, form);
    }
  }
  return sketch.result();
}

function distinctOf({ distinct }: ColumnFingerprint): number {
  return HyperLogLog.fromText(distinct).count();
}

/** Cuts the values into parts and merges their fingerprints, always two at random. */
function mergedInParts(values: readonly Value[], form: ValueForm, random: () => number): ColumnFingerprint {
  const parts: Value[][] = Array.from({ length: 2 + Math.floor(random() * 8) }, () => []);
  for (const value of values) parts[Math.floor(random() * parts.length)]?.push(value);
  const prints = parts.map((part) => fingerprintOf(part, form));
  while (prints.length > 1) {
    const [left, right] = [0, 1].map(() => prints.splice(Math.floor(random() * prints.length), 1)[0]);
    if (left && right) prints.push(mergeFingerprints(left, right));
  }
  return prints[0] ?? fingerprintOf([], form);
}

/** What comes out the same whatever the order and the parts. */
function exactParts(print: ColumnFingerprint): unknown {
  const { rows, nulls, distinct, lengthHistogram, least, greatest, characters, numbers, lengths } = print;
  const ends = [numbers, lengths].map((each) => each && [each.count, each.min, each.max]);
  return { rows, nulls, distinct, lengthHistogram, least, greatest, characters, ends };
}

/** How far the rank of the worst of some quantiles is off, as a share of the values. */
function worstRank(distribution: Distribution, exact: readonly number[]): number {
  const sorted = Float64Array.from(exact).sort();
  const errors = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99].map((share) => {
    const found = quantileOf(distribution, share);
    const below = sorted.findIndex((value) => value >= found);
    const upTo = sorted.findLastIndex((value) => value <= found) + 1;
    const wanted = share * sorted.length;
    return Math.max(0, (below === -1 ? sorted.length : below) - wanted, wanted - upTo) / sorted.length;
  });
  return Math.max(...errors);
}

function expectTopWithin({ top }: ColumnFingerprint, values: readonly string[], floorMax: number): void {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  expect(top.values.length).toBeLessThanOrEqual(COUNTERS);
  for (const { value, count, error } of top.values) {
    const real = counts.get(value) ?? 0;
    expect(real, value).toBeLessThanOrEqual(count);
    expect(real, value).toBeGreaterThanOrEqual(count - error);
    counts.delete(value);
  }
  for (const [value, real] of counts) expect(real, value).toBeLessThanOrEqual(top.floor);
  expect(top.floor).toBeLessThanOrEqual(floorMax);
}

const WORDS = [
  '',
  '7',
  '0042',
  'a',
  'Zoë',
  'Straße',
  '日本語',
  'Привет',
  'tab\there',
  'bell\u0007',
  '🫡',
  'x'.repeat(3000),
];

/** Few values often, many once, some NULL. */
function texts(random: () => number): Value[] {
  return Array.from({ length: 3000 }, () => {
    const share = random();
    if (share < 0.1) return null;
    if (share < 0.6) return WORDS[Math.floor(random() ** 2 * WORDS.length)] ?? '';
    return `customer ${String(Math.floor(random() * 5000))}`;
  });
}

describe('fingerprints of parts, merged in any order', () => {
  it.each([1, 2, 3, 4, 5, 6])('are that of the whole: texts, split at random (seed %i)', (seed) => {
    const random = randomOf(seed);
    const values = texts(random);
    const whole = fingerprintOf(values, 'text');
    const merged = mergedInParts(values, 'text', random);
    expect(exactParts(merged)).toEqual(exactParts(whole));
    expect(exactParts(fingerprintOf(shuffled(values, random), 'text'))).toEqual(exactParts(whole));
    expect(merged.lengths?.mean).toBeCloseTo(whole.lengths?.mean ?? NaN, 9);
    const present = values.filter((value): value is string => typeof value === 'string' && value.length <= 64);
    for (const print of [whole, merged]) {
      expectTopWithin({ ...print, top: { ...print.top, values: print.top.values.filter(isShort) } }, present, 3000 / 8);
    }
  });

  it.each([11, 12, 13, 14])('are that of the whole: numbers, split at random (seed %i)', (seed) => {
    const random = randomOf(seed);
    const numbers = Array.from({ length: 20_000 }, () => Math.round(1000 * Math.exp(3 * random())) / 100 + 1e6);
    const whole = fingerprintOf(numbers.map(String), 'number');
    const merged = mergedInParts(numbers.map(String), 'number', random);
    expect(exactParts(merged)).toEqual(exactParts(whole));
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    const deviations = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    for (const { numbers: found } of [whole, merged]) {
      if (!found) throw new Error('no numbers');
      expect(found.mean / mean).toBeCloseTo(1, 12);
      expect(found.squaredDeviations / deviations).toBeCloseTo(1, 6);
      expect(found.centroids.length).toBeLessThanOrEqual(100);
      expect(found.centroids.reduce((sum, [, weight]) => sum + weight, 0)).toBe(20_000);
      expect(worstRank(found, numbers)).toBeLessThan(0.02);
    }
  });

  it('of disjoint parts count all of their distinct values, also across the step from hashes to registers', () => {
    const of = (from: number, to: number): ColumnFingerprint =>
      fingerprintOf(
        Array.from({ length: to - from }, (_, index) => `v${String(from + index)}`),
        'text',
      );
    expect(distinctOf(mergeFingerprints(of(0, 200), of(100, 300)))).toBe(300);
    for (const middle of [1, 200, EXACT_MAX, EXACT_MAX + 1, 5999]) {
      const merged = mergeFingerprints(of(0, middle), of(middle, 6000));
      expect(merged.distinct, String(middle)).toBe(of(0, 6000).distinct);
      expect(mergeFingerprints(of(middle, 6000), of(0, middle)).distinct).toBe(merged.distinct);
    }
  });

  it('of nothing change nothing', () => {
    const print = fingerprintOf(['a', 'b', null], 'text');
    for (const empty of [fingerprintOf([], 'text'), fingerprintOf([], 'number')]) {
      expect(mergeFingerprints(print, empty)).toEqual(print);
      expect(mergeFingerprints(empty, print)).toEqual(print);
    }
  });
});

function isShort({ value }: { readonly value: string }): boolean {
  return value.length < 64;
}

describe('the sketch of distinct values', () => {
  it('is exact up to 384 and within five per cent up to a million', { timeout: 60_000 }, () => {
    const sketch = new HyperLogLog();
    const steps = new Set([1, 10, 384, 385, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]);
    for (let added = 1; added <= 1_000_000; added++) {
      sketch.add(hashOfText(`user${String(added)}@example.org`));
      if (!steps.has(added)) continue;
      const error = Math.abs(sketch.count() / added - 1);
      expect(error, String(added)).toBeLessThanOrEqual(added <= EXACT_MAX ? 0 : 0.05);
    }
  });

  it('has a relative standard error of about 1.6 per cent', () => {
    const squares = Array.from({ length: 60 }, (_, round) => {
      const sketch = new HyperLogLog();
      for (let index = 0; index < 20_000; index++) sketch.add(hashOfText(`${String(round)}/${String(index)}`));
      return (sketch.count() / 20_000 - 1) ** 2;
    });
    const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    expect(deviation).toBeLessThan(0.021);
    expect(deviation).toBeGreaterThan(0.008);
  });
});

describe('quantiles', () => {
  const random = randomOf(5);
  const CASES: Readonly<Record<string, readonly number[]>> = {
    'evenly spread': Array.from({ length: 50_000 }, () => random() * 1000),
    ascending: Array.from({ length: 50_000 }, (_, index) => index),
    descending: Array.from({ length: 50_000 }, (_, index) => -index),
    'long-tailed': Array.from({ length: 50_000 }, () => Math.exp(12 * random())),
    'nearly all one value': Array.from({ length: 50_000 }, () => (random() < 0.97 ? 7 : random() * 100)),
    'only a few': [5, 1, 4, 2, 3],
  };
  it.each(Object.entries(CASES))('of values %s are off by few per cent in rank', (name, values) => {
    const { numbers } = fingerprintOf(values.map(String), 'number');
    if (!numbers) throw new Error('no numbers');
    // Of five values a fifth is one value.
    expect(worstRank(numbers, values)).toBeLessThanOrEqual(
      { 'only a few': 0.2, 'nearly all one value': 0.03 }[name] ?? 0.01,
    );
    expect(quantileOf(numbers, 0)).toBe(Math.min(...values));
    expect(quantileOf(numbers, 1)).toBe(numbers.max);
  });
});

describe('values', () => {
  const FORMS: readonly (readonly [ValueForm, readonly string[]])[] = [
    ['number', ['7.5', '007.50', '75e-1', '7.5000000000000000000']],
    ['number', ['-12', '-0012', '-12.0', '-1.2E1']],
    ['number', ['0', '-0', '0.00', '000']],
    ['number', ['12345678901234567890123.5', '0012345678901234567890123.50']],
    ['time', ['2024-02-29 10:11:12', '2024-02-29T10:11:12', '2024-02-29 10:11:12.000']],
    ['time', ['-838:59:59', '-838:59:59.0']],
  ];
  it.each(FORMS)('that are equal count as one %s however they are written: %j', (form, written) => {
    const print = fingerprintOf(written, form);
    expect(distinctOf(print)).toBe(1);
    expect(print.top.values).toMatchObject([{ count: written.length, error: 0 }]);
    expect(print.numbers).toMatchObject({ count: written.length, squaredDeviations: 0 });
  });

  it('of the past, of leap days and of a day are seconds', () => {
    const seconds = (text: string): number | undefined => fingerprintOf([text], 'time').numbers?.min;
    for (const moment of ['1970-01-01', '2024-02-29', '2000-03-01', '1899-12-31', '0001-01-01', '9999-12-31']) {
      expect(seconds(moment), moment).toBe(Date.parse(`${moment}T00:00:00Z`) / 1000);
    }
    expect(seconds('2024-02-29 23:59:58.25')).toBe(Date.parse('2024-02-29T23:59:58.250Z') / 1000);
    expect(seconds('-01:02:03.5')).toBe(-3723.5);
    for (const odd of ['0000-00-00', '2023-02-29', '2024-00-01', 'soon']) expect(seconds(odd), odd).toBeUndefined();
  });

  it('that are long are told apart by their beginning and their length', () => {
    const long = (length: number, end: string): string => 'é'.repeat(length - 1) + end;
    const print = fingerprintOf(
      [long(1024, 'a'), long(1024, 'b'), long(1025, 'a'), long(1025, 'b'), long(2000, 'a')],
      'text',
    );
    expect(distinctOf(print)).toBe(4);
    expect(print.lengths).toMatchObject({ min: 1024, max: 2000 });
    // As an engine gives one that it cut: its first characters, and its length.
    const cut = new ColumnSketch();
    const bytes = Buffer.from('é'.repeat(1024));
    cut.add({ bytes, from: 0, to: bytes.length, length: 2000 }, 'text');
    expect(cut.result()).toEqual(fingerprintOf([long(2000, 'a')], 'text'));
  });

  it('are of one class of characters each', () => {
    const { characters, lengthHistogram } = fingerprintOf(
      [
        '',
        '123',
        'a1',
        'Zoë – 5 €',
        'Tiếng Việt',
        'été',
        'Ελλάδα',
        '日本',
        '🫡',
        'a\u0000',
        Buffer.from([0x41, 0xff]),
        Buffer.from([0x80]),
      ],
      'text',
    );
    expect(characters).toEqual({ empty: 1, digits: 1, ascii: 2, latin: 3, other: 3, invalid: 2, control: 1 });
    // A byte that only continues a character has no length.
    expect(lengthHistogram?.reduce((sum, count) => sum + count, 0)).toBe(12);
    expect(lengthHistogram?.[0]).toBe(2);
  });

  it('that are binary have lengths in bytes, and no classes', () => {
    const print = fingerprintOf([Buffer.from([0, 255]), Buffer.from([0, 255]), Buffer.alloc(9000), null], 'binary');
    expect(print).toMatchObject({ rows: 4, nulls: 1, lengths: { count: 3, min: 2, max: 9000 } });
    expect(print.top.values[0]).toMatchObject({ value: '00ff', count: 2 });
    expect([print.characters, print.least, print.numbers]).toEqual([undefined, undefined, undefined]);
    expect(distinctOf(print)).toBe(2);
  });

  it('that are not there leave only counts', () => {
    expect(fingerprintOf([null, null], 'number')).toEqual({
      ...{ rows: 2, nulls: 2, distinct: fingerprintOf([], 'text').distinct, top: { values: [], floor: 0 } },
    });
  });
});

it('a fingerprint stays below 32 KiB whatever the values are', () => {
  const random = randomOf(9);
  const sketch = new ColumnSketch();
  for (let index = 0; index < 20_000; index++) {
    const bytes = Buffer.from(`\u0001${String(random())}`.repeat(60));
    sketch.add({ bytes, from: 0, to: bytes.length, length: -1 }, 'text');
    const number = Buffer.from(String(random() * 1e-7));
    sketch.add({ bytes: number, from: 0, to: number.length, length: -1 }, 'number');
    const control = Buffer.alloc(64 + (index % 2000), 1);
    control.writeInt32LE(index & 0x1f1f1f1f);
    sketch.add({ bytes: control, from: 0, to: control.length, length: -1 }, 'text');
  }
  expect(JSON.stringify(sketch.result()).length).toBeLessThan(32 << 10);
});
