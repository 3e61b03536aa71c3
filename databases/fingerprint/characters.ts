import { isUtf8 } from 'node:buffer';
import type { CharacterClass } from '../../contracts/profile.js';

const ASCII = 1;
const CONTROL = 2;
const LATIN = 4;
const OTHER = 8;
/** The first byte of U+1000 to U+2FFF, where the second tells Latin letters and punctuation from the rest. */
const MIXED = 16;
const CONTINUES = 32;

/** What a byte says of its text; a digit says nothing. */
const SAYS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return 0;
  if (byte < 0x80)
    return byte === 0x7f || (byte < 0x20 && !'\t\n\r'.includes(String.fromCharCode(byte))) ? CONTROL | ASCII : ASCII;
  if (byte < 0xc0) return CONTINUES;
  if (byte <= 0xc9) return LATIN;
  // Combining marks begin with 0xcc and belong to the letter before.
  if (byte === 0xcc) return LATIN;
  return byte === 0xe1 || byte === 0xe2 ? MIXED : OTHER;
});

/** U+1E00 to U+1EFF are Latin letters; U+2000 to U+20FF punctuation and signs of currencies. */
function saysSecond(first: number, second: number): number {
  const isLatin = first === 0xe1 ? second >= 0xb8 && second <= 0xbb : second >= 0x80 && second <= 0x83;
  return isLatin ? LATIN : OTHER;
}

/** Looks through one text at a time; what it found stays until the next. */
export class TextScan {
  readonly counts: Partial<Record<CharacterClass, number>> = {};
  /** Characters of the last text (a byte that is no UTF-8 may count as one). */
  characters = 0;
  /** Where the last text's first `most` characters end. */
  end = 0;

  /** Counts the text by the class of its first `most` characters. */
  add(bytes: Buffer, from: number, to: number, most: number): void {
    let says = 0;
    let count = 0;
    let at = from;
    for (; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if ((byte & 0xc0) !== 0x80 && ++count > most) break;
      says |= SAYS[byte] ?? 0;
      if (byte === 0xe1 || byte === 0xe2) says |= saysSecond(byte, bytes[at + 1] ?? 0);
    }
    this.end = at;
    for (at++; at < to; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) count++;
    this.characters = count;
    if ((says & CONTROL) !== 0) this.#note('control');
    this.#note(from === to ? 'empty' : classOf(says, bytes, from, this.end));
  }

  #note(found: CharacterClass): void {
    this.counts[found] = (this.counts[found] ?? 0) + 1;
  }
}

function classOf(says: number, bytes: Buffer, from: number, to: number): CharacterClass {
  if ((says & ~(ASCII | CONTROL)) === 0) return says === 0 ? 'digits' : 'ascii';
  if (!isUtf8(bytes.subarray(from, to))) return 'invalid';
  return (says & OTHER) === 0 ? 'latin' : 'other';
}
