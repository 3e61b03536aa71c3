import { ofWhole, type CanonicalEncoder, type CanonicalWriter, type FieldView } from './canonical-values.js';

/**
 * Dates and times come to the scan as numbers (`column + 0`): 20200131, 20200131123456.120000, -8385959. So neither
 * the server's text form nor any code of the copy takes part. Odd ones are given in the text that the server prints.
 */
const TEMPLATE = Buffer.from('0000-00-00 00:00:00.000000', 'latin1');
/** Where the digits of YYYYMMDDhhmmss stand in it. */
const PLACES = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18] as const;
const FRACTION_AT = 20;
const POINT = 0x2e;
const MINUS = 0x2d;
const ZERO = 0x30;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

export type TemporalBase = 'date' | 'datetime' | 'timestamp' | 'time';

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Year 0 is a date in MySQL, but has none in the target's calendar. */
export function isDate(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  return day <= (month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] as number));
}

function twoDigits(buffer: Buffer, at: number): number {
  return ((buffer[at] ?? 0) - ZERO) * 10 + (buffer[at + 1] ?? 0) - ZERO;
}

/** Fills `form` from the number's digits; gives how many digits stand behind the point. */
function spread({ bytes, from, to }: FieldView, form: Buffer, digits: number): number {
  let point = from;
  while (point < to && bytes[point] !== POINT) point++;
  const missing = digits - (point - from);
  for (let index = 0; index < digits; index++) {
    form[PLACES[index] as number] = index < missing ? ZERO : (bytes[from + index - missing] ?? 0);
  }
  const fraction = Math.max(0, to - point - 1);
  for (let index = 0; index < 6; index++) {
    form[FRACTION_AT + index] = index < fraction ? (bytes[point + 1 + index] ?? 0) : ZERO;
  }
  return fraction;
}

function isMidnight(form: Buffer): boolean {
  return form.toString('latin1', 11) === '00:00:00.000000';
}

function calendar(kind: 'date' | 'timestamp', base: TemporalBase): CanonicalEncoder {
  const form = Buffer.from(TEMPLATE);
  const digits = base === 'date' ? 8 : 14;
  return (value, out) => {
    const fraction = spread(value, form, digits);
    const year = twoDigits(form, 0) * 100 + twoDigits(form, 2);
    const fits =
      isDate(year, twoDigits(form, 5), twoDigits(form, 8)) &&
      (kind === 'timestamp' || base === 'date' || isMidnight(form));
    if (fits) out.value(form, 0, kind === 'date' ? 10 : 26);
    else out.odd(form.subarray(0, base === 'date' ? 10 : fraction === 0 ? 19 : FRACTION_AT + fraction));
  };
}

interface Clock {
  readonly negative: boolean;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  /** Digits behind the point, as many as the column has. */
  readonly fraction: string;
}

function clockOf(value: Buffer): Clock {
  const negative = value[0] === MINUS;
  const [whole = '', fraction = ''] = value.toString('latin1', negative ? 1 : 0).split('.');
  const padded = whole.padStart(6, '0');
  const end = padded.length;
  return {
    negative,
    hours: Number(padded.slice(0, end - 4)),
    minutes: Number(padded.slice(end - 4, end - 2)),
    seconds: Number(padded.slice(end - 2)),
    fraction,
  };
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function printed({ negative, hours, minutes, seconds, fraction }: Clock): string {
  const text = `${negative ? '-' : ''}${pad(hours)}:${pad(minutes)}:${pad(seconds)}`;
  return fraction === '' ? text : `${text}.${fraction}`;
}

const timeOfDay = ofWhole((value, out) => {
  const clock = clockOf(value);
  if (clock.negative || clock.hours > 23) out.odd(Buffer.from(printed(clock), 'latin1'));
  else out.text(printed({ ...clock, fraction: clock.fraction.padEnd(6, '0') }));
});

const duration = ofWhole((value, out) => {
  const { negative, hours, minutes, seconds, fraction } = clockOf(value);
  const microseconds = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + Number(fraction.padEnd(6, '0'));
  out.text(negative && microseconds > 0 ? `-${String(microseconds)}` : String(microseconds));
});

const DATE_TEXT = /^(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00:00(?:\.0{1,6})?)?$/;
const MOMENT_TEXT = /^(\d{4})-(\d{2})-(\d{2})(?:[ T]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?)?$/;
const TIME_TEXT = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/;

/** A text that a person mapped to a date or time. */
function fromText(pattern: RegExp, write: (match: RegExpExecArray, out: CanonicalWriter) => boolean): CanonicalEncoder {
  return ofWhole((value, out) => {
    const match = pattern.exec(value.toString('latin1'));
    if (!match || !write(match, out)) out.odd(value);
  });
}

function dated(match: RegExpExecArray): boolean {
  return isDate(Number(match[1]), Number(match[2]), Number(match[3]));
}

const dateText = fromText(DATE_TEXT, (match, out) => {
  if (!dated(match)) return false;
  out.text(match[0].slice(0, 10));
  return true;
});

const momentText = fromText(MOMENT_TEXT, (match, out) => {
  if (!dated(match)) return false;
  out.text(`${match[0].slice(0, 10)} ${match[0].slice(11, 19) || '00:00:00'}.${(match[7] ?? '').padEnd(6, '0')}`);
  return true;
});

const timeText = fromText(TIME_TEXT, (match, out) => {
  out.text(`${match[0].slice(0, 8)}.${(match[4] ?? '').padEnd(6, '0')}`);
  return true;
});

const odd: CanonicalEncoder = ({ bytes, from, to }, out) => {
  out.odd(bytes, from, to);
};

export type TemporalKind = 'date' | 'timestamp' | 'timestamptz' | 'time' | 'interval';

/** The encoder for a kind of time; `base` is absent where the source column holds text. */
export function temporalEncoder(kind: TemporalKind, base: TemporalBase | undefined): CanonicalEncoder {
  const isClock = base === 'time';
  switch (kind) {
    case 'date':
      return base === undefined ? dateText : isClock ? odd : calendar('date', base);
    case 'timestamp':
    case 'timestamptz':
      return base === undefined ? momentText : isClock ? odd : calendar('timestamp', base);
    case 'time':
      return base === undefined ? timeText : isClock ? timeOfDay : odd;
    case 'interval':
      return isClock ? duration : odd;
  }
}
