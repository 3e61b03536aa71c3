/** Canonical forms of numbers, dates and times that stand as text; undefined where the text has none. */

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** "-007.50" → "-7.5", "1.5e3" → "1500"; undefined for what is no decimal (" 1", "1,5", "."). */
export function canonicalDecimal(text: string): string | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign = '', left = '', right = '', power = '0'] = match;
  if (left === '' && right === '') return undefined;
  let digits = left + right;
  let point = left.length + Number(power);
  if (point < 0) {
    digits = '0'.repeat(-point) + digits;
    point = 0;
  }
  const whole = digits.slice(0, point).padEnd(point, '0').replace(/^0+/, '') || '0';
  const fraction = digits.slice(point).replace(/0+$/, '');
  const body = fraction === '' ? whole : `${whole}.${fraction}`;
  return sign === '-' && body !== '0' ? `-${body}` : body;
}

/** The shortest decimal that parses back to the double, without an exponent; undefined for infinities. */
export function decimalOfReal(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = value.toString();
  if (!text.includes('e')) return value === 0 ? '0' : text;
  return canonicalDecimal(text);
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/;
const ZONE = /(?:Z|([+-])(\d\d):(\d\d))$/;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function plainDate(text: string): string | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && !leap ? 28 : (MONTH_DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= last ? text : undefined;
}

/** "HH:MM:SS" and "HH:MM:SS.f…" → "HH:MM:SS.ffffff"; undefined when finer than a microsecond. */
export function canonicalTime(text: string): string | undefined {
  return text.length < 8 ? undefined : clock(text);
}

/** As `canonicalTime`, and "HH:MM" too. */
function clock(text: string): string | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, hour = '', minute = '', second = '00', fraction = ''] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return `${hour}:${minute}:${second}.${fraction.padEnd(6, '0')}`;
}

/**
 * SQLite's texts of a moment: a date, alone or with " " or "T", a time, and "Z" or an offset. With an offset it is the
 * same instant in UTC, since the target has no offset to keep.
 */
export function canonicalTimestamp(text: string): string | undefined {
  const date = plainDate(text.slice(0, 10));
  if (date === undefined) return undefined;
  if (text.length === 10) return `${date} 00:00:00.000000`;
  if (text[10] !== ' ' && text[10] !== 'T') return undefined;
  const zone = ZONE.exec(text);
  const time = clock(text.slice(11, zone ? zone.index : undefined));
  if (time === undefined) return undefined;
  if (zone?.[1] === undefined) return `${date} ${time}`;
  const minutes = 60 * Number(zone[2]) + Number(zone[3]);
  const local = Date.parse(`${date}T${time.slice(0, 8)}Z`);
  const utc = new Date(local - (zone[1] === '-' ? -minutes : minutes) * 60_000).toISOString();
  return utc.length === 24 ? `${utc.slice(0, 10)} ${utc.slice(11, 19)}${time.slice(8)}` : undefined;
}

/** A date, alone or with the time of midnight where it was written. */
export function canonicalDate(text: string): string | undefined {
  if (text.length === 10) return plainDate(text);
  const moment = canonicalTimestamp(text.replace(ZONE, ''));
  return moment?.endsWith(' 00:00:00.000000') ? moment.slice(0, 10) : undefined;
}
