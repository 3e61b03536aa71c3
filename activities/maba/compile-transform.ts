import { assertNever } from '../../contracts/failures.js';
import type { ColumnMapping, Operator, TableMapping } from '../../contracts/mapping.js';
import { ISSUE } from '../../contracts/record.js';
import type { ByteSink, FieldCodec } from '../../contracts/record.js';

/**
 * MABA's compiled transform: each column's pipeline becomes one codec from the source's bytes to PostgreSQL's COPY
 * text. Codecs rely on KORA's check of the field. Source: PostgreSQL documentation, COPY, "Text Format".
 */
export function compileTransform(table: TableMapping): readonly FieldCodec[] {
  return table.columns.map(codecOf);
}

function codecOf(column: ColumnMapping): FieldCodec {
  const last = column.transform.at(-1);
  if (last === undefined) throw new Error(`column "${column.source}" has an empty transform`);
  return operatorCodec(last, column);
}

function operatorCodec(step: Operator, column: ColumnMapping): FieldCodec {
  switch (step.op) {
    case 'as_is':
    case 'parse_datetime':
      return kindCodec(column);
    case 'to_boolean':
      return toBoolean;
    case 'to_bytea':
      return toBytea;
    case 'split_comma':
      return splitComma;
    case 'to_bits':
      return toBits(step.width);
    case 'from_unix_seconds':
      return fromUnixSeconds(column.kind);
    default:
      return assertNever(step, 'operator');
  }
}

/** A `bit` without a width in its transform; the proof's canonical form takes the same. */
const BITS_MAX = 64;

function kindCodec({ kind }: ColumnMapping): FieldCodec {
  switch (kind) {
    case 'integer':
    case 'decimal':
    case 'float4':
    case 'float8':
    case 'time':
    case 'interval':
      return plain;
    case 'boolean':
      return toBoolean;
    case 'text':
    case 'enum':
    case 'json':
      return escaped;
    case 'bytes':
      return toBytea;
    case 'date':
      return toDate;
    case 'timestamp':
      return toTimestamp('');
    case 'timestamptz':
      // The zone is written, so that no session's TimeZone can shift the instant.
      return toTimestamp('+00');
    case 'text_array':
      return splitComma;
    case 'bit':
      return toBits(BITS_MAX);
    case 'uuid':
      return toUuid;
    default:
      return assertNever(kind, 'kind of value');
  }
}

/** Below this many bytes a loop beats a native copy. */
const SHORT = 64;

/** Bytes that need no escape: numbers, times. */
const plain: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(end - start);
  const { bytes: out } = sink;
  let { length } = sink;
  if (end - start < SHORT) for (let at = start; at < end; at += 1) out[length++] = bytes[at] ?? 0;
  else {
    out.set(bytes.subarray(start, end), length);
    length += end - start;
  }
  sink.length = length;
  return ISSUE.ok;
};

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const MINUS = 0x2d;
const COLON = 0x3a;
const SPACE = 0x20;

/** COPY's escapes: backslash, tab, newline, carriage return. Other bytes, control characters too, stand for themselves. */
const escaped: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(2 * (end - start));
  const { bytes: out } = sink;
  let { length } = sink;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x0d && byte !== BACKSLASH) out[length++] = byte;
    else length = special(byte, out, length);
  }
  sink.length = length;
  return ISSUE.ok;
};

function special(byte: number, out: Uint8Array, length: number): number {
  let at = length;
  const letter =
    byte === BACKSLASH ? BACKSLASH : byte === 0x09 ? 0x74 : byte === 0x0a ? 0x6e : byte === 0x0d ? 0x72 : 0;
  if (letter === 0) out[at++] = byte;
  else {
    out[at++] = BACKSLASH;
    out[at++] = letter;
  }
  return at;
}

