import type { TextType } from '../../contracts/profile.js';

/** What a text is, as a bit: it may be of several kinds. */
export const IS = { boolean: 1, integer: 2, decimal: 4, date: 8, timestamp: 16, timestamptz: 32, uuid: 64 } as const;
const ALL = 127;

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
/** No text of a kind other than text is longer. */
const LONGEST = 1024;

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:([ T])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const FLAG = /^(?:true|false|TRUE|FALSE|True|False)$/;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
/** Words that stand for NULL where every other value of a column is of another kind than text. */
const WORDS: ReadonlySet<string> = new Set(['NULL', 'null', 'Null', 'NA', 'N/A', 'n/a', 'None']);
const WORD_BYTES_MAX = 4;
const BIGINT_MAX = 9_223_372_036_854_775_807n;
/** PostgreSQL's numeric holds more; what has more digits than this is no number that somebody reckons with. */
const DIGITS_MAX = 1000;
const SCALE_MAX = 1000;
const NO_SCALE = -1;

/** The kinds that a text is of, its digits and its scale; one for all values of a column. */
class Look {
  kinds = 0;
  whole = 0;
  scale = 0;
  hasT = false;
  zone = '';
  hasUpper = false;
  hasTrailingZero = false;
  spelling = '';

  take(bytes: Buffer, start: number, end: number): void {
    this.kinds = 0;
    this.scale = 0;
    if (this.#number(bytes, start, end)) return;
    const length = end - start;
    if (length === 4 || length === 5) this.#flag(bytes.toString('latin1', start, end));
    else if (length >= 10 && length <= 32 && isDigit(bytes[start])) this.#moment(bytes.toString('latin1', start, end));
    if (this.kinds === 0 && length === 36) this.#uuid(bytes.toString('latin1', start, end));
  }

  /** -?(0|[1-9]d*)(.d+)?, and never minus zero: so it prints again as it is. */
  #number(bytes: Buffer, start: number, end: number): boolean {
    const isNegative = bytes[start] === MINUS;
    const from = isNegative ? start + 1 : start;
    let at = from;
    let isZero = true;
    while (at < end && isDigit(bytes[at])) if (bytes[at++] !== ZERO) isZero = false;
    const whole = at - from;
    if (whole === 0 || whole > DIGITS_MAX || (whole > 1 && bytes[from] === ZERO)) return false;
    this.whole = whole;
    if (at === end) {
      if (!(isZero && isNegative)) this.kinds = IS.integer | IS.decimal;
      return true;
    }
    if (bytes[at] !== POINT) return false;
    this.scale = end - at - 1;
    for (at += 1; at < end; at += 1) {
      if (!isDigit(bytes[at])) return false;
      if (bytes[at] !== ZERO) isZero = false;
    }
    if (this.scale > 0 && this.scale <= SCALE_MAX && !(isZero && isNegative)) this.kinds = IS.decimal;
    return true;
  }

  #flag(text: string): void {
    if (!FLAG.test(text)) return;
    this.kinds = IS.boolean;
    this.spelling = text === text.toLowerCase() ? 'lower' : text === text.toUpperCase() ? 'upper' : 'capital';
  }

  #moment(text: string): void {
    const [, year, month, day, separator, hour, minute, second, fraction, zone] = MOMENT.exec(text) ?? [];
    if (year === undefined || !isDay(Number(year), Number(month), Number(day))) return;
    if (separator === undefined) {
      this.kinds = IS.date;
      return;
    }
    if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return;
    if (zone !== undefined && !isZone(zone)) return;
    // A zone may shift a moment out of the years that both sides know.
    if (zone !== undefined && (year === '0001' || year === '9999')) return;
    this.hasT = separator === 'T';
    this.zone = zone ?? '';
    this.hasTrailingZero = fraction?.endsWith('0') === true;
    this.kinds = zone === undefined ? IS.timestamp : IS.timestamptz;
  }

  #uuid(text: string): void {
    if (!UUID.test(text)) return;
    this.kinds = IS.uuid;
    this.hasUpper = text !== text.toLowerCase();
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

