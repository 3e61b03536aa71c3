import { CaravanFailure } from '../contracts/failures.js';
import { secondsOf } from '../contracts/quantities.js';

/** Seconds of "90s", "30m", "24h", "2d" or "1h30m"; at least one, at most a year. */
export function parseDuration(text: string): number {
  const seconds = secondsOf(text);
  if (seconds !== undefined) return seconds;
  throw new CaravanFailure('USAGE', {
    attempted: 'read the duration',
    on: text,
    seen: 'it is not between 1s and 365d',
    next: 'Write it as 90s, 30m, 24h, 2d or 1h30m.',
  });
}