const toBoolean: FieldCodec = (bytes, start, end, _storage, sink) => {
  const byte = bytes[start];
  if (end - start !== 1 || (byte !== ZERO && byte !== ZERO + 1)) return ISSUE.not_a_boolean;
  sink.ensure(1);
  sink.bytes[sink.length++] = byte === ZERO + 1 ? 0x74 : 0x66;
  return ISSUE.ok;
};

const HEX = Buffer.from('0123456789abcdef', 'latin1');

function hex(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  const { bytes: out } = sink;
  let { length } = sink;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    out[length++] = HEX[byte >> 4] ?? 0;
    out[length++] = HEX[byte & 15] ?? 0;
  }
  sink.length = length;
}

const toBytea: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(2 * (end - start) + 3);
  const { bytes: out } = sink;
  out[sink.length++] = BACKSLASH;
  out[sink.length++] = BACKSLASH;
  out[sink.length++] = 0x78;
  hex(bytes, start, end, sink);
  return ISSUE.ok;
};

const UUID_BYTES = 16;

/** The text as it is, or 16 bytes as their digits. */
const toUuid: FieldCodec = (bytes, start, end, storage, sink) => {
  if (end - start !== UUID_BYTES) return plain(bytes, start, end, storage, sink);
  sink.ensure(2 * UUID_BYTES);
  hex(bytes, start, end, sink);
  return ISSUE.ok;
};

/** MySQL SET: members hold no comma. Array literal with every element quoted, so that "NULL" and "" are elements. */
const splitComma: FieldCodec = (bytes, start, end, _storage, sink) => {
  // At worst each byte is a backslash (four bytes) or a comma (three).
  sink.ensure(4 * (end - start) + 4);
  const { bytes: out } = sink;
  let { length } = sink;
  out[length++] = 0x7b;
  if (end > start) out[length++] = QUOTE;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === COMMA) {
      out[length++] = QUOTE;
      out[length++] = COMMA;
      out[length++] = QUOTE;
    } else if (byte === QUOTE || byte === BACKSLASH) {
      // The literal's backslash, escaped for COPY; then the byte, escaped too when it is a backslash.
      out[length++] = BACKSLASH;
      out[length++] = BACKSLASH;
      length = special(byte, out, length);
    } else length = special(byte, out, length);
  }
  if (end > start) out[length++] = QUOTE;
  out[length++] = 0x7d;
  sink.length = length;
  return ISSUE.ok;
};

/** Digits that a number holds exactly. */
const SAFE_DIGITS = 15;

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

function toBits(width: number): FieldCodec {
  return (bytes, start, end, _storage, sink) => {
    if (end - start > SAFE_DIGITS) return wideBits(BigInt(latin1(bytes, start, end)), width, sink);
    let rest = 0;
    for (let at = start; at < end; at += 1) rest = rest * 10 + ((bytes[at] ?? 0) - ZERO);
    if (rest >= 2 ** width) return ISSUE.out_of_range;
    sink.ensure(width);
    const { bytes: out, length } = sink;
    for (let at = length + width - 1; at >= length; at -= 1) {
      const half = Math.floor(rest / 2);
      out[at] = ZERO + (rest - 2 * half);
      rest = half;
    }
    sink.length = length + width;
    return ISSUE.ok;
  };
}

function wideBits(value: bigint, width: number, sink: ByteSink): number {
  const bits = value.toString(2).padStart(width, '0');
  if (bits.length > width) return ISSUE.out_of_range;
  append(bits, sink);
  return ISSUE.ok;
}

/** ASCII text that needs no escape. */
function append(text: string, sink: ByteSink): void {
  sink.ensure(text.length);
  const { bytes: out } = sink;
  for (let at = 0; at < text.length; at += 1) out[sink.length++] = text.charCodeAt(at);
}

const DATE_BYTES = 10;
/** "YYYY-MM-DD HH:MM", "… HH:MM:SS", and the most: "… HH:MM:SS.ffffff". */
const MINUTES_BYTES = 16;
const MOMENT_BYTES = 26;
const LETTER_Z = 0x5a;