function isDay(year: number, month: number, day: number): boolean {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && !isLeap ? 28 : (MONTH_DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= last;
}

function isZone(zone: string): boolean {
  if (zone === 'Z') return true;
  const digits = zone.replace(':', '');
  return Number(digits.slice(1, 3)) <= 15 && Number(digits.slice(3) || '0') <= 59;
}

const LOOK = new Look();

/** What one text is; 0 for text alone. */
export function kindsOf(bytes: Buffer, start: number, end: number): number {
  if (end - start > LONGEST) return 0;
  LOOK.take(bytes, start, end);
  return LOOK.kinds;
}

/** Narrows down what the texts of a column are, value by value: a single one that is of no kind makes it text. */
export class TypeFinder {
  values = 0;
  #kinds = ALL;
  #words = new Map<string, number>();
  #whole = 0;
  #scale: number | undefined;
  #min = 0n;
  #max = 0n;
  #zones = new Set<string>();
  #spelling: string | undefined;
  readonly #notes = { hasT: false, hasUpper: false, hasTrailingZero: false };

  /** Gives the kinds of this value. NULL is not told. */
  add(bytes: Buffer, start: number, end: number, isQuoted: boolean): number {
    this.values += 1;
    if (!isQuoted && end - start <= WORD_BYTES_MAX && this.#isWord(bytes, start, end)) return 0;
    if (this.#kinds === 0) return kindsOf(bytes, start, end);
    const kinds = kindsOf(bytes, start, end);
    this.#kinds &= kinds;
    if (this.#kinds === 0) return kinds;
    if ((kinds & IS.decimal) !== 0) this.#number(bytes, start, end);
    else this.#notice();
    return kinds;
  }

  /** Words among the values that may stand for NULL. */
  get words(): ReadonlyMap<string, number> {
    return this.#words;
  }

  /** `proven`: words that stand for NULL in another column of the table. */
  result(proven: ReadonlySet<string>): TextType {
    const words = [...this.#words.keys()].sort();
    if (this.#hasOnlyWords()) {
      const isNull = words.length > 0 && words.every((word) => proven.has(word));
      return { kind: 'text', ...(words.length > 0 && (isNull ? { nullWords: words } : { keptWords: words })) };
    }
    const found = this.#kind();
    if (words.length === 0) return found;
    return found.kind === 'text' ? { ...found, keptWords: words } : { ...found, nullWords: words };
  }

  get isText(): boolean {
    return this.#hasOnlyWords() || this.#kind().kind === 'text';
  }

  #hasOnlyWords(): boolean {
    return [...this.#words.values()].reduce((sum, count) => sum + count, 0) === this.values;
  }

  #isWord(bytes: Buffer, start: number, end: number): boolean {
    if (start === end || isDigit(bytes[start])) return false;
    const word = bytes.toString('latin1', start, end);
    if (!WORDS.has(word)) return false;
    this.#words.set(word, (this.#words.get(word) ?? 0) + 1);
    return true;
  }

  #number(bytes: Buffer, start: number, end: number): void {
    const { whole, scale } = LOOK;
    if (whole > this.#whole) this.#whole = whole;
    if (this.#scale === undefined) this.#scale = scale;
    else if (this.#scale !== scale) this.#scale = NO_SCALE;
    if (whole < 19 || scale > 0) return;
    const value = BigInt(bytes.toString('latin1', start, end));
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  #notice(): void {
    const { hasT, zone, hasUpper, hasTrailingZero, spelling } = LOOK;
    const notes = this.#notes;
    notes.hasT ||= hasT && (LOOK.kinds & (IS.timestamp | IS.timestamptz)) !== 0;
    notes.hasTrailingZero ||= hasTrailingZero && (LOOK.kinds & (IS.timestamp | IS.timestamptz)) !== 0;
    notes.hasUpper ||= hasUpper && LOOK.kinds === IS.uuid;
    if (LOOK.kinds === IS.timestamptz) this.#zones.add(zone);
    if (LOOK.kinds !== IS.boolean) return;
    // In two spellings they are words that somebody wrote.
    if (this.#spelling !== undefined && this.#spelling !== spelling) this.#kinds = 0;
    this.#spelling = spelling;
  }

  #kind(): TextType {
    const kinds = this.#kinds;
    const notes = this.#notes;
    if (this.values === 0 || kinds === 0) return { kind: 'text' };
    if ((kinds & IS.integer) !== 0) {
      const isBig = this.#max > BIGINT_MAX || this.#min < -BIGINT_MAX - 1n;
      return isBig ? { kind: 'decimal', wholeDigits: this.#whole, scale: 0 } : { kind: 'integer' };
    }
    if ((kinds & IS.decimal) !== 0) {
      const scale = this.#scale ?? NO_SCALE;
      return { kind: 'decimal', wholeDigits: this.#whole, ...(scale >= 0 && { scale }) };
    }
    if (kinds === IS.boolean) return { kind: 'boolean', normalised: 'true and false as PostgreSQL prints them' };
    if (kinds === IS.date) return { kind: 'date' };
    if (kinds === IS.uuid)
      return { kind: 'uuid', ...(notes.hasUpper && { normalised: 'upper-case letters become lower-case' }) };
    const told = [
      ...(notes.hasT ? ['a blank stands for T'] : []),
      ...(notes.hasTrailingZero ? ['zeros at the end of a fraction go'] : []),
    ];
    if (kinds === IS.timestamp) return { kind: 'timestamp', ...(told.length > 0 && { normalised: told.join('; ') }) };
    const zones = [...this.#zones].sort();
    told.push(
      zones.every((zone) => /^Z$|^\+00(?::?00)?$/.test(zone))
        ? 'the zone, which is UTC everywhere, is printed as the session has it'
        : 'the instant is kept, its offset from UTC is not',
    );
    return { kind: 'timestamptz', normalised: told.join('; ') };
  }
}
