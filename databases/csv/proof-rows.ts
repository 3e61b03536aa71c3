import { grown } from '../grown.js';
import type { FileFormat } from '../../contracts/text-format.js';

/**
 * Takes rows apart for the proof: byte by byte, by a table of states, into a buffer of its own, and with nothing shared
 * with the copy's splitter, which searches in the file's bytes. What the one gets wrong the other does not get wrong in
 * the same way.
 */

/** Kinds of bytes. */
const OTHER = 0;
const DELIMITER = 1;
const QUOTE = 2;
const ESCAPE = 3;
const RETURN = 4;
const END = 5;

/** Where in a row the reading is. */
const BEGIN = 0;
const BARE = 1;
const INSIDE = 2;
/** Behind a quote that may have ended the field, or may be the first of two. */
const CLOSING = 3;
/** Behind an escape inside of quotes. */
const ESCAPING = 4;
/** Behind a closing quote and a carriage return. */
const RETURNING = 5;
/** Behind something that may not stand behind a closing quote. */
const SPOILT = 6;

export interface ProofField {
  readonly bytes: Buffer;
  readonly isQuoted: boolean;
}

/** One row; reused. */
export interface ProofRow {
  readonly fields: number;
  readonly isBroken: boolean;
  /** The whole row as it came, without its line end. */
  readonly raw: Buffer;
  field(at: number): ProofField;
}

export class ProofRows implements ProofRow {
  fields = 0;
  isBroken = false;
  readonly #kinds = new Uint8Array(256);
  readonly #quote: number;
  readonly #escape: number;
  readonly #doubles: boolean;
  readonly #strips: boolean;
  #state = BEGIN;
  #raw: Buffer = Buffer.allocUnsafeSlow(1 << 16);
  #rawLength = 0;
  #text: Buffer = Buffer.allocUnsafeSlow(1 << 16);
  #textLength = 0;
  #ends: number[] = [];
  #quoted: boolean[] = [];
  #isQuoted = false;

  constructor({ delimiter, quote, escape, lineEnd }: FileFormat) {
    const end = lineEnd === 'lf' || lineEnd === 'crlf' ? '\n' : lineEnd === 'cr' ? '\r' : lineEnd;
    this.#strips = lineEnd === 'crlf';
    this.#doubles = quote !== undefined && escape === quote;
    this.#quote = quote?.charCodeAt(0) ?? -1;
    this.#escape = quote !== undefined && escape !== undefined ? escape.charCodeAt(0) : -1;
    const kinds: readonly (readonly [string | undefined, number])[] = [
      ...(this.#strips ? [['\r', RETURN] as const] : []),
      [quote === undefined || this.#doubles ? undefined : escape, ESCAPE],
      [quote, QUOTE],
      [delimiter, DELIMITER],
      [end, END],
    ];
    for (const [mark, kind] of kinds) if (mark !== undefined) this.#kinds[mark.charCodeAt(0)] = kind;
  }

  get raw(): Buffer {
    return this.#raw.subarray(0, this.#rawLength);
  }

  field(at: number): ProofField {
    const bytes = this.#text.subarray(at === 0 ? 0 : this.#ends[at - 1], this.#ends[at]);
    return { bytes, isQuoted: this.#quoted[at] === true };
  }

  /** Reads on from `at`; gives where the row's line end is, or -1: the piece ended before it. */
  read(piece: Buffer, at: number): number {
    if (this.#rawLength === 0 && this.#state === BEGIN) this.#reset();
    this.#reserve(piece.length - at);
    for (let place = at; place < piece.length; place += 1) {
      const byte = piece[place] ?? 0;
      if (this.#step(byte, this.#kinds[byte] ?? OTHER)) return place;
      this.#raw[this.#rawLength++] = byte;
    }
    return -1;
  }

  /** At the end of the file: is there a row that no line end closed? */
  finish(): boolean {
    if (this.#rawLength === 0 && this.#state === BEGIN) return false;
    if (this.#state === INSIDE || this.#state === ESCAPING || this.#state === RETURNING) this.isBroken = true;
    this.#endField();
    return true;
  }

  /** Before the next row. */
  clear(): void {
    this.#state = BEGIN;
    this.#rawLength = 0;
  }

  #reset(): void {
    this.fields = 0;
    this.isBroken = false;
    this.#ends = [];
    this.#quoted = [];
    this.#textLength = 0;
    this.#isQuoted = false;
  }

  #reserve(size: number): void {
    const roomy = (buffer: Buffer, length: number): Buffer =>
      length + size <= buffer.length ? buffer : grown(buffer, length, size);
    this.#raw = roomy(this.#raw, this.#rawLength);
    this.#text = roomy(this.#text, this.#textLength);
  }

  /** True: the row ends with this byte. */
  #step(byte: number, kind: number): boolean {
    switch (this.#state) {
      case BEGIN:
        if (kind === QUOTE) {
          this.#isQuoted = true;
          this.#state = INSIDE;
          return false;
        }
        this.#state = BARE;
        return this.#bare(byte, kind);
      case BARE:
        return this.#bare(byte, kind);
      case INSIDE:
        if (kind === QUOTE) this.#state = CLOSING;
        else if (kind === ESCAPE) this.#state = ESCAPING;
        else this.#keep(byte);
        return false;
      case ESCAPING:
        return this.#behindEscape(byte, kind);
      case CLOSING:
        return this.#behindQuote(byte, kind);
      case RETURNING:
        if (kind === END) return this.#endRow();
        this.isBroken = true;
        this.#state = SPOILT;
        return this.#spoilt(kind);
      default:
        return this.#spoilt(kind);
    }
  }

  #bare(byte: number, kind: number): boolean {
    if (kind === END) {
      if (this.#strips && this.#raw[this.#rawLength - 1] === 0x0d && this.#textLength > (this.#ends.at(-1) ?? 0)) {
        this.#textLength -= 1;
      }
      return this.#endRow();
    }
    if (kind === DELIMITER) this.#endField();
    else this.#keep(byte);
    return false;
  }

  /** An escape makes a character of a quote and of itself only. */
  #behindEscape(byte: number, kind: number): boolean {
    this.#state = INSIDE;
    if (byte === this.#quote || byte === this.#escape) {
      this.#keep(byte);
      return false;
    }
    this.#keep(this.#escape);
    return this.#step(byte, kind);
  }

  #behindQuote(byte: number, kind: number): boolean {
    if (kind === QUOTE && this.#doubles) {
      this.#keep(byte);
      this.#state = INSIDE;
      return false;
    }
    if (kind === END) return this.#endRow();
    if (kind === DELIMITER) {
      this.#endField();
      return false;
    }
    if (kind === RETURN) {
      this.#state = RETURNING;
      return false;
    }
    this.isBroken = true;
    this.#state = SPOILT;
    return false;
  }

  #spoilt(kind: number): boolean {
    if (kind === END) return this.#endRow();
    if (kind === DELIMITER) this.#endField();
    return false;
  }

  #keep(byte: number): void {
    this.#text[this.#textLength++] = byte;
  }

  #endField(): void {
    this.#ends.push(this.#textLength);
    this.#quoted.push(this.#isQuoted);
    this.fields += 1;
    this.#isQuoted = false;
    this.#state = BEGIN;
  }

  #endRow(): true {
    this.#endField();
    if (this.#strips && this.#rawLength > 0 && this.#raw[this.#rawLength - 1] === 0x0d) this.#rawLength -= 1;
    return true;
  }
}
