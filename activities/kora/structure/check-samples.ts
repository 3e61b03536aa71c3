import type { ExistingColumn } from '../../../contracts/existing.js';

/** Rows that two checks are tried on. */
const ROWS_MAX = 20_000;
const LENGTH_MAX = 300;

export interface SampledColumn {
  readonly name: string;
  readonly type: string;
  /** As text; null is NULL. */
  readonly samples: readonly (string | null)[];
}

/**
 * Values around everything that the checks name, for every column: just below, at and above each number, texts that are
 * named and texts of such lengths. Undefined where a column's type has none, or there are too many columns.
 */
export function samplesFor(
  columns: readonly ExistingColumn[],
  expressions: readonly string[],
): SampledColumn[] | undefined {
  const words = wordsOf(expressions);
  const sampled = columns.map(({ name, type, base, labels }) => ({
    name,
    type,
    samples: labels ?? samplesOf(base, words),
  }));
  if (sampled.some(({ samples }) => samples.length === 0)) return undefined;
  const most = Math.floor(ROWS_MAX ** (1 / Math.max(1, sampled.length))) - 1;
  if (most < 2) return undefined;
  return sampled.map(({ samples, ...column }) => ({
    ...column,
    samples: [null, ...new Set(samples)].slice(0, most + 1),
  }));
}

interface Words {
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
}

function wordsOf(expressions: readonly string[]): Words {
  const all = expressions.join(' ');
  const texts = [...all.matchAll(/'((?:[^']|'')*)'/g)].map(([, text = '']) => text.replaceAll("''", "'"));
  const bare = all.replace(/'(?:[^']|'')*'/g, ' ').replace(/"(?:[^"]|"")*"/g, ' ');
  const numbers = [...bare.matchAll(/(?<![\w.])\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
  const quoted = texts.map(Number).filter((number) => !Number.isNaN(number));
  return { numbers: [...new Set([...numbers, ...quoted])], texts };
}

const LIMITS: Readonly<Record<string, number>> = { int2: 32_767, int4: 2_147_483_647, int8: 2 ** 53 };

function samplesOf(base: string, { numbers, texts }: Words): string[] {
  switch (base) {
    case 'int2':
    case 'int4':
    case 'int8':
      return around(numbers, 1)
        .filter((number) => Math.abs(number) <= (LIMITS[base] ?? 0) && Number.isInteger(number))
        .map(String);
    case 'numeric':
    case 'float4':
    case 'float8':
      return [...around(numbers, 1), ...around(numbers, 0.01)].map(String);
    case 'bool':
      return ['true', 'false'];
    case 'text':
    case 'varchar':
    case 'bpchar':
      return textsAround(numbers, texts);
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return daysAround(texts);
    default:
      return [];
  }
}

function around(numbers: readonly number[], step: number): number[] {
  const whole = [0, 1, -1, ...numbers, ...numbers.map((number) => -number)];
  return whole.flatMap((number) => [number, number - step, number + step]);
}

function textsAround(numbers: readonly number[], texts: readonly string[]): string[] {
  const named = texts.flatMap((text) => [
    text,
    text.replace(/[%_]/g, ''),
    text.replace(/[%_]/g, 'x'),
    `${text}x`,
    text.toUpperCase(),
    text.toLowerCase(),
  ]);
  const long = numbers
    .flatMap((number) => [number - 1, number, number + 1])
    .filter((length) => Number.isInteger(length) && length > 0 && length <= LENGTH_MAX);
  return ['', ' ', 'x', ...named, ...long.map((length) => 'x'.repeat(length))];
}

function daysAround(texts: readonly string[]): string[] {
  const named = texts.flatMap((text) => {
    const day = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.slice(0, 10)) : NaN;
    return Number.isNaN(day)
      ? []
      : [-1, 0, 1].map((more) => new Date(day + more * 86_400_000).toISOString().slice(0, 10));
  });
  return ['1900-01-01', '2000-01-01', '2024-06-15', '2100-01-01', ...named];
}
