import type { ByteSink } from '../../../contracts/record.js';

/** 64-bit integers in halves: a double holds only 53 bits, and a BigInt for every field would be garbage. */

const WORD = 2 ** 32;

/** Both halves as they are; each counts modulo 2^32. There is room for 8 bytes. */
export function putHalves(high: number, low: number, sink: ByteSink): void {
  const { length, view } = sink;
  view.setInt32(length, high);
  view.setInt32(length + 4, low);
  sink.length = length + 8;
}

const BILLION = 1_000_000_000;
const HALF_WORD = 65_536;

/** ±(billions * 10^9 + rest), with a magnitude of at most 2^63. There is room for 8 bytes. */
export function putBillions(billions: number, rest: number, negative: boolean, sink: ByteSink): void {
  // In steps of 16 bits, so that no product has more than 53.
  const upper = Math.floor(billions / HALF_WORD);
  const product = upper * BILLION;
  const carried = Math.floor(product / HALF_WORD);
  const lower = (product - carried * HALF_WORD) * HALF_WORD + (billions - upper * HALF_WORD) * BILLION + rest;
  const high = carried + Math.floor(lower / WORD);
  const low = lower | 0;
  if (!negative) putHalves(high, low, sink);
  else putHalves(low === 0 ? -high : -high - 1, -low, sink);
}

const MILLION_ODD = 15_625;
const MILLION_BITS = 64;

/**
 * seconds * 1,000,000 + micros, of up to 4 * 10^11 seconds either way and 0 to 999,999 micros. The million is 15,625
 * times 64: the first product is exact, the second is a shift.
 */
export function putMicros(seconds: number, micros: number, sink: ByteSink): void {
  const odd = seconds * MILLION_ODD;
  const high = Math.floor(odd / (WORD / MILLION_BITS));
  const low = (odd - high * (WORD / MILLION_BITS)) * MILLION_BITS + micros;
  putHalves(low >= WORD ? high + 1 : high, low, sink);
}

export const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
