import type { TableMapping } from '../../../contracts/mapping.js';
import type { Finding, FindingCode } from '../../../contracts/migration.js';
import { classify } from '../../kora/differences/classify.js';
import type { Classified } from '../../kora/differences/classify.js';
import { framed } from '../expected-row.js';
import type { CanonicalField } from '../expected-row.js';
import type { Fields, Pair } from './pairs.js';

/** Examples that are kept of each finding, sealed. */
export const EXAMPLES = 100;

export interface Example {
  readonly code: FindingCode;
  /** Column of the target; null: the whole row. */
  readonly column: string | null;
  /** Canonical bytes of the key's fields; empty where the table has none. */
  readonly key: readonly Buffer[];
  /** Of the source's value, or of its row where a row is lost; of the target's where one is too many. */
  readonly bytes: Buffer;
}

interface Group {
  readonly code: FindingCode;
  readonly column: number | null;
  count: number;
  /** Minutes that clocks were moved, with how often. */
  readonly minutes: Map<number, number>;
  /** What stands in the target for values without a faithful form. */
  nulls: number;
  readonly examples: Example[];
}

/** What differs in one table, by class and column. */
export class Tally {
  readonly #table: TableMapping;
  readonly #keys: readonly number[];
  readonly #groups = new Map<string, Group>();

  constructor(table: TableMapping, keys: readonly number[]) {
    this.#table = table;
    this.#keys = keys;
  }

  rows(code: 'lost_rows' | 'extra_rows' | 'duplicated_rows' | 'rows_differ', rows: readonly Fields[]): void {
    for (const fields of rows) this.#add({ code }, { column: null, fields, bytes: this.#rowOf(fields) });
  }

  untold(count: number): void {
    if (count > 0) this.#group('rows_differ', null).count += count;
  }

  /** Rows whose values were exchanged are told as such; else every value that changed for itself. */
  pairs(pairs: readonly Pair[]): void {
    const swapped = swappedPairs(pairs, this.#keys);
    for (const pair of pairs) {
      if (swapped.has(pair)) {
        this.#add({ code: 'rows_swapped' }, { column: null, fields: pair.source, bytes: this.#rowOf(pair.source) });
        continue;
      }
      for (const column of changedColumns(pair)) this.#value(pair, column);
    }
  }

  get examples(): readonly Example[] {
    return [...this.#groups.values()].flatMap(({ examples }) => examples);
  }

  findings(name: string): Finding[] {
    return [...this.#groups.values()].map((group) => {
      const { code, column, count } = group;
      const object = column === null ? name : `${name}.${this.#table.columns[column]?.source ?? ''}`;
      const detail = `${object}: ${String(count)} ${this.#wordsOf(group)}.`;
      return { id: `${code}:${object}`, code, kind: 'data', object, count, disposition: 'listed', detail };
    });
  }

  #wordsOf({ code, count, minutes, nulls }: Group): string {
    if (code === 'time_zone_shift' && minutes.size === 1) {
      return `${WORDS[code] ?? code}, all by ${String([...minutes.keys()][0])} minutes`;
    }
    if (code === 'value_without_faithful_form') {
      return `value(s) that PostgreSQL has no form for; ${String(nulls)} stand as NULL and ${String(count - nulls)} as something else`;
    }
    return WORDS[code] ?? code.replaceAll('_', ' ');
  }

