import { isUtf8 } from 'node:buffer';
import type { ColumnMapping } from '../../contracts/mapping.js';
import { NULL_MARK, ODD_MARK } from '../canonical.js';
import { jsonbText } from '../jsonb.js';

/** Canonical rows that grow into one buffer. */
export class CanonicalWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(1 << 16);
  at = 0;

  /** Room for `size` more bytes. */
  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.at + size, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  #mark(value: number): void {
    const { bytes } = this;
    bytes[this.at] = value >>> 24;
    bytes[this.at + 1] = value >>> 16;
    bytes[this.at + 2] = value >>> 8;
    bytes[this.at + 3] = value;
    this.at += 4;
  }

  empty(): void {
    this.reserve(4);
    this.#mark(NULL_MARK);
  }

  value(source: Buffer, from = 0, to = source.length): void {
    const length = to - from;
    this.reserve(4 + length);
    this.#mark(length);
    if (length > 24) source.copy(this.bytes, this.at, from, to);
    else for (let index = 0; index < length; index++) this.bytes[this.at + index] = source[from + index] ?? 0;
    this.at += length;
  }

  /** ASCII text. */
  text(value: string): void {
    this.reserve(4 + value.length);
    this.#mark(value.length);
    this.bytes.write(value, this.at, 'latin1');
    this.at += value.length;
  }

  float(value: number, size: 4 | 8): void {
    this.reserve(12);
    this.#mark(size);
    if (size === 8) this.bytes.writeDoubleBE(value, this.at);
    else this.bytes.writeFloatBE(value, this.at);
    this.at += size;
  }

  odd(raw: Buffer, from = 0, to = raw.length): void {
    this.reserve(4);
    this.#mark(ODD_MARK);
    this.value(raw, from, to);
  }
}

/** A value where it lies in its row's packet. One is used for all values: a Buffer for each would be most of the scan. */
export class FieldView {
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;

  /** The value as a Buffer of its own place. */
  whole(): Buffer {
    return this.bytes.subarray(this.from, this.to);
  }

  /** ASCII text. */
  text(): string {
    return this.bytes.toString('latin1', this.from, this.to);
  }
}

/** Writes one value that is not NULL, as the scan's SELECT gives it. */
export type CanonicalEncoder = (value: FieldView, out: CanonicalWriter) => void;

/** An encoder for values that are rare enough to be given a Buffer each. */
export function ofWhole(encode: (value: Buffer, out: CanonicalWriter) => void): CanonicalEncoder {
  return (value, out) => {
    encode(value.whole(), out);
  };
}

function odd({ bytes, from, to }: FieldView, out: CanonicalWriter): void {
  out.odd(bytes, from, to);
}

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;

function isDigits(value: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = value[at] ?? 0;
    if (byte < ZERO || byte > NINE) return false;
  }
  return to > from;
}

/** The place of the first digit that counts: 2 in "-07". */
function firstDigit(value: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to - 1 && value[at] === ZERO) at++;
  return at;
}

/** "12e3" and "1.5e-7" as plain decimals; undefined when it is no number. */
function plainDecimal(text: string): string | undefined {
  const match = /^(-?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i.exec(text);
  if (!match || (match[2] ?? '') + (match[3] ?? '') === '') return undefined;
  const fraction = match[3] ?? '';
  const exponent = Number(match[4] ?? 0);
  let digits = (match[2] ?? '') + fraction;
  let scale = fraction.length - exponent;
  if (scale < 0) {
    digits += '0'.repeat(-scale);
    scale = 0;
  }
  digits = digits.padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale).replace(/^0+(?=\d)/, '');
  const rest = digits.slice(digits.length - scale).replace(/0+$/, '');
  const plain = rest === '' ? whole : `${whole}.${rest}`;
  return plain === '0' ? plain : `${match[1] ?? ''}${plain}`;
}

/** Where the point stands; `to` when there is none. */
function pointIn(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== POINT) at++;
  return at;
}

/** Integers too: an integer is a decimal without a fraction. */
const decimal: CanonicalEncoder = (value, out) => {
  const { bytes, from: start, to: stop } = value;
  const negative = bytes[start] === MINUS;
  const begin = negative ? start + 1 : start;
  const point = pointIn(bytes, begin, stop);
  let to = stop;
  if (!isDigits(bytes, begin, point) || (point + 1 < stop && !isDigits(bytes, point + 1, stop))) {
    const plain = plainDecimal(value.text());
    if (plain === undefined) odd(value, out);
    else out.text(plain);
    return;
  }
  const from = firstDigit(bytes, begin, point);
  if (point < stop) {
    while (bytes[to - 1] === ZERO) to--;
    if (to === point + 1) to = point;
  }
  const isZero = to === from + 1 && bytes[from] === ZERO;
  if (!negative || isZero) out.value(bytes, from, to);
  else if (from === begin) out.value(bytes, start, to);
  else out.text(`-${bytes.toString('latin1', from, to)}`);
};

const boolean: CanonicalEncoder = (value, out) => {
  const { bytes, from, to } = value;
  if (to === from + 1 && (bytes[from] === ZERO || bytes[from] === ZERO + 1)) out.value(bytes, from, to);
  else odd(value, out);
};

