import type { SumOfLines } from '../../../contracts/rules.js';
import type { Candidate } from './candidate.js';
import { DETERMINES, hasWord, KEY_PARTS, PRICES, QUANTITIES, SHARED, TOTALS, UNIQUE } from './names.js';
import { candidate } from './row-candidates.js';
import type { Sample, SampledColumn } from './sample.js';
import { signatureOf } from './signature.js';

const SURE = 1;
const LIKELY = 0.9;
/** Columns whose pairs are looked at. */
const PARTS_MAX = 6;
/** So many equal pairs chance alone would make, at least: else it says nothing that there are none. */
const CHANCE_PAIRS = 3;

interface Numbers {
  readonly present: number;
  readonly distinct: number;
}

/** Counted once for each column: every pair of columns asks. */
const COUNTED = new WeakMap<SampledColumn, Numbers>();

function numbersOf(column: SampledColumn): Numbers {
  const known = COUNTED.get(column);
  if (known !== undefined) return known;
  const there = column.values.filter((value) => value != null);
  const numbers = { present: there.length, distinct: new Set(there).size };
  COUNTED.set(column, numbers);
  return numbers;
}

const present = (column: SampledColumn): number => numbersOf(column).present;
const distinct = (column: SampledColumn): number => numbersOf(column).distinct;

/** Rules of several rows of one table that names and numbers of values suggest. */
export function tableCandidates(sample: Sample): Candidate[] {
  return [...uniques(sample), ...dependencies(sample)];
}

function isKey({ table }: Sample, columns: readonly SampledColumn[]): boolean {
  const targets = columns.map(({ mapping }) => mapping.target);
  const keys = [table.primaryKey, ...table.uniqueKeys].flatMap((key) => (key === undefined ? [] : [key.columns]));
  return keys.some((key) => key.every((column) => targets.includes(column)));
}

function uniques(sample: Sample): Candidate[] {
  const single = sample.columns.flatMap((column) => {
    if (!hasWord(column.words, UNIQUE) || hasWord(column.words, SHARED) || isKey(sample, [column])) return [];
    // A code that most rows share is a category.
    if (distinct(column) < 0.9 * present(column)) return [];
    const why = `The name "${column.name}" speaks of what no two rows share.`;
    return [candidate(sample, [column], { kind: 'unique_together', evidence: LIKELY, why })];
  });
  return [...single, ...pairs(sample)];
}

function pairs(sample: Sample): Candidate[] {
  const foreign = new Set(sample.table.foreignKeys.flatMap(({ columns }) => columns));
  const parts = sample.columns
    .filter(
      ({ words, mapping }) =>
        foreign.has(mapping.target) || (hasWord(words.slice(-1), KEY_PARTS) && !hasWord(words, SHARED)),
    )
    .filter((column) => !isKey(sample, [column]))
    .slice(0, PARTS_MAX);
  const found: Candidate[] = [];
  for (const [at, one] of parts.entries()) {
    for (const other of parts.slice(at + 1)) {
      if (isKey(sample, [one, other]) || byChance(sample.rows, distinct(one), distinct(other)) < CHANCE_PAIRS) continue;
      const why = `No two rows share both "${one.name}" and "${other.name}", though each has equal values in many rows.`;
      found.push(candidate(sample, [one, other], { kind: 'unique_together', evidence: LIKELY, why }));
    }
  }
  return found;
}

/** How many pairs of rows would be equal in both columns, if these had nothing to do with each other. */
function byChance(rows: number, one: number, other: number): number {
  return one === 0 || other === 0 ? 0 : (rows * (rows - 1)) / (2 * one * other);
}

function dependencies(sample: Sample): Candidate[] {
  const found: Candidate[] = [];
  for (const decides of sample.columns) {
    if (decides.class === 'time' || isKey(sample, [decides])) continue;
    const values = distinct(decides);
    if (values < 3 || values > 0.7 * present(decides)) continue;
    for (const decided of sample.columns) {
      if (decided === decides || decided.class !== 'text' || distinct(decided) < 2) continue;
      if (distinct(decided) > 1.2 * values || !speaksOf(decides, decided)) continue;
      const why = `The names say that "${decides.name}" decides "${decided.name}".`;
      found.push(candidate(sample, [decides, decided], { kind: 'functional_dependency', evidence: LIKELY, why }));
    }
  }
  return found;
}

