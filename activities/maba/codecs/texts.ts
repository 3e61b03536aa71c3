import { ISSUE, viewOf } from '../../../contracts/record.js';
import type { ByteSink, FieldCodec } from '../../../contracts/record.js';

/** From this many bytes on, a native copy is faster than a loop. */
const LONG = 128;

/** Bytes as they are: texts, labels, JSON, bytea. */
export const asBytes: FieldCodec = (bytes, start, end, _storage, sink) => {
  if (sink.lay?.(bytes, start, end) === true) return ISSUE.ok;
  sink.ensure(end - start);
  put(bytes, start, end, sink);
  return ISSUE.ok;
};

/** The version of jsonb's binary form. */
const JSONB_VERSION = 1;

/** A JSON for jsonb: its text behind the version of the form. */
export const toJsonb: FieldCodec = (bytes, start, end, storage, sink) => {
  sink.ensure(1);
  sink.bytes[sink.length++] = JSONB_VERSION;
  return asBytes(bytes, start, end, storage, sink);
};

/** There is room. */
function put(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  const { bytes: out } = sink;
  let { length } = sink;
  sink.length += end - start;
  if (end - start >= LONG) {
    // Unlike `set`, `copy` needs no object of its own for the part.
    if (Buffer.isBuffer(bytes)) bytes.copy(out, length, start, end);
    else out.set(bytes.subarray(start, end), length);
    return;
  }
  const from = viewOf(bytes);
  const { view: to } = sink;
  let at = start;
  for (; at + 8 <= end; at += 8, length += 8) {
    to.setInt32(length, from.getInt32(at));
    to.setInt32(length + 4, from.getInt32(at + 4));
  }
  for (; at + 4 <= end; at += 4, length += 4) to.setInt32(length, from.getInt32(at));
  for (; at < end; at += 1) out[length++] = bytes[at] ?? 0;
}

const COMMA = 0x2c;
/** The type text, in every PostgreSQL. */
const TEXT_OID = 25;

/**
 * MySQL SET: members hold no comma, and the empty text is the empty set. An array of texts: dimensions, "holds NULL",
 * the elements' type; for the one dimension its size and lower bound; each element with its length.
 */
export const splitComma: FieldCodec = (bytes, start, end, _storage, sink) => {
  const elements = start === end ? 0 : 1 + commas(bytes, start, end);
  sink.ensure(20 + 4 * elements + end - start);
  for (const word of elements === 0 ? [0, 0, TEXT_OID] : [1, 0, TEXT_OID, elements, 1]) putWord(word, sink);
  for (let at = start, left = elements; left > 0; left -= 1) {
    let stop = at;
    while (stop < end && bytes[stop] !== COMMA) stop += 1;
    putWord(stop - at, sink);
    put(bytes, at, stop, sink);
    at = stop + 1;
  }
  return ISSUE.ok;
};

function commas(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += 1) if (bytes[at] === COMMA) count += 1;
  return count;
}

function putWord(word: number, sink: ByteSink): void {
  sink.view.setInt32(sink.length, word);
  sink.length += 4;
}

const UUID_BYTES = 16;
const DASH = 0x2d;

/** 16 bytes as they are, or from their hexadecimal digits with or without dashes. */
export const toUuid: FieldCodec = (bytes, start, end, storage, sink) => {
  if (end - start === UUID_BYTES) return asBytes(bytes, start, end, storage, sink);
  sink.ensure(UUID_BYTES);
  for (let at = start; at < end; at += 2) {
    if (bytes[at] === DASH) at += 1;
    sink.bytes[sink.length++] = (nibble(bytes[at] ?? 0) << 4) | nibble(bytes[at + 1] ?? 0);
  }
  return ISSUE.ok;
};

/** Letters of either case stand 9 behind their low bits. */
function nibble(byte: number): number {
  return (byte & 0x0f) + (byte > 0x39 ? 9 : 0);
}
