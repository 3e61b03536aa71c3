import { readFileSync, readdirSync } from 'node:fs';

/** Of a tick of the kernel's clock, as Linux tells process times. */
const TICKS_PER_SECOND = 100;

interface Seen {
  readonly parent: number;
  /** Seconds, those of children that ended counted. */
  readonly seconds: number;
}

/** CPU seconds that a process and all below it used so far; null where the kernel does not tell. */
export function cpuSecondsOf(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const all = new Map<number, Seen>();
  for (const name of readdirSync('/proc')) {
    const seen = /^\d+$/u.test(name) ? look(name) : undefined;
    if (seen !== undefined) all.set(Number(name), seen);
  }
  const isBelow = (at: number): boolean => {
    for (let up: number | undefined = at; up !== undefined && up > 1; up = all.get(up)?.parent)
      if (up === pid) return true;
    return false;
  };
  return [...all].reduce((sum, [at, { seconds }]) => (isBelow(at) ? sum + seconds : sum), 0);
}

/** A process may end while it is looked at. */
function look(pid: string): Seen | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it may hold anything, also spaces and brackets.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, part) => sum + part, 0);
    return { parent: fields[1] ?? 0, seconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

/** "CPU 12.3 s: temporal 6.0, worker-control 4.1, …", of what was used between two looks. */
export function cpuText(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): string {
  const parts = Object.entries(after)
    .map(([name, seconds]) => ({ name, seconds: seconds - (before[name] ?? 0) }))
    .filter(({ seconds }) => seconds >= 0.05)
    .sort((a, b) => b.seconds - a.seconds);
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  return `CPU ${total.toFixed(1)} s: ${parts.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(', ')}`;
}