function floating(size: 4 | 8): CanonicalEncoder {
  return (value, out) => {
    const parsed = Number(value.text());
    if (value.to === value.from || Number.isNaN(parsed)) odd(value, out);
    else out.float(parsed, size);
  };
}

const text: CanonicalEncoder = (value, out) => {
  const { bytes, from, to } = value;
  let high = 0;
  let hasZero = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    high |= byte;
    if (byte === 0) hasZero = true;
  }
  if (hasZero || (high >= 0x80 && !isUtf8(value.whole()))) odd(value, out);
  else out.value(bytes, from, to);
};

/** As PostgreSQL prints it. */
const jsonb = ofWhole((value, out) => {
  const printed = isUtf8(value) ? jsonbText(value.toString()) : undefined;
  if (printed === undefined) out.odd(value);
  else out.value(Buffer.from(printed));
});

/** The SELECT puts "!" before a value whose index is 0, "=" before the others. */
const label: CanonicalEncoder = (value, out) => {
  const isOdd = value.to > value.from && value.bytes[value.from] === 0x21;
  value.from = Math.min(value.from + 1, value.to);
  if (isOdd) odd(value, out);
  else text(value, out);
};

const bytes: CanonicalEncoder = (value, out) => {
  out.value(value.bytes, value.from, value.to);
};

const hexBytes: CanonicalEncoder = (value, out) => {
  out.value(Buffer.from(value.text(), 'hex'));
};

/** 32 hex digits as 16 bytes. */
const uuid: CanonicalEncoder = (value, out) => {
  const decoded = Buffer.from(value.text().replaceAll('-', ''), 'hex');
  if (decoded.length === 16) out.value(decoded);
  else odd(value, out);
};

/** From INET6_ATON, in hexadecimal: 4 or 16 bytes of one address. */
const address = ofWhole((value, out) => {
  const decoded = Buffer.from(value.toString('latin1'), 'hex');
  if (decoded.length !== 4 && decoded.length !== 16) out.odd(value);
  else out.value(Buffer.concat([Buffer.of(decoded.length * 8), decoded]));
});

const SRID_BYTES = 4;
/** One byte order, four bytes of the kind of place. */
const WKB_HEAD_BYTES = 5;
const HAS_SRID = 0x20;

/** The SELECT gives the SRID, big-endian, and the server's own WKB behind it. */
const place = ofWhole((value, out) => {
  const wkb = value.subarray(SRID_BYTES);
  if (wkb.length < WKB_HEAD_BYTES || wkb[0] !== 1) {
    out.odd(value);
    return;
  }
  const srid = value.readUInt32BE(0);
  if (srid === 0) {
    out.value(wkb);
    return;
  }
  const head = Buffer.alloc(WKB_HEAD_BYTES + SRID_BYTES);
  wkb.copy(head, 0, 0, WKB_HEAD_BYTES);
  head[4] = (wkb[4] ?? 0) | HAS_SRID;
  head.writeUInt32LE(srid, WKB_HEAD_BYTES);
  out.value(Buffer.concat([head, wkb.subarray(WKB_HEAD_BYTES)]));
});

const COMMA = 0x2c;

const elements = ofWhole((value, out) => {
  if (value.includes(0) || !isUtf8(value)) {
    out.odd(value);
    return;
  }
  const framed = Buffer.allocUnsafe(value.length + 4 * (1 + value.length));
  let at = 0;
  for (let from = 0; value.length > 0 && from <= value.length;) {
    const comma = value.indexOf(COMMA, from);
    const to = comma === -1 ? value.length : comma;
    at = framed.writeUInt32BE(to - from, at);
    at += value.copy(framed, at, from, to);
    from = to + 1;
  }
  out.value(framed, 0, at);
});

/** From BIN(): no zeros in front. */
function bits(width: number): CanonicalEncoder {
  return (value, out) => {
    if (value.to - value.from > width) odd(value, out);
    else out.text(value.text().padStart(width, '0'));
  };
}

export interface ScanForm {
  readonly hex: boolean;
}

/** Encoders of the kinds that do not hold times; those are in canonical-times.ts. */
export function plainEncoder(column: ColumnMapping, form: ScanForm): CanonicalEncoder | undefined {
  switch (column.kind) {
    case 'integer':
    case 'decimal':
      return decimal;
    case 'float8':
      return floating(8);
    case 'float4':
      return floating(4);
    case 'boolean':
      return boolean;
    case 'text':
      return text;
    case 'json':
      return column.type === 'jsonb' ? jsonb : text;
    case 'enum':
      return label;
    case 'bytes':
      return form.hex ? hexBytes : bytes;
    case 'uuid':
      return uuid;
    case 'text_array':
      return elements;
    case 'inet':
      return address;
    case 'geometry':
      return place;
    case 'bit': {
      const step = column.transform.find((each) => each.op === 'to_bits');
      return bits(step?.op === 'to_bits' ? step.width : 64);
    }
    default:
      return undefined;
  }
}