  #value({ source, target }: Pair, column: number): void {
    const [from, to] = [source[column], target[column]];
    const mapping = this.#table.columns[column];
    if (from === undefined || to === undefined || mapping === undefined) return;
    const bytes = (field: CanonicalField): Buffer | null => (field.state === 'null' ? null : field.bytes);
    const classified = classify(mapping, {
      source: { bytes: bytes(from), odd: from.state === 'odd' },
      target: bytes(to),
    });
    const group = this.#add(classified, { column, fields: source, bytes: bytes(from) ?? Buffer.alloc(0) });
    if (to.state === 'null') group.nulls += 1;
  }

  #add(
    { code, minutes }: Classified,
    about: { readonly column: number | null; readonly fields: Fields; readonly bytes: Buffer },
  ): Group {
    const group = this.#group(code, about.column);
    group.count += 1;
    if (minutes !== undefined) group.minutes.set(minutes, (group.minutes.get(minutes) ?? 0) + 1);
    if (group.examples.length < EXAMPLES) {
      const column = about.column === null ? null : (this.#table.columns[about.column]?.target ?? null);
      const key = this.#keys.map((at) => about.fields[at]?.bytes ?? Buffer.alloc(0));
      group.examples.push({ code, column, key, bytes: about.bytes });
    }
    return group;
  }

  #group(code: FindingCode, column: number | null): Group {
    const id = `${code}:${String(column)}`;
    const there = this.#groups.get(id);
    if (there !== undefined) return there;
    const group: Group = { code, column, count: 0, minutes: new Map(), nulls: 0, examples: [] };
    this.#groups.set(id, group);
    return group;
  }

  /** Each field with its length in front, as the copy keeps a row. */
  #rowOf(fields: Fields): Buffer {
    return Buffer.concat(fields.map((field) => (field.state === 'odd' ? framed(field.bytes) : field.framed)));
  }
}

const WORDS: Readonly<Partial<Record<FindingCode, string>>> = {
  lost_rows: 'row(s) of the source are not in the target',
  extra_rows: 'row(s) of the target are not in the source',
  duplicated_rows: 'row(s) stand more often in the target than in the source',
  rows_differ: 'row(s), at most, differ beyond those that there was room to tell apart',
  rows_swapped: 'row(s) have the values of another row',
  null_lost: 'NULL(s) of the source are values in the target',
  null_made: 'value(s) of the source are NULL in the target',
  truncated: 'value(s) were cut short',
  case_changed: 'value(s) have letters in another case',
  trailing_blanks: 'value(s) differ in blanks at their end',
  rounded: 'value(s) have fewer digits',
  sign_changed: 'value(s) have the other sign',
  overflowed: 'value(s) did not fit the type that they went through',
  time_zone_shift: 'moment(s) were moved by whole quarters of an hour',
  day_month_swapped: 'date(s) have day and month exchanged',
  encoding_damaged: 'text(s) were taken for another character set',
  unicode_normalized: 'text(s) are spelled with other code points for the same characters',
  value_differs: 'value(s) differ',
};

function changedColumns({ source, target }: Pair): number[] {
  return source.flatMap((field, at) => (target[at]?.framed.equals(field.framed) === true ? [] : [at]));
}

/**
 * Pairs that hold each other's values in all columns that changed. One column alone tells it only where its values are
 * long enough not to be exchanged by chance.
 */
function swappedPairs(pairs: readonly Pair[], keys: readonly number[]): ReadonlySet<Pair> {
  const swapped = new Set<Pair>();
  const waiting = new Map<string, Pair>();
  for (const pair of pairs) {
    const columns = changedColumns(pair);
    if (columns.some((at) => keys.includes(at)) || !isTelling(pair, columns)) continue;
    const words = (fields: Fields): string =>
      `${columns.join(',')}:${Buffer.concat(columns.map((at) => fields[at]?.framed ?? Buffer.alloc(0))).toString('latin1')}`;
    const [from, to] = [words(pair.source), words(pair.target)];
    const other = waiting.get(`${to}\0${from}`);
    if (other === undefined) {
      waiting.set(`${from}\0${to}`, pair);
      continue;
    }
    waiting.delete(`${to}\0${from}`);
    swapped.add(pair).add(other);
  }
  return swapped;
}

const TELLING_BYTES = 4;

function isTelling({ source, target }: Pair, columns: readonly number[]): boolean {
  if (columns.length > 1) return true;
  const [only] = columns;
  const least = [source, target].map((fields) => (only === undefined ? 0 : (fields[only]?.bytes.length ?? 0)));
  return columns.length === 1 && Math.min(...least) >= TELLING_BYTES;
}
