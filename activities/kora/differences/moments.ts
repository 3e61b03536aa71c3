import type { Classified } from './classify.js';

const MINUTE = 60_000_000n;
/** Offsets of the world's zones are whole quarters of an hour, at most 14 hours from UTC, and 26 from each other. */
const QUARTER = 15n * MINUTE;
const ZONE_MAX = 26n * 60n * MINUTE;
const DAY = 24n * 60n * MINUTE;
const SECOND = 1_000_000n;

/** What became of a date, a clock or both, in canonical text. */
export function classifyMoment(
  kind: 'date' | 'timestamp' | 'timestamptz' | 'time',
  source: string,
  target: string,
): Classified {
  if (kind === 'date') return { code: isSwapped(source, target) ? 'day_month_swapped' : 'value_differs' };
  if (kind !== 'time' && source.slice(10) === target.slice(10) && isSwapped(source, target))
    return { code: 'day_month_swapped' };
  if (kind !== 'time' && source.slice(0, 10) === target.slice(0, 10) && target.slice(11) === '00:00:00.000000') {
    return { code: 'truncated' };
  }
  const [one, other] = [microseconds(kind, source), microseconds(kind, target)];
  if (one === undefined || other === undefined) return { code: 'value_differs' };
  const moved = kind === 'time' ? nearest(other - one) : other - one;
  const far = moved < 0n ? -moved : moved;
  if (far !== 0n && far <= ZONE_MAX && far % QUARTER === 0n && far !== DAY) {
    return { code: 'time_zone_shift', minutes: Number(moved / MINUTE) };
  }
  return { code: far < SECOND && digitsOf(target) < digitsOf(source) ? 'rounded' : 'value_differs' };
}

/** A clock goes round. */
function nearest(moved: bigint): bigint {
  if (moved > DAY / 2n) return moved - DAY;
  return moved < -DAY / 2n ? moved + DAY : moved;
}

function digitsOf(text: string): number {
  return (text.split('.')[1] ?? '').replace(/0+$/, '').length;
}

function isSwapped(source: string, target: string): boolean {
  const [year, month, day] = source.slice(0, 10).split('-');
  return month !== day && target.slice(0, 10) === `${year ?? ''}-${day ?? ''}-${month ?? ''}`;
}

function microseconds(kind: string, text: string): bigint | undefined {
  const clock = /(\d\d):(\d\d):(\d\d)\.(\d{6})$/.exec(text);
  if (clock === null) return undefined;
  const [, hours = '', minutes = '', seconds = '', fraction = ''] = clock;
  const inDay = ((BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)) * SECOND + BigInt(fraction);
  if (kind === 'time') return inDay;
  const date = /^(\d{4})-(\d\d)-(\d\d) /.exec(text);
  if (date === null) return undefined;
  const [, year = '', month = '', day = ''] = date;
  // Date takes the years 0 to 99 for others, unless they are set apart.
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return BigInt(midnight.getTime()) * 1000n + inDay;
}
