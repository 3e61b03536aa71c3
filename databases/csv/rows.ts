const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Bytes that take a row apart; -1 for one that the file does not have. */
export interface Marks {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
  readonly lineEnd: number;
  /** A carriage return in front of the line end belongs to it. */
  readonly strips: boolean;
}

export interface Dialect {
  readonly delimiter: string;
  readonly quote?: string | undefined;
  readonly escape?: string | undefined;
  readonly lineEnd: string;
}

export function marksOf({ delimiter, quote, escape, lineEnd }: Dialect): Marks {
  const byte = (text: string | undefined): number => (text === undefined ? -1 : text.charCodeAt(0));
  const named: Readonly<Record<string, number>> = { lf: LINE_FEED, crlf: LINE_FEED, cr: CARRIAGE_RETURN };
  return {
    delimiter: byte(delimiter),
    quote: byte(quote),
    escape: quote === undefined ? -1 : byte(escape),
    lineEnd: named[lineEnd] ?? byte(lineEnd),
    strips: lineEnd === 'crlf',
  };
}

/**
 * Takes rows apart where they lie, for the copy. A field that begins with a quote ends at the next quote that is not
 * escaped; behind that must stand a delimiter or a line end. Anywhere else a quote is a character like others. A row
 * without quotes, which is most of them, is found by one native search and one loop.
 */
export class RowSplitter {
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly quoted: Uint8Array;
  /** Fields of the row found last, however many there is room for. */
  fields = 0;
  /** Its quotes make no sense. */
  isBroken = false;
  /** Its bytes without the line end. */
  from = 0;
  to = 0;
  readonly #marks: Marks;
  readonly #room: number;
  readonly #escaped: Uint8Array;
  #bytes: Buffer = Buffer.alloc(0);
  #isLast = false;
  #at = 0;
  /** The first quote that is not behind `#at`; the length of the bytes where there is none. */
  #quoteAt = -1;

  constructor(marks: Marks, room: number) {
    this.#marks = marks;
    this.#room = room;
    this.start = new Int32Array(room);
    this.end = new Int32Array(room);
    this.quoted = new Uint8Array(room);
    this.#escaped = new Uint8Array(room);
  }

  /** `isLast`: the file ends with these bytes. */
  open(bytes: Buffer, isLast: boolean): void {
    this.#bytes = bytes;
    this.#isLast = isLast;
    this.#at = 0;
    this.#quoteAt = -1;
  }

  /** Where the next row begins. */
  get at(): number {
    return this.#at;
  }

