/** One comparison, as it is printed. The keys are an interface: other people's checks read them. */
export interface BenchLine {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** The rival or floor, measured in the same run; null where the goal is on `value`, or the rival is not there. */
  readonly against: string | null;
  readonly againstValue: number | null;
  /** Above 1: ours is better. */
  readonly ratio: number | null;
  /** The least ratio, or a limit on `value`. */
  readonly goal: number | { readonly max: number } | { readonly min: number };
  /** Null: the rival is not there; `note` says why. */
  readonly ok: boolean | null;
  readonly note?: string;
}

interface Measured {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  readonly note?: string;
}

/** A time against a rival's time, both in seconds: less is better. `null`: the rival is not there. */
export function timeAgainst(
  measured: Omit<Measured, 'unit'>,
  rival: { readonly name: string; readonly seconds: number | null; readonly goal: number },
): BenchLine {
  const { name, seconds, goal } = rival;
  return lessAgainst({ ...measured, unit: 's' }, { name, value: seconds, goal });
}

/** A value against a rival's, in the same unit: less is better. `null`: the rival is not there. */
export function lessAgainst(
  measured: Measured,
  rival: { readonly name: string; readonly value: number | null; readonly goal: number },
): BenchLine {
  const { bench, case: name, value, unit, note } = measured;
  const ratio = rival.value === null ? null : rounded(rival.value / value);
  return {
    bench,
    case: name,
    value: rounded(value),
    unit,
    against: rival.name,
    againstValue: rival.value === null ? null : rounded(rival.value),
    ratio,
    goal: rival.goal,
    ok: ratio === null ? null : ratio >= rival.goal,
    ...(note === undefined ? {} : { note }),
  };
}

/** A value with a limit of its own. `floor`: what the same machine gives at best, in the same unit. */
export function withLimit(
  measured: Measured,
  goal: { readonly max: number } | { readonly min: number },
  floor?: { readonly name: string; readonly value: number },
): BenchLine {
  const { bench, case: name, value, unit, note } = measured;
  const isLessBetter = 'max' in goal;
  const ratioTo = (best: number): number => rounded(isLessBetter ? best / value : value / best);
  return {
    bench,
    case: name,
    value: rounded(value),
    unit,
    against: floor?.name ?? null,
    againstValue: floor === undefined ? null : rounded(floor.value),
    ratio: floor === undefined ? null : ratioTo(floor.value),
    goal,
    ok: isLessBetter ? value <= goal.max : value >= goal.min,
    ...(note === undefined ? {} : { note }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The line for a person. */
export function readable(line: BenchLine): string {
  const goal =
    typeof line.goal === 'number'
      ? `ratio ≥ ${line.goal}`
      : 'max' in line.goal
        ? `≤ ${line.goal.max}`
        : `≥ ${line.goal.min}`;
  const rival =
    line.against === null
      ? ''
      : `; ${line.against} ${line.againstValue ?? '–'} ${line.unit}, ratio ${line.ratio ?? '–'}`;
  const verdict = line.ok === null ? 'not compared' : line.ok ? 'ok' : 'MISSED';
  const head = `${line.bench} ${line.case}: ${line.value} ${line.unit}${rival}  (goal ${goal}: ${verdict})`;
  return line.note === undefined ? head : `${head}\n    ${line.note}`;
}
