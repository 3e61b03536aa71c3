import type { PlannedGraph } from '../../language/planner/types.js';

/** A place in the drawing: a task, or where an edge passes through a wave that it does not end in. */
export interface Place {
  readonly wave: number;
  /** Position of the task; -1 where an edge passes. */
  readonly task: number;
  /** From the top of the wave. */
  row: number;
}

export interface Layout {
  readonly places: readonly Place[];
  /** Each edge as the places that it goes through, from a task to one that waits for it. */
  readonly edges: readonly (readonly number[])[];
  readonly rows: number;
}

/** Places that a drawing with passing edges may have; beyond it edges go straight. */
const MOST_PLACES = 20_000;
const SWEEPS = 4;

/** A layered drawing: waves from left to right; within a wave each stands near the middle of what it is joined with. */
export function layOut({ tasks }: PlannedGraph): Layout {
  const places: Place[] = tasks.map(({ wave }, task) => ({ wave, task, row: 0 }));
  const position = new Map(tasks.map(({ id }, at) => [id, at]));
  const pairs = tasks.flatMap(({ dependsOn }, to) => dependsOn.map((id) => ({ from: position.get(id) ?? 0, to })));
  const waveOf = (at: number): number => tasks[at]?.wave ?? 0;
  const passing = pairs.reduce((sum, { from, to }) => sum + waveOf(to) - waveOf(from) - 1, 0);
  const isStraight = passing + tasks.length > MOST_PLACES;
  const edges = pairs.map(({ from, to }) => {
    const way = [from];
    for (let wave = waveOf(from) + 1; wave < waveOf(to) && !isStraight; wave += 1) {
      way.push(places.push({ wave, task: -1, row: 0 }) - 1);
    }
    return [...way, to];
  });
  return { places, edges, rows: arrange(places, edges) };
}

/** Gives every place its row, and returns how many rows there are. */
function arrange(places: readonly Place[], edges: readonly (readonly number[])[]): number {
  const waves: number[][] = [];
  places.forEach(({ wave }, at) => (waves[wave] ??= []).push(at));
  const left: number[][] = places.map(() => []);
  const right: number[][] = places.map(() => []);
  for (const way of edges) {
    way.slice(1).forEach((to, at) => {
      const from = way[at] ?? 0;
      left[to]?.push(from);
      right[from]?.push(to);
    });
  }
  const number = (wave: readonly number[]): void => {
    wave.forEach((at, row) => {
      const place = places[at];
      if (place) place.row = row;
    });
  };
  waves.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const neighbours = sweep % 2 === 0 ? left : right;
    for (const wave of sweep % 2 === 0 ? waves : waves.toReversed()) {
      const middle = new Map(wave.map((at) => [at, middleOf(places, at, neighbours[at] ?? [])]));
      // Stable: those with the same middle stay as they were.
      wave.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      number(wave);
    }
  }
  return waves.reduce((most, wave) => Math.max(most, wave.length), 0);
}

function middleOf(places: readonly Place[], at: number, neighbours: readonly number[]): number {
  if (neighbours.length === 0) return places[at]?.row ?? 0;
  return neighbours.reduce((sum, other) => sum + (places[other]?.row ?? 0), 0) / neighbours.length;
}
