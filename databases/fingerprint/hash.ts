/**
 * Hash of a value's bytes for the sketches: two 32-bit lanes, each Murmur3 with a seed of its own, cut to 53 bits so that
 * it is an exact number. Not a secret: whoever can guess a value can check the guess, so hashes are sealed as values are.
 */
export const HASH_BITS = 53;

const LOW_SEED = 0x2f0b4a27;
const HIGH_SEED = 0x51ed270b;

/** `salt` is mixed in, for what the bytes alone do not say. */
export function hashOf(bytes: Uint8Array, from: number, to: number, salt = 0): number {
  let high = HIGH_SEED ^ salt;
  let low = LOW_SEED ^ salt;
  let at = from;
  for (const last = to - 3; at < last; at += 4) {
    const word =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    const mixed = scramble(word);
    high = absorb(high, mixed);
    low = absorb(low, mixed);
  }
  let rest = 0;
  for (let shift = 0; at < to; at++, shift += 8) rest |= (bytes[at] ?? 0) << shift;
  const mixed = scramble(rest);
  const length = to - from;
  return (finish(high ^ mixed ^ length) >>> 0) * 0x200000 + (finish(low ^ mixed ^ length) >>> 11);
}

const scratch = Buffer.allocUnsafe(16_384);

/** The hash of a text's UTF-8 bytes. */
export function hashOfText(text: string): number {
  if (3 * text.length <= scratch.length) return hashOf(scratch, 0, scratch.write(text));
  const bytes = Buffer.from(text);
  return hashOf(bytes, 0, bytes.length);
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function absorb(hash: number, mixed: number): number {
  const turned = hash ^ mixed;
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