  /** Finds the next row; false where it is not whole yet, or there is none. */
  next(): boolean {
    const { lineEnd, quote } = this.#marks;
    const bytes = this.#bytes;
    const at = this.#at;
    if (at >= bytes.length) return false;
    const found = bytes.indexOf(lineEnd, at);
    if (found < 0 && !this.#isLast) return false;
    const stop = found < 0 ? bytes.length : found;
    this.from = at;
    this.fields = 0;
    this.isBroken = false;
    if (quote >= 0 && this.#quoteAt < at) {
      const next = bytes.indexOf(quote, at);
      this.#quoteAt = next < 0 ? bytes.length : next;
    }
    if (quote >= 0 && this.#quoteAt < stop) return this.#withQuotes(at);
    this.#finish(stop, found >= 0);
    this.#plain(at, this.to);
    return true;
  }

  /** Passes by a line, whatever is in it; false where its end is not there yet. */
  skipLine(): boolean {
    const end = this.#bytes.indexOf(this.#marks.lineEnd, this.#at);
    if (end < 0 && !this.#isLast) return false;
    this.#at = end < 0 ? this.#bytes.length : end + 1;
    return true;
  }

  /** Is the row found last an empty line? */
  get isBlank(): boolean {
    return this.from === this.to;
  }

  /** Takes escapes out of a field, where it lies. Only of a row that is not broken, and only once. */
  unescape(field: number): void {
    if (this.#escaped[field] === 0) return;
    const { quote, escape } = this.#marks;
    const bytes = this.#bytes;
    const end = this.end[field] ?? 0;
    let to = this.start[field] ?? 0;
    for (let at = to; at < end; at += 1) {
      let byte = bytes[at] ?? 0;
      if (byte === escape && at + 1 < end) {
        const next = bytes[at + 1] ?? 0;
        if (next === quote || next === escape) {
          byte = next;
          at += 1;
        }
      }
      bytes[to++] = byte;
    }
    this.end[field] = to;
    this.#escaped[field] = 0;
  }

  #plain(from: number, to: number): void {
    const bytes = this.#bytes;
    const { delimiter } = this.#marks;
    let begin = from;
    for (let at = from; at < to; at += 1) {
      if (bytes[at] !== delimiter) continue;
      this.#put(begin, at, 0);
      begin = at + 1;
    }
    this.#put(begin, to, 0);
  }

  #put(from: number, to: number, quoted: number, escaped = 0): void {
    const field = this.fields++;
    if (field >= this.#room) return;
    this.start[field] = from;
    this.end[field] = to;
    this.quoted[field] = quoted;
    this.#escaped[field] = escaped;
  }

  /** The row ends in front of `stop`, with a line end or with the file. */
  #finish(stop: number, hasEnd: boolean): true {
    const isStripped = hasEnd && this.#marks.strips && stop > this.from && this.#bytes[stop - 1] === CARRIAGE_RETURN;
    this.to = isStripped ? stop - 1 : stop;
    this.#at = hasEnd ? stop + 1 : stop;
    return true;
  }

  #withQuotes(from: number): boolean {
    const bytes = this.#bytes;
    const { delimiter, quote, lineEnd } = this.#marks;
    let at = from;
    for (;;) {
      const begin = at;
      const isQuoted = bytes[at] === quote;
      if (isQuoted) {
        const close = this.#close(at + 1);
        if (close < 0) return close === INCOMPLETE ? false : this.#unclosed();
        at = close + 1;
        if (at >= bytes.length && !this.#isLast) return false;
        if (!this.#endsField(at)) {
          if (at + 1 >= bytes.length && !this.#isLast) return false;
          this.isBroken = true;
        }
        this.#put(begin + 1, close, 1, this.#sawEscape);
      }
      while (at < bytes.length && bytes[at] !== delimiter && bytes[at] !== lineEnd) at += 1;
      if (at >= bytes.length && !this.#isLast) return false;
      const goesOn = at < bytes.length && bytes[at] === delimiter;
      if (!goesOn) this.#finish(at, at < bytes.length);
      if (!isQuoted) this.#put(begin, goesOn ? at : this.to, 0);
      if (!goesOn) return true;
      at += 1;
    }
  }

  #sawEscape = 0;

  /** Where the quote is that ends the field. */
  #close(from: number): number {
    const bytes = this.#bytes;
    const { quote, escape } = this.#marks;
    this.#sawEscape = 0;
    if (escape === quote) {
      for (let at = from; ; at += 2) {
        at = bytes.indexOf(quote, at);
        if (at < 0) return this.#isLast ? UNCLOSED : INCOMPLETE;
        if (at + 1 >= bytes.length && !this.#isLast) return INCOMPLETE;
        if (bytes[at + 1] !== quote) return at;
        this.#sawEscape = 1;
      }
    }
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === escape) {
        if (at + 1 >= bytes.length) break;
        const next = bytes[at + 1];
        if (next !== quote && next !== escape) continue;
        this.#sawEscape = 1;
        at += 1;
      } else if (byte === quote) return at;
    }
    return this.#isLast ? UNCLOSED : INCOMPLETE;
  }

  /** Does a delimiter, a line end or the file's end stand here? */
  #endsField(at: number): boolean {
    const bytes = this.#bytes;
    const { delimiter, lineEnd, strips } = this.#marks;
    if (at >= bytes.length) return true;
    const byte = bytes[at];
    if (byte === delimiter || byte === lineEnd) return true;
    return strips && byte === CARRIAGE_RETURN && bytes[at + 1] === lineEnd;
  }

  /** The rest of the file is one row that cannot be taken apart. */
  #unclosed(): true {
    this.isBroken = true;
    return this.#finish(this.#bytes.length, false);
  }
}

const UNCLOSED = -1;
const INCOMPLETE = -2;
