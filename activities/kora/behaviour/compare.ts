import type { Example, Tolerance } from '../../../contracts/replay.js';
import type { WorkloadOrder, WorkloadQuery } from '../../../contracts/workload.js';
import type { AnswerColumn, Cell } from '../../../databases/asking.js';
import { isClose } from './numbers.js';
import { folded, listWay, wayOf } from './ways.js';
import type { Way } from './ways.js';

type Row = readonly Cell[];

export interface Sides {
  readonly source: { readonly columns: readonly AnswerColumn[]; readonly rows: readonly Row[] };
  readonly target: { readonly columns: readonly AnswerColumn[]; readonly rows: readonly Row[] };
}

/** What a query says of its answer. */
export type Compared = Pick<WorkloadQuery, 'orderBy' | 'lists'>;

/** How two answers stand to each other. `order`: the same rows, in an order that is not allowed. */
export interface Comparison {
  readonly outcome: 'equal' | 'order' | 'rows' | 'count' | 'columns';
  readonly tolerated: readonly Tolerance[];
  readonly examples: readonly Example[];
}

/** Examples that are kept of a difference. */
const EXAMPLES_MAX = 3;
const CELL_CHARACTERS_MAX = 200;

/** Compares answers that are there as a whole: as lists as far as ORDER BY fixes them, as multisets where it does not. */
export function compareAnswers(sides: Sides, { orderBy, lists }: Compared): Comparison {
  const { source, target } = sides;
  if (source.columns.length !== target.columns.length) return { outcome: 'columns', tolerated: [], examples: [] };
  const rows = new Rows(waysOf(source.columns, target.columns, lists));
  const outcome = source.rows.length !== target.rows.length ? 'count' : rows.compare(sides, orderBy);
  if (outcome === 'equal') return { outcome, tolerated: [...rows.tolerated].sort(), examples: [] };
  const isList = outcome === 'order' || (outcome === 'rows' && orderBy.fixed !== 'none');
  return { outcome, tolerated: [], examples: isList ? placesOf(sides, rows) : strangers(sides, rows) };
}

/** Columns meet by their place: what a query calls them is not the same everywhere. */
export function waysOf(
  source: readonly AnswerColumn[],
  target: readonly AnswerColumn[],
  lists: WorkloadQuery['lists'] = [],
): Way[] {
  return source.map((column, at) => {
    const list = lists.find(({ output }) => output === at);
    return list === undefined ? wayOf(column, target[at] ?? column) : listWay(list.separator);
  });
}

/** Rows of two answers whose columns are compared in their ways. */
class Rows {
  readonly ways: readonly Way[];
  readonly tolerated = new Set<Tolerance>();

  constructor(ways: readonly Way[]) {
    this.ways = ways;
  }

  compare({ source, target }: Sides, order: WorkloadOrder): Comparison['outcome'] {
    if (order.fixed === 'total' && this.#areLists(source.rows, target.rows)) return 'equal';
    this.tolerated.clear();
    if (!this.areMultisets(source.rows, target.rows)) return 'rows';
    if (order.fixed === 'none') return 'equal';
    return this.#areInOrder(source.rows, target.rows, order) ? 'equal' : 'order';
  }

  #areLists(source: readonly Row[], target: readonly Row[]): boolean {
    return source.every((row, at) => this.isSame(row, target[at] ?? []));
  }

  /**
   * The same rows, and their keys come in the same order. Texts that a collation may take for equal are one key: they may
   * stand in any order among themselves. A key that is no column of the answer cannot be seen.
   */
  #areInOrder(source: readonly Row[], target: readonly Row[], { keys, fixed }: WorkloadOrder): boolean {
    const seen = keys.flatMap(({ output, text }) => (output === undefined ? [] : [{ output, text }]));
    // A list that is fixed has all its keys in sight, or is not compared as one.
    if (fixed === 'total' && seen.length === 0) return false;
    const isText = seen.some(({ text }) => text);
    const keyOf = (row: Row, side: 'source' | 'target', at: { output: number; text: boolean }): Cell => {
      const cell = row[at.output] ?? null;
      const key = cell === null ? null : (this.ways[at.output]?.[side](cell) ?? cell);
      return at.text ? folded(key) : key;
    };
    const isOrdered = source.every((row, index) =>
      seen.every((at) => {
        const [one, other] = [keyOf(row, 'source', at), keyOf(target[index] ?? [], 'target', at)];
        const relative = this.ways[at.output]?.relative ?? 0;
        if (one === null || other === null || relative === 0 || one === other) return one === other;
        return isClose(Number(one), Number(other), relative);
      }),
    );
    if (!isOrdered || (fixed === 'total' && !isText)) return false;
    if (isText && !this.#areLists(source, target)) this.tolerated.add('collation_tie');
    return true;
  }

  /** Rows that are equal but for what is only near to each other are put in order by that, and then meet. */
  areMultisets(source: readonly Row[], target: readonly Row[]): boolean {
    const buckets = new Map<string, { source: Row[]; target: Row[] }>();
    const put = (row: Row, side: 'source' | 'target'): void => {
      const key = this.#exactKey(row, side);
      const bucket = buckets.get(key) ?? { source: [], target: [] };
      bucket[side].push(row);
      buckets.set(key, bucket);
    };
    for (const row of source) put(row, 'source');
    for (const row of target) put(row, 'target');
    return [...buckets.values()].every(
      (bucket) => bucket.source.length === bucket.target.length && this.#bucketsMeet(bucket),
    );
  }

