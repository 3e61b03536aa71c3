import type { TextFormat } from '../../../contracts/rules.js';
import { TEXT_FORMATS } from '../../../contracts/rules.js';
import { FORMAT_NAMES } from '../../../contracts/rules-text.js';
import type { Candidate } from './candidate.js';
import { FORMATS } from './formats.js';
import { AMOUNTS, areOrdered, CODES, FUTURE, hasWord, PAST, SIGNED } from './names.js';
import type { Sample, SampledColumn } from './sample.js';
import { signatureOf } from './signature.js';

const SURE = 1;
const LIKELY = 0.9;
const POSSIBLE = 0.8;

/** Columns of times that are held against each other. */
const TIMES_MAX = 8;
/** Most values that a rule lists, their length, and how often one is there at least on average. */
const LISTED_MAX = 12;
const LISTED_LENGTH = 40;
const LISTED_ROWS = 8;
/** Up to this share, and so often, a value may be a mistake. */
const RARE_SHARE = 0.01;
const RARE_ROWS = 2;
const PROBED = 200;
const PROBED_SHARE = 0.6;

/** Rules of one row that names, types and shapes of a table suggest. */
export function rowCandidates(sample: Sample): Candidate[] {
  const parts = keyColumns(sample);
  return [
    ...sample.columns.flatMap((column) => [
      ...times(sample, column),
      ...(parts.has(column.mapping.target) ? [] : notNegative(sample, column)),
      ...(parts.has(column.mapping.target) ? [] : oneOf(sample, column)),
      ...formats(sample, column),
      ...currencies(sample, column),
    ]),
    ...ordered(sample),
  ];
}

/** Target names of columns that keys and foreign keys are made of. */
export function keyColumns({ table }: Sample): Set<string> {
  const unique = table.uniqueKeys.filter(({ columns }) => columns.length === 1);
  return new Set([table.primaryKey, ...unique, ...table.foreignKeys].flatMap((key) => key?.columns ?? []));
}

type Said = Pick<Candidate, 'kind' | 'evidence' | 'why'> & Partial<Pick<Candidate, 'parameters' | 'values'>>;

export function candidate(sample: Sample, columns: readonly SampledColumn[], said: Said): Candidate {
  const format = (said.parameters as { readonly format?: string } | undefined)?.format;
  return {
    table: sample.name,
    columns: columns.map(({ name }) => name),
    parameters: {},
    ...said,
    signature: signatureOf(said.kind, columns, format),
  };
}

function times(sample: Sample, column: SampledColumn): Candidate[] {
  const { words, name } = column;
  if (column.class !== 'time' || hasWord(words, FUTURE)) return [];
  const past = hasWord(words, PAST);
  const why = past
    ? `The name "${name}" speaks of what has happened.`
    : `"${name}" is a time, and nothing in its name speaks of the future.`;
  return [candidate(sample, [column], { kind: 'not_in_future', evidence: past ? SURE : POSSIBLE, why })];
}

function notNegative(sample: Sample, column: SampledColumn): Candidate[] {
  const { words, mapping, name } = column;
  const isUnsigned = mapping.limits.min !== undefined && !mapping.limits.min.startsWith('-');
  if (column.class !== 'number' || isUnsigned) return [];
  if (!hasWord(words, AMOUNTS) || hasWord(words, SIGNED)) return [];
  const why = `The name "${name}" speaks of an amount, a size or a count.`;
  return [candidate(sample, [column], { kind: 'not_negative', evidence: SURE, why })];
}

function oneOf(sample: Sample, column: SampledColumn): Candidate[] {
  if (column.class !== 'text' || column.mapping.kind === 'enum') return [];
  const counts = new Map<string, number>();
  let there = 0;
  for (const value of column.values) {
    if (typeof value !== 'string') continue;
    there += 1;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (value.length > LISTED_LENGTH || counts.size > 2 * LISTED_MAX) return [];
  }
  const rare = there < 100 ? 0 : Math.min(RARE_ROWS, there * RARE_SHARE);
  const values = [...counts].flatMap(([value, count]) => (count <= rare ? [] : [value])).sort();
  if (values.length < 2 || values.length > LISTED_MAX || there < LISTED_ROWS * values.length) return [];
  const named = hasWord(column.words, CODES);
  const why = `"${column.name}" has ${String(values.length)} values in ${String(there)} rows.`;
  return [candidate(sample, [column], { kind: 'one_of', evidence: named ? SURE : POSSIBLE, why, values })];
}

