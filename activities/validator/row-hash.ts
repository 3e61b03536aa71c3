import { hash } from 'node:crypto';
import type { CanonicalBatch } from '../../databases/source.js';

/** Modulus of the sum of row hashes. */
const MODULUS = 1n << 128n;

/**
 * Hash of a set of rows with repetition: count, and the sum modulo 2^128 of the rows' hashes (the first 16 bytes of
 * SHA-256 over the canonical row). Never XOR: pairs of equal rows would cancel.
 */
export class RowSetHash {
  count = 0;
  /** 128-bit sum as four 32-bit words, least first; kept below 2^53 each and carried now and then. */
  readonly #words = new Float64Array(4);
  #pending = 0;

  /**
   * Adds a row by its hash. The digest comes as a string of bytes: for one row that costs a third of what a Buffer does.
   */
  add(row: Uint8Array): void {
    const digest = hash('sha256', row, 'binary');
    this.count += 1;
    const words = this.#words;
    words[3] = (words[3] ?? 0) + wordAt(digest, 0);
    words[2] = (words[2] ?? 0) + wordAt(digest, 4);
    words[1] = (words[1] ?? 0) + wordAt(digest, 8);
    words[0] = (words[0] ?? 0) + wordAt(digest, 12);
    this.#settle();
  }

  addHash(digest: Buffer): void {
    this.count += 1;
    const words = this.#words;
    words[3] = (words[3] ?? 0) + digest.readUInt32BE(0);
    words[2] = (words[2] ?? 0) + digest.readUInt32BE(4);
    words[1] = (words[1] ?? 0) + digest.readUInt32BE(8);
    words[0] = (words[0] ?? 0) + digest.readUInt32BE(12);
    this.#settle();
  }

  /** Rows that were seen in one order, by a hash of them all. */
  static ofRun(rows: number, digest: Buffer): RowSetHash {
    const run = new RowSetHash();
    run.addHash(digest);
    run.count = rows;
    return run;
  }

  merge(other: RowSetHash): void {
    this.count += other.count;
    const sum = (this.value() + other.value()) % MODULUS;
    for (let word = 0; word < 4; word += 1) this.#words[word] = Number((sum >> BigInt(32 * word)) & 0xffffffffn);
  }

  value(): bigint {
    let sum = 0n;
    for (let word = 0; word < 4; word += 1) sum += BigInt(this.#words[word] ?? 0) << BigInt(32 * word);
    return sum % MODULUS;
  }

  /** 32 lower-case hex digits. */
  hex(): string {
    return this.value().toString(16).padStart(32, '0');
  }

  equals(other: RowSetHash): boolean {
    return this.count === other.count && this.value() === other.value();
  }

  #settle(): void {
    this.#pending += 1;
    if (this.#pending >= 1_000_000) this.#carry();
  }

  #carry(): void {
    const value = this.value();
    for (let word = 0; word < 4; word += 1) this.#words[word] = Number((value >> BigInt(32 * word)) & 0xffffffffn);
    this.#pending = 0;
  }
}

/** 32 bits, most significant first, of a string whose characters are bytes. */
function wordAt(digest: string, at: number): number {
  const high = (digest.charCodeAt(at) << 8) | digest.charCodeAt(at + 1);
  return high * 0x10000 + ((digest.charCodeAt(at + 2) << 8) | digest.charCodeAt(at + 3));
}

/** First 16 bytes of SHA-256 over a canonical row. */
export function hashRow(row: Uint8Array): Buffer {
  return hash('sha256', row, 'buffer').subarray(0, 16);
}

/** Row r of a canonical batch. */
export function rowOf(batch: CanonicalBatch, row: number): Buffer {
  return batch.bytes.subarray(row === 0 ? 0 : (batch.end[row - 1] ?? 0), batch.end[row] ?? 0);
}