  #bucketsMeet({ source, target }: { readonly source: readonly Row[]; readonly target: readonly Row[] }): boolean {
    const one = source.toSorted((a, b) => this.#byNumbers(a, b));
    const other = target.toSorted((a, b) => this.#byNumbers(a, b));
    if (one.every((row, at) => this.isSame(row, other[at] ?? []))) return true;
    const left = [...other];
    return one.every((row) => {
      const at = left.findIndex((candidate) => this.isSame(row, candidate));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }

  #byNumbers(one: Row, other: Row): number {
    for (const [at, way] of this.ways.entries()) {
      if (way.relative === 0) continue;
      const difference = Number(one[at] ?? 0) - Number(other[at] ?? 0);
      if (difference !== 0 && !Number.isNaN(difference)) return difference;
    }
    return 0;
  }

  #exactKey(row: Row, side: 'source' | 'target'): string {
    return keyOfRow(this.ways, row, side, (way, text) => (way.relative > 0 ? '' : text));
  }

  isSame(source: Row, target: Row): boolean {
    return this.ways.every((way, at) => this.isSameCell(way, source[at] ?? null, target[at] ?? null));
  }

  isSameCell(way: Way, source: Cell, target: Cell): boolean {
    if (source === null || target === null) return source === target;
    if (source === target && way.relative === 0) return true;
    const [one, other] = [way.source(source), way.target(target)];
    const same = one === other || (way.relative > 0 && isClose(Number(one), Number(other), way.relative));
    if (same && isMoreThanForm(way, [one, other], [source, target])) this.tolerated.add(way.tolerance);
    return same;
  }
}

/** "1.50" and "1.5" are one number, and need no word; a digit that was rounded away does. */
function isMoreThanForm(way: Way, forms: readonly [string, string], cells: readonly [string, string]): boolean {
  if (way.relative > 0) return forms[0] !== forms[1] && Number(forms[0]) !== Number(forms[1]);
  return way.tolerance === 'decimal_scale' && Number(cells[0]) !== Number(cells[1]);
}

/** A row as one text: each cell with its length, so that no two rows have one text by accident. */
export function keyOfRow(
  ways: readonly Way[],
  row: Row,
  side: 'source' | 'target',
  form: (way: Way, text: string) => string,
): string {
  let key = '';
  for (const [at, way] of ways.entries()) {
    const cell = row[at] ?? null;
    const text = cell === null ? null : form(way, way[side](cell));
    key += text === null ? '-' : `${String(text.length)}:${text}`;
  }
  return key;
}

/** Cells that differ, row by row. */
function placesOf({ source, target }: Sides, rows: Rows): Example[] {
  const examples: Example[] = [];
  for (const [at, row] of source.rows.entries()) {
    const example = placeOf(rows, source.columns, { at, row, other: target.rows[at] ?? [] });
    if (example !== undefined) examples.push(example);
    if (examples.length >= EXAMPLES_MAX) break;
  }
  return examples;
}

interface Pair {
  /** Of the source's row. */
  readonly at: number;
  readonly row: Row;
  readonly other: Row;
}

function placeOf(rows: Rows, columns: readonly AnswerColumn[], { at, row, other }: Pair): Example | undefined {
  const place = differingCells(rows, row, other)[0];
  if (place === undefined) return undefined;
  const column = columns[place]?.name;
  const cells = { source: shown(row[place]), target: shown(other[place]) };
  return { row: at + 1, ...(column !== undefined && { column }), ...cells };
}

function differingCells(rows: Rows, row: Row, other: Row): number[] {
  return rows.ways.flatMap((way, at) => (rows.isSameCell(way, row[at] ?? null, other[at] ?? null) ? [] : [at]));
}

/** Rows that one side alone has; each beside the other's one that is nearest to it, where they have as many. */
function strangers({ source, target }: Sides, rows: Rows): Example[] {
  const form = (way: Way, text: string): string =>
    way.relative > 0 ? String(Number(Number(text).toPrecision(9))) : text;
  const keysOf = (side: 'source' | 'target', all: readonly Row[]): Set<string> =>
    new Set(all.map((row) => keyOfRow(rows.ways, row, side, form)));
  const known = { source: keysOf('source', source.rows), target: keysOf('target', target.rows) };
  const only = (side: 'source' | 'target', all: readonly Row[]): Row[] => {
    const others = known[side === 'source' ? 'target' : 'source'];
    return all.filter((row) => !others.has(keyOfRow(rows.ways, row, side, form))).slice(0, EXAMPLES_MAX);
  };
  const [lost, extra] = [only('source', source.rows), only('target', target.rows)];
  if (source.rows.length === target.rows.length && extra.length > 0) {
    return lost.flatMap((row) => {
      const [other = []] = extra.toSorted(
        (one, two) => differingCells(rows, row, one).length - differingCells(rows, row, two).length,
      );
      return placeOf(rows, source.columns, { at: source.rows.indexOf(row), row, other }) ?? [];
    });
  }
  const gone = lost.map((row) => ({ source: shownRow(row), target: null }));
  const come = extra.map((row) => ({ source: null, target: shownRow(row) }));
  return [...gone, ...come].slice(0, EXAMPLES_MAX);
}

function shownRow(row: Row): string {
  return shown(row.map((cell) => cell ?? 'NULL').join(' | ')) ?? '';
}

function shown(cell: Cell | undefined): Cell {
  if (cell === undefined || cell === null) return null;
  return cell.length > CELL_CHARACTERS_MAX ? `${cell.slice(0, CELL_CHARACTERS_MAX)}…` : cell;
}