const FORMAT_WORDS: Readonly<Record<TextFormat, ReadonlySet<string>>> = {
  email: new Set(['email', 'mail', 'emailaddress']),
  phone: new Set(['phone', 'telephone', 'mobile', 'fax', 'tel', 'cell']),
  iban: new Set(['iban']),
  postal_code: new Set(['postal', 'postcode', 'zip', 'zipcode', 'plz', 'postalcode']),
  json: new Set(['json', 'metadata', 'payload', 'setting', 'attribute']),
  url: new Set(['url', 'uri', 'website', 'homepage', 'link']),
  uuid: new Set(['uuid', 'guid']),
};
/** Forms that numbers and words have by accident: the name must say it. */
const BY_NAME: readonly TextFormat[] = ['phone', 'postal_code'];

function formats(sample: Sample, column: SampledColumn): Candidate[] {
  if (column.class !== 'text') return [];
  return TEXT_FORMATS.flatMap((format) => {
    const named = hasWord(column.words, FORMAT_WORDS[format]);
    if (!named && (BY_NAME.includes(format) || !looksLike(column, format))) return [];
    const why = named
      ? `The name "${column.name}" speaks of ${FORMAT_NAMES[format]}.`
      : `Values of "${column.name}" have the form of ${FORMAT_NAMES[format]}.`;
    return [
      candidate(sample, [column], { kind: 'format', evidence: named ? SURE : LIKELY, why, parameters: { format } }),
    ];
  });
}

function looksLike({ values }: SampledColumn, format: TextFormat): boolean {
  const there = values.filter((value): value is string => typeof value === 'string' && value !== '').slice(0, PROBED);
  return there.length > 0 && there.filter(FORMATS[format]).length >= PROBED_SHARE * there.length;
}

function currencies(sample: Sample, column: SampledColumn): Candidate[] {
  if (column.class !== 'text' || !column.words.includes('currency')) return [];
  const rest = column.words.filter((word) => !['currency', 'code', 'iso'].includes(word)).join(' ');
  const amounts = sample.columns.filter(
    ({ class: sort, words }) => sort === 'number' && hasWord(words, AMOUNTS) && !hasWord(words, QUANTITIES_ONLY),
  );
  const [own] = amounts.filter(({ words }) => rest !== '' && words.join(' ').includes(rest));
  const amount = own ?? (amounts.length === 1 ? amounts[0] : undefined);
  if (amount === undefined) return [];
  const why = `"${amount.name}" is an amount, and "${column.name}" says of which currency.`;
  return [candidate(sample, [amount, column], { kind: 'currency_with_amount', evidence: SURE, why })];
}

const QUANTITIES_ONLY = new Set(
  'qty quantity count stock age size weight height width depth length duration'.split(' '),
);

function ordered(sample: Sample): Candidate[] {
  const found: Candidate[] = [];
  for (const sort of ['time', 'number'] as const) {
    const columns = sample.columns.filter((column) => column.class === sort);
    for (const from of columns) {
      for (const to of columns) {
        if (from === to) continue;
        const named = areOrdered(from.words, to.words);
        if (!named && (sort === 'number' || columns.length > TIMES_MAX || !comesBefore(from, to))) continue;
        const why = named
          ? `The names say that "${from.name}" comes before "${to.name}".`
          : `"${from.name}" is never after "${to.name}", and before it in most rows.`;
        found.push(candidate(sample, [from, to], { kind: 'ordered', evidence: named ? SURE : POSSIBLE, why }));
      }
    }
  }
  return found;
}

/** Without a word in their names nothing but all of the rows will do, and most of them strictly. */
function comesBefore(from: SampledColumn, to: SampledColumn): boolean {
  let strictly = 0;
  let rows = 0;
  for (const [row, first] of from.values.entries()) {
    const second = to.values[row];
    if (typeof first !== 'string' || typeof second !== 'string') continue;
    const told = Math.min(first.length, second.length);
    const [one, other] = [first.slice(0, told), second.slice(0, told)];
    if (one > other) return false;
    rows += 1;
    if (one < other) strictly += 1;
  }
  return rows >= 50 && strictly >= rows / 2;
}
