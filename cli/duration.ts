import { CaravanFailure } from '../contracts/failures.js';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const SECONDS_MAX = 365 * 86_400;

/** Seconds of "90s", "30m", "24h", "2d" or "1h30m"; at least one, at most a year. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/([0-9]{1,9})([smhd])/gu)];
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
  const isWhole = parts.map(([part]) => part).join('') === text;
  if (isWhole && seconds >= 1 && seconds <= SECONDS_MAX) return seconds;
  throw new CaravanFailure('USAGE', {
    attempted: 'read the duration',
    on: text,
    seen: 'it is not between 1s and 365d',
    next: 'Write it as 90s, 30m, 24h, 2d or 1h30m.',
  });
}