/** The same subject ("country_code", "country_name"), or a subject that is known to decide the other. */
function speaksOf(decides: SampledColumn, decided: SampledColumn): boolean {
  return DETERMINES.some(([first, second], at) => {
    if (!hasWord(decides.words, first) || !hasWord(decided.words, second)) return false;
    const rest = (words: readonly string[], said: ReadonlySet<string>): string =>
      words.filter((word) => !said.has(word) && word !== 'code').join(' ');
    const [one, other] = [rest(decides.words, first), rest(decided.words, second)];
    // A bare "id" or "code" decides nothing outside its own subject.
    return one === other && (at < 2 || one !== '');
  });
}

/** Of all tables; few have a total. */
export function allSums(samples: ReadonlyMap<string, Sample>): Candidate[] {
  const all = [...samples.values()];
  const headers = all.filter(({ columns }) => columns.some(isTotal));
  return headers.flatMap((header) => all.flatMap((lines) => sumCandidates(header, lines)));
}

function isTotal({ class: sort, words }: SampledColumn): boolean {
  return sort === 'number' && hasWord(words, TOTALS);
}

/** Totals of a table that are the sum over another, by a foreign key, or by a column of the same name as the table's key. */
function sumCandidates(header: Sample, lines: Sample): Candidate[] {
  const key = linkOf(header, lines);
  if (key === undefined) return [];
  const linking = new Set(key.lineKey);
  const amounts = amountsOf(lines.columns.filter(({ name }) => !linking.has(name)));
  return header.columns.flatMap((total) => {
    if (!isTotal(total)) return [];
    return amounts.map((amount) => {
      const product = amount.map(({ name }) => `"${name}"`).join(' × ');
      return {
        kind: 'sum_of_lines',
        table: header.name,
        columns: [total.name],
        parameters: { lines: lines.name, ...key, amount: amount.map(({ name }) => name) },
        evidence: SURE,
        why: `"${total.name}" is a total, and ${lines.name} holds ${product} of its lines.`,
        signature: signatureOf('sum_of_lines', [total, ...amount]),
      } satisfies Candidate;
    });
  });
}

interface Link {
  readonly key: readonly string[];
  readonly lineKey: readonly string[];
}

function linkOf(header: Sample, lines: Sample): Link | undefined {
  const sources = (sample: Sample, targets: readonly string[]): string[] =>
    targets.flatMap((target) => sample.columns.find(({ mapping }) => mapping.target === target)?.name ?? []);
  const { target } = header.table;
  const foreign = lines.table.foreignKeys.find(
    ({ targetTable }) => targetTable.schema === target.schema && targetTable.name === target.name,
  );
  const primary = header.table.primaryKey?.columns ?? [];
  const link = foreign
    ? { key: sources(header, foreign.targetColumns), lineKey: sources(lines, foreign.columns) }
    : byName(sources(header, primary), lines);
  const isWhole = link !== undefined && link.key.length > 0 && link.key.length === link.lineKey.length;
  return isWhole && header !== lines ? link : undefined;
}

/** A bare "id" of another table is that table's own. */
function byName(key: readonly string[], lines: Sample): Link | undefined {
  const [name] = key;
  if (key.length !== 1 || name === undefined || name.toLowerCase() === 'id') return undefined;
  const column = lines.columns.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  const own = lines.table.primaryKey?.columns;
  if (column === undefined || (own?.length === 1 && own[0] === column.mapping.target)) return undefined;
  return { key, lineKey: [column.name] };
}

/** A column that is a total by itself, a quantity times a price, or a price; the first that fits is meant. */
function amountsOf(columns: readonly SampledColumn[]): SampledColumn[][] {
  const numbers = columns.filter((column) => column.class === 'number');
  const named = (words: ReadonlySet<string>): SampledColumn[] =>
    numbers.filter((column) => hasWord(column.words, words));
  const products = named(QUANTITIES).flatMap((quantity) =>
    named(PRICES).flatMap((price) => (price === quantity ? [] : [[price, quantity]])),
  );
  const single = (words: ReadonlySet<string>): SampledColumn[][] => named(words).map((column) => [column]);
  return [...single(TOTALS), ...products, ...single(PRICES)].slice(0, 8);
}

/** Tables of lines of which a sample has not all rows, and the columns that sums over them need. */
export function missingLines(samples: ReadonlyMap<string, Sample>): Map<string, Set<string>> {
  const missing = new Map<string, Set<string>>();
  for (const { parameters } of allSums(samples)) {
    const { lines, lineKey, amount } = parameters as SumOfLines;
    if (samples.get(lines)?.whole === true) continue;
    const columns = missing.get(lines) ?? new Set();
    for (const name of [...lineKey, ...amount]) columns.add(name);
    missing.set(lines, columns);
  }
  return missing;
}
