import { hash } from 'node:crypto';
import { keyIdentity } from '../../../databases/canonical.js';
import { fieldsOf } from '../expected-row.js';
import type { CanonicalField } from '../expected-row.js';
import type { OddRow, RowDifferences } from './row-differences.js';

export type Fields = readonly CanonicalField[];

/** A row of the source and the one that stands for it in the target. */
export interface Pair {
  readonly source: Fields;
  readonly target: Fields;
}

export interface Paired {
  readonly pairs: readonly Pair[];
  /** Rows of the source for which nothing stands. */
  readonly lost: readonly Fields[];
  /** Rows of the target that stand for none of the source's. */
  readonly extra: readonly Fields[];
  /** Rows for whose content there was no room. */
  readonly untold: number;
}

/** Rows that are left over on both sides beyond this are not looked at column by column to find what belongs together. */
const ALIKE_MAX = 20_000;

/** What tells a row apart: its key's fields, or where there is no key the whole row. */
export function identityOf(fields: Fields, keys: readonly number[]): string {
  const told = keys.length === 0 ? fields : keys.map((at) => fields[at]);
  return keyIdentity(told.map((field) => field?.framed ?? Buffer.alloc(0)));
}

/** Which differing rows belong together: by their keys, else by all of their columns but one. */
export function pairRows({ source, target, uncounted }: RowDifferences, keys: readonly number[]): Paired {
  const [theirs, ours] = [spread(source), spread(target)];
  const pairs: Pair[] = [];
  let [lost, extra] = [theirs.rows, ours.rows];
  if (keys.length > 0) ({ lost, extra } = pairBy((fields) => identityOf(fields, keys), { lost, extra }, pairs));
  ({ lost, extra } = pairBesideOdd({ lost, extra }, pairs));
  const columns = (lost[0] ?? extra[0])?.length ?? 0;
  if (columns > 2 && lost.length + extra.length <= ALIKE_MAX) {
    for (let column = 0; column < columns && lost.length > 0 && extra.length > 0; column += 1) {
      ({ lost, extra } = pairBy((fields) => without(fields, column), { lost, extra }, pairs, true));
    }
  }
  return { pairs, lost, extra, untold: Math.max(theirs.untold, ours.untold) + uncounted };
}

function spread(rows: readonly OddRow[]): { rows: Fields[]; untold: number } {
  const told: Fields[] = [];
  let untold = 0;
  for (const { row, times } of rows) {
    if (row === undefined) {
      untold += times;
      continue;
    }
    const fields = fieldsOf(row);
    for (let time = 0; time < times; time += 1) told.push(fields);
  }
  return { rows: told, untold };
}

function without(fields: Fields, ...columns: readonly number[]): string {
  const others = fields.filter((_, at) => !columns.includes(at)).map(({ framed }) => framed);
  return hash('sha256', Buffer.concat(others), 'hex');
}

/** Kinds of rows, by the columns in which they hold what has no form, that are looked at so. */
const ODD_KINDS_MAX = 100;

/** Rows of the source with values that have no form in the target: by their other columns, where there are any. */
function pairBesideOdd({ lost, extra }: Left, pairs: Pair[]): Left {
  const oddIn = (fields: Fields): number[] => fields.flatMap(({ state }, at) => (state === 'odd' ? [at] : []));
  const still: Fields[] = [];
  let free = extra;
  for (const [at, rows] of [...Map.groupBy(lost, (fields) => oddIn(fields).join(',')).values()].entries()) {
    const odd = oddIn(rows[0] ?? []);
    const isTold = at < ODD_KINDS_MAX && odd.length > 0 && odd.length < (rows[0]?.length ?? 0);
    const left = isTold ? pairBy((fields) => without(fields, ...odd), { lost: rows, extra: free }, pairs) : undefined;
    free = left?.extra ?? free;
    for (const row of left?.lost ?? rows) still.push(row);
  }
  return { lost: still, extra: free };
}

interface Left {
  readonly lost: Fields[];
  readonly extra: Fields[];
}

/** `only`: where more than one could be meant, none is. */
function pairBy(tell: (fields: Fields) => string, left: Left, pairs: Pair[], only = false): Left {
  const theirs = Map.groupBy(left.lost, tell);
  const ours = Map.groupBy(left.extra, tell);
  const kept: Left = { lost: [], extra: [] };
  for (const [identity, sources] of theirs) {
    const targets = ours.get(identity) ?? [];
    const isClear = !only || (sources.length === 1 && targets.length === 1);
    const count = isClear ? Math.min(sources.length, targets.length) : 0;
    for (let at = 0; at < count; at += 1) {
      const [source, target] = [sources[at], targets[at]];
      if (source !== undefined && target !== undefined) pairs.push({ source, target });
    }
    ours.set(identity, targets.slice(count));
    for (const source of sources.slice(count)) kept.lost.push(source);
  }
  for (const targets of ours.values()) for (const target of targets) kept.extra.push(target);
  return kept;
}
