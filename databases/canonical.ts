import { createHash, hash } from 'node:crypto';

/**
 * Canonical form of the proof, one per kind of value. Each engine has its own code that makes it, from its own SELECT
 * list; this file only says what the form is and frames it.
 *
 * integer      decimal digits, "-" when negative, no leading zeros
 * decimal      as integer, with "." and digits when there is a fraction; no trailing zeros; "0", never "-0"
 * float8/4     8 or 4 bytes, IEEE 754 big-endian; every NaN as 7ff8000000000000 / 7fc00000
 * boolean      "0" or "1"
 * text, enum, json   UTF-8 bytes as they are; of a jsonb as PostgreSQL prints it
 * bytes        the bytes
 * date         YYYY-MM-DD
 * timestamp, timestamptz   YYYY-MM-DD HH:MM:SS.ffffff (timestamptz in UTC)
 * time         HH:MM:SS.ffffff
 * interval     microseconds, decimal digits
 * text_array   each element as 4-byte big-endian length and UTF-8 bytes
 * bit          "0" and "1" characters, most significant first
 * uuid         16 bytes
 * inet         one byte for the length of the prefix, then the 4 or 16 bytes of the address
 * geometry     EWKB, little-endian: with a SRID only where it is not 0, and only in the outermost geometry
 */
export const NULL_MARK = 0xffffffff;
/** A value without a canonical form in its kind: mark, 4-byte length, raw bytes. */
export const ODD_MARK = 0xfffffffe;

/** Identity of a row's key: hex of the first 16 bytes of SHA-256 over each field's 4-byte length and bytes. */
export function keyIdentity(fields: readonly Uint8Array[]): string {
  let size = 0;
  for (const field of fields) size += 4 + field.length;
  const framed = Buffer.allocUnsafe(size);
  let at = 0;
  for (const field of fields) {
    at = framed.writeUInt32BE(field.length, at);
    framed.set(field, at);
    at += field.length;
  }
  return hash('sha256', framed, 'hex').slice(0, 32);
}

/**
 * Identity of a row of a table without a key: its whole content in the order of the mapping, in the plain form in which
 * a key is given. Hex of the first 16 bytes of SHA-256 over each field's storage class (0 where the engine has none per
 * value), 4-byte length (`NULL_MARK` for NULL) and bytes. Equal rows have one identity; they are told by their number.
 */
export function rowIdentity(fields: readonly (Uint8Array | null)[], storage: (field: number) => number): string {
  const digest = createHash('sha256');
  const head = Buffer.allocUnsafe(5);
  for (const [at, field] of fields.entries()) {
    head.writeUInt8(storage(at), 0);
    head.writeUInt32BE(field === null ? NULL_MARK : field.length, 1);
    digest.update(head);
    if (field !== null) digest.update(field);
  }
  return digest.digest('hex').slice(0, 32);
}