/** KORA lets a date with a time pass only at midnight. */
const toDate: FieldCodec = (bytes, start, _end, storage, sink) =>
  plain(bytes, start, start + DATE_BYTES, storage, sink);

/**
 * "2024-01-02", "2024-01-02T03:04", "2024-01-02 03:04:05.678Z" as "YYYY-MM-DD HH:MM:SS[.ffffff]". Digits behind the
 * sixth are zeros (KORA) and left away: PostgreSQL refuses long texts.
 */
function toTimestamp(zone: string): FieldCodec {
  return (bytes, start, end, _storage, sink) => {
    sink.ensure(MOMENT_BYTES + zone.length);
    const { bytes: out } = sink;
    let { length } = sink;
    const stop = Math.min(bytes[end - 1] === LETTER_Z ? end - 1 : end, start + MOMENT_BYTES);
    for (let at = start; at < stop; at += 1) out[length++] = bytes[at] ?? 0;
    if (stop - start > DATE_BYTES) out[length - (stop - start) + DATE_BYTES] = SPACE;
    sink.length = length;
    if (stop - start === DATE_BYTES) append(' 00:00:00', sink);
    else if (stop - start === MINUTES_BYTES) append(':00', sink);
    append(zone, sink);
    return ISSUE.ok;
  };
}

const DAY_SECONDS = 86_400;

/** Whole seconds in front of the point, a fraction behind it; both of one sign ("-0.5" is half a second before 1970). */
function fromUnixSeconds(kind: ColumnMapping['kind']): FieldCodec {
  return (bytes, start, end, _storage, sink) => {
    const negative = bytes[start] === MINUS;
    let seconds = 0;
    let at = negative ? start + 1 : start;
    for (; at < end && bytes[at] !== 0x2e; at += 1) seconds = seconds * 10 + ((bytes[at] ?? 0) - ZERO);
    let micros = 0;
    for (let place = 100_000; at + 1 < end && place >= 1; place /= 10, at += 1)
      micros += ((bytes[at + 1] ?? 0) - ZERO) * place;
    if (negative) {
      seconds = micros === 0 ? 0 - seconds : -seconds - 1;
      micros = micros === 0 ? 0 : 1_000_000 - micros;
    }
    sink.ensure(MOMENT_BYTES + 3);
    const days = Math.floor(seconds / DAY_SECONDS);
    putDay(days, sink);
    if (kind === 'date') return ISSUE.ok;
    putClock(seconds - days * DAY_SECONDS, micros, sink);
    if (kind === 'timestamptz') append('+00', sink);
    return ISSUE.ok;
  };
}

/** The Gregorian date of a day number (0 is 1970-01-01), counted in eras of 400 years that begin in March. */
function putDay(days: number, sink: ByteSink): void {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const month = march < 10 ? march + 3 : march - 9;
  putDigits(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4, sink);
  sink.bytes[sink.length++] = MINUS;
  putDigits(month, 2, sink);
  sink.bytes[sink.length++] = MINUS;
  putDigits(dayOfYear - Math.floor((153 * march + 2) / 5) + 1, 2, sink);
}

function putClock(seconds: number, micros: number, sink: ByteSink): void {
  sink.bytes[sink.length++] = SPACE;
  putDigits(Math.floor(seconds / 3600), 2, sink);
  sink.bytes[sink.length++] = COLON;
  putDigits(Math.floor(seconds / 60) % 60, 2, sink);
  sink.bytes[sink.length++] = COLON;
  putDigits(seconds % 60, 2, sink);
  if (micros === 0) return;
  sink.bytes[sink.length++] = 0x2e;
  putDigits(micros, 6, sink);
}

function putDigits(value: number, digits: number, sink: ByteSink): void {
  let rest = value;
  for (let at = sink.length + digits - 1; at >= sink.length; at -= 1) {
    const high = Math.floor(rest / 10);
    sink.bytes[at] = ZERO + (rest - 10 * high);
    rest = high;
  }
  sink.length += digits;
}
