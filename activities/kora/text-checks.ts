import { isUtf8 } from 'node:buffer';
import { ISSUE, viewOf } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import { STORAGE } from './storage.js';

const BLANK = 0x20;
/** From this many bytes on, the native check of what is not ASCII is faster than a loop. */
const LONG = 32;

/**
 * UTF-8 without U+0000, which PostgreSQL cannot hold, and no longer than the column takes: of a text that is too long
 * by blanks only, PostgreSQL cuts those silently. Integers and reals of SQLite are kept as their decimal text.
 */
export function textCheck(maxCharacters = Infinity): FieldCheck {
  return (bytes, start, end, storage) => {
    if (storage === STORAGE.blob) return ISSUE.wrong_storage;
    const at = plainUntil(bytes, start, end);
    if (at < end)
      return bytes[at] === 0 ? ISSUE.nul_character : wideCheck(bytes, at, end, maxCharacters - (at - start));
    return end - start > maxCharacters ? ISSUE.too_long : ISSUE.ok;
  };
}

/** All bytes in front of `end` are UTF-8 without U+0000. */
export function isText(bytes: Uint8Array, end: number): boolean {
  const text = bytes.subarray(0, end);
  return !text.includes(0) && isUtf8(text);
}

/** The same of what is known to be UTF-8 without U+0000. */
export function lengthCheck(maxCharacters = Infinity): FieldCheck {
  return (bytes, start, end, storage) => {
    if (storage === STORAGE.blob) return ISSUE.wrong_storage;
    if (end - start <= maxCharacters) return ISSUE.ok;
    return characters(bytes.subarray(start, end)) > maxCharacters ? ISSUE.too_long : ISSUE.ok;
  };
}

/** `character(n)` fills a text up with blanks, and takes away all at its end when it is read as a text. */
export function paddedCheck(asText: FieldCheck): FieldCheck {
  return (bytes, start, end, storage) => {
    const issue = asText(bytes, start, end, storage);
    return issue === ISSUE.ok && end > start && bytes[end - 1] === BLANK ? ISSUE.bad_form : issue;
  };
}

/** The first byte that is NUL or not ASCII; `end` where there is none. */
function plainUntil(bytes: Uint8Array, start: number, end: number): number {
  const view = viewOf(bytes);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    // A byte of 0 borrows, and every other byte from 0x80 on has the bit itself.
    if ((((word - 0x01010101) | word) & 0x80808080) !== 0) break;
  }
  while (at < end && (bytes[at] ?? 0) < 0x80 && bytes[at] !== 0) at += 1;
  return at;
}

/** The rest of a text from its first byte that is not ASCII; `most` is what may be left of its characters. */
function wideCheck(bytes: Uint8Array, start: number, end: number, most: number): Issue {
  if (end - start > LONG) {
    const rest = bytes.subarray(start, end);
    if (rest.includes(0)) return ISSUE.nul_character;
    if (!isUtf8(rest)) return ISSUE.invalid_utf8;
    return rest.length > most && characters(rest) > most ? ISSUE.too_long : ISSUE.ok;
  }
  let count = 0;
  for (let at = start; at < end; count += 1) {
    const size = sequence(bytes, at, end);
    if (size === 0) return bytes[at] === 0 ? ISSUE.nul_character : ISSUE.invalid_utf8;
    at += size;
  }
  return count > most ? ISSUE.too_long : ISSUE.ok;
}

/** Code points: every byte that is no continuation byte. */
function characters(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) count += 1;
  return count;
}

/** Bytes of the UTF-8 sequence at `at`; 0 where there is none (U+0000 counts as none). Unicode, table 3-7. */
function sequence(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return first === 0 ? 0 : 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + size > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  if (size > 2 && ((bytes[at + 2] ?? 0) & 0xc0) !== 0x80) return 0;
  if (size > 3 && ((bytes[at + 3] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

/** Exactly one of the labels, byte by byte. */
export function enumCheck(names: readonly string[]): FieldCheck {
  const labels = names.map((label) => Buffer.from(label, 'utf8'));
  return (bytes, start, end, storage) => {
    if (storage === STORAGE.blob) return ISSUE.wrong_storage;
    for (const label of labels) if (equals(label, bytes, start, end)) return ISSUE.ok;
    return ISSUE.bad_label;
  };
}

function equals(label: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (label.length !== end - start) return false;
  for (let at = 0; at < label.length; at += 1) if (label[at] !== bytes[start + at]) return false;
  return true;
}

/** A MySQL SET: text whose elements stand between commas. Numbers of SQLite are no such text. */
export function textArrayCheck(asText: FieldCheck): FieldCheck {
  return (bytes, start, end, storage) =>
    storage === STORAGE.integer || storage === STORAGE.real ? ISSUE.wrong_storage : asText(bytes, start, end, storage);
}

/** Bytes, of blobs and of texts; SQLite's numbers are no bytes. */
export const bytesCheck: FieldCheck = (_bytes, _start, _end, storage) =>
  storage === STORAGE.integer || storage === STORAGE.real ? ISSUE.wrong_storage : ISSUE.ok;

const DASH = 0x2d;
const DASHES = [8, 13, 18, 23];

/** 16 bytes, or their 32 hexadecimal digits, bare or with the four dashes. */
export const uuidCheck: FieldCheck = (bytes, start, end, storage) => {
  const length = end - start;
  if (storage === STORAGE.blob) return length === 16 ? ISSUE.ok : ISSUE.bad_form;
  if (storage === STORAGE.integer || storage === STORAGE.real) return ISSUE.wrong_storage;
  if (length === 16) return storage === STORAGE.none ? ISSUE.ok : ISSUE.bad_form;
  if (length !== 36 && length !== 32) return ISSUE.bad_form;
  for (let place = 0; place < length; place += 1) {
    const byte = bytes[start + place] ?? 0;
    const fits = length === 36 && DASHES.includes(place) ? byte === DASH : isHex(byte);
    if (!fits) return ISSUE.bad_form;
  }
  return ISSUE.ok;
};

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}
