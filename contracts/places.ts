import type { PlaceRange } from './executions.js';

/** Numbers as ranges, in the order given: runs that rise one by one become one range. */
export function rangesOf(numbers: Iterable<number>): PlaceRange[] {
  const ranges: PlaceRange[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number) ranges[ranges.length - 1] = [last[0], number + 1];
    else ranges.push([number, number + 1]);
  }
  return ranges;
}

/** The union of ascending ranges and other numbers; ascending. */
export function joinRanges(ranges: readonly PlaceRange[], numbers: Iterable<number>): PlaceRange[] {
  const all = [...ranges, ...rangesOf([...numbers].sort((a, b) => a - b))].sort((a, b) => a[0] - b[0]);
  const joined: PlaceRange[] = [];
  for (const [from, to] of all) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], to)];
    else joined.push([from, to]);
  }
  return joined;
}

/** The first place from `place` on that no range covers. The ranges ascend. */
export function firstOutside(ranges: readonly PlaceRange[], place: number): number {
  let free = place;
  for (const [from, to] of ranges) if (from <= free && free < to) free = to;
  return free;
}

export function isWithin(ranges: readonly PlaceRange[], place: number): boolean {
  return ranges.some(([from, to]) => from <= place && place < to);
}
