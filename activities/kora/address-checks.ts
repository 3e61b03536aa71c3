import { isIP } from 'node:net';
import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck } from '../../contracts/record.js';
import { STORAGE } from './storage.js';

/** The longest text of an address: eight groups, the last two as an IPv4 address. */
const ADDRESS_BYTES = 45;

/** One IPv4 or IPv6 address without a prefix and without a zone, which PostgreSQL does not keep. */
export const inetCheck: FieldCheck = (bytes, start, end, storage) => {
  if (storage !== STORAGE.none && storage !== STORAGE.text) return ISSUE.wrong_storage;
  if (end - start > ADDRESS_BYTES) return ISSUE.bad_form;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  return isIP(text) === 0 || text.includes('%') ? ISSUE.bad_form : ISSUE.ok;
};

/** SRID, byte order, kind. */
const PLACE_BYTES = 9;
const LITTLE_ENDIAN = 1;
/** Kinds of WKB that MySQL has: point to collection. */
const KIND_MAX = 7;

/** A place as MySQL holds it: a SRID, then WKB in little-endian order. */
export const placeCheck: FieldCheck = (bytes, start, end) => {
  if (end - start < PLACE_BYTES || bytes[start + 4] !== LITTLE_ENDIAN) return ISSUE.bad_form;
  const kind = bytes[start + 5] ?? 0;
  const isPlain = bytes[start + 6] === 0 && bytes[start + 7] === 0 && bytes[start + 8] === 0;
  return isPlain && kind >= 1 && kind <= KIND_MAX ? ISSUE.ok : ISSUE.bad_form;
};
