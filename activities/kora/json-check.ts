import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import { jsonbText } from '../../databases/jsonb.js';
import { isDigit } from './digits.js';
import { textCheck } from './text-checks.js';

/**
 * Deepest nesting that is let through. PostgreSQL parses by recursion and answers much deeper text with "stack depth
 * limit exceeded": that would send a whole chunk through bisection and the row to quarantine, for one value.
 */
export const JSON_DEPTH_MAX = 2000;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_E = 0x65;
const LETTER_U = 0x75;

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word, 'latin1'));
/** `"\/bfnrt`, behind a backslash. */
const ESCAPED = new Set(Buffer.from('"\\/bfnrt', 'latin1'));

/**
 * Reads JSON (RFC 8259) without making anything of it: type json keeps the text, so duplicate keys, large numbers and
 * lone surrogate escapes stay as they are. One is reused for all values.
 */
class JsonReader {
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #end = 0;
  /** The bytes that close what is open, outermost first. */
  readonly #open = new Uint8Array(JSON_DEPTH_MAX);
  #depth = 0;

  read(bytes: Uint8Array, start: number, end: number): Issue {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#depth = 0;
    this.#blanks();
    for (;;) {
      const byte = this.#byte();
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#depth === JSON_DEPTH_MAX) return ISSUE.out_of_range;
        const closing = byte + 2;
        this.#open[this.#depth++] = closing;
        this.#at += 1;
        this.#blanks();
        if (this.#byte() !== closing) {
          if (byte === OPEN_OBJECT && !this.#key()) return ISSUE.bad_form;
          continue;
        }
      } else if (!this.#scalar(byte)) return ISSUE.bad_form;
      const more = this.#afterValue();
      if (more !== undefined) return more;
    }
  }

  /** Closes what ends here; undefined when another value must follow. */
  #afterValue(): Issue | undefined {
    for (;;) {
      this.#blanks();
      if (this.#depth === 0) return this.#at === this.#end ? ISSUE.ok : ISSUE.bad_form;
      const closing = this.#open[this.#depth - 1];
      const byte = this.#byte();
      if (byte !== closing && byte !== COMMA) return ISSUE.bad_form;
      this.#at += 1;
      if (byte === closing) {
        this.#depth -= 1;
        continue;
      }
      this.#blanks();
      return closing !== CLOSE_OBJECT || this.#key() ? undefined : ISSUE.bad_form;
    }
  }

  /** The byte here; 0 at the end. */
  #byte(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] ?? 0) : 0;
  }

  #blanks(): void {
    for (; this.#at < this.#end; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    }
  }

  #key(): boolean {
    if (this.#byte() !== QUOTE || !this.#string()) return false;
    this.#blanks();
    if (this.#byte() !== COLON) return false;
    this.#at += 1;
    this.#blanks();
    return true;
  }

  #scalar(byte: number): boolean {
    if (byte === QUOTE) return this.#string();
    if (byte === MINUS || isDigit(byte)) return this.#number();
    return WORDS.some((word) => this.#word(word));
  }

  #word(word: Uint8Array): boolean {
    if (this.#end - this.#at < word.length) return false;
    for (let place = 0; place < word.length; place += 1) {
      if (this.#bytes[this.#at + place] !== word[place]) return false;
    }
    this.#at += word.length;
    return true;
  }

  #string(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#at + 1; at < this.#end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (byte < 0x20) return false;
      if (byte !== BACKSLASH) continue;
      at += 1;
      const escaped = at < this.#end ? (bytes[at] ?? 0) : 0;
      if (escaped === LETTER_U) {
        if (!this.#fourHex(at + 1)) return false;
        at += 4;
      } else if (!ESCAPED.has(escaped)) return false;
    }
    return false;
  }

  #fourHex(from: number): boolean {
    if (from + 4 > this.#end) return false;
    for (let at = from; at < from + 4; at += 1) {
      const lower = (this.#bytes[at] ?? 0) | 0x20;
      if (!isDigit(this.#bytes[at]) && !(lower >= 0x61 && lower <= 0x66)) return false;
    }
    return true;
  }

  #number(): boolean {
    if (this.#byte() === MINUS) this.#at += 1;
    if (this.#byte() === ZERO) this.#at += 1;
    else if (!this.#digits()) return false;
    if (this.#byte() === POINT) {
      this.#at += 1;
      if (!this.#digits()) return false;
    }
    if ((this.#byte() | 0x20) !== LETTER_E) return true;
    this.#at += 1;
    if (this.#byte() === PLUS || this.#byte() === MINUS) this.#at += 1;
    return this.#digits();
  }

  #digits(): boolean {
    const from = this.#at;
    while (isDigit(this.#byte())) this.#at += 1;
    return this.#at > from;
  }
}

const asText = textCheck();
const reader = new JsonReader();

/** Text that PostgreSQL takes as json. */
export const jsonCheck: FieldCheck = (bytes, start, end, storage) => {
  const issue = asText(bytes, start, end, storage);
  return issue === ISSUE.ok ? reader.read(bytes, start, end) : issue;
};

/** JSON of which jsonb keeps all that it says. */
export const jsonbCheck: FieldCheck = (bytes, start, end, storage) => {
  const issue = jsonCheck(bytes, start, end, storage);
  if (issue !== ISSUE.ok) return issue;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  return jsonbText(text) === undefined ? ISSUE.bad_form : ISSUE.ok;
};
