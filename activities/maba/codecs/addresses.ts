import { ISSUE } from '../../../contracts/record.js';
import type { FieldCodec } from '../../../contracts/record.js';
import { textOf } from './words.js';

/** PostgreSQL's names of the two families, the same on every system. */
const FAMILY_4 = 2;
const FAMILY_6 = 3;
const BYTES_6 = 16;
/** Family, bits of the prefix, "is a cidr", number of bytes. */
const HEAD_BYTES = 4;

/** One address, not a network: every bit counts. */
export const toInet: FieldCodec = (bytes, start, end, _storage, sink) => {
  const text = textOf(bytes, start, end);
  const address = text.includes(':') ? bytesOf6(text) : bytesOf4(text);
  const isSix = address.length === BYTES_6;
  sink.ensure(HEAD_BYTES + BYTES_6);
  const head = [isSix ? FAMILY_6 : FAMILY_4, address.length * 8, 0, address.length];
  for (const byte of [...head, ...address]) sink.bytes[sink.length++] = byte;
  return ISSUE.ok;
};

function bytesOf4(text: string): number[] {
  return text.split('.').map(Number);
}

/** "::" stands for as many groups of zero as are missing; the last two groups may be written as an IPv4 address. */
function bytesOf6(text: string): number[] {
  const [before = '', after] = text.split('::');
  const left = groupsOf(before);
  const right = after === undefined ? [] : groupsOf(after);
  return [...left, ...new Array<number>(BYTES_6 - left.length - right.length).fill(0), ...right];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return bytesOf4(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

const SRID_BYTES = 4;
/** One byte order, four bytes of the kind of place. */
const WKB_HEAD_BYTES = 5;
const HAS_SRID = 0x20000000;

/**
 * MySQL holds a place as its SRID and its WKB, both little-endian (KORA), with the east before the north whatever the
 * SRID says. EWKB has the SRID behind the kind, told by a bit of it; a place without a SRID is plain WKB.
 */
export const toEwkb: FieldCodec = (bytes, start, end, _storage, sink) => {
  const from = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const srid = from.getUint32(0, true);
  const wkb = start + SRID_BYTES;
  sink.ensure(end - start);
  let { length } = sink;
  if (srid === 0) {
    sink.bytes.set(bytes.subarray(wkb, end), length);
    sink.length = length + end - wkb;
    return ISSUE.ok;
  }
  sink.bytes[length] = bytes[wkb] ?? 0;
  sink.view.setUint32(length + 1, (from.getUint32(SRID_BYTES + 1, true) | HAS_SRID) >>> 0, true);
  sink.view.setUint32(length + WKB_HEAD_BYTES, srid, true);
  length += WKB_HEAD_BYTES + SRID_BYTES;
  sink.bytes.set(bytes.subarray(wkb + WKB_HEAD_BYTES, end), length);
  sink.length = length + end - wkb - WKB_HEAD_BYTES;
  return ISSUE.ok;
};
