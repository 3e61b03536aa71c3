import { isAscii, isUtf8 } from 'node:buffer';
import type { TextEncoding } from '../../../contracts/text-format.js';
import { rawPieces } from '../bytes.js';

export interface FoundEncoding {
  readonly encoding: TextEncoding;
  readonly reason: string;
}

const HEAD_BYTES = 4096;

/** A byte order mark decides, then NULs where UTF-16 has them, then whether the whole file is UTF-8. */
export async function findEncoding(path: string): Promise<FoundEncoding> {
  const seen = new Utf8Count({ exactly: false });
  let isFirst = true;
  for await (const piece of rawPieces(path)) {
    const told = isFirst ? ofHead(piece.subarray(0, HEAD_BYTES)) : undefined;
    if (told !== undefined) return told;
    isFirst = false;
    seen.add(piece);
  }
  const quick = seen.result();
  if (quick.encoding === 'utf-8') return quick;
  // What is not UTF-8 is looked at once more: how much of it is not?
  const counted = new Utf8Count({ exactly: true });
  for await (const piece of rawPieces(path)) counted.add(piece);
  return counted.result();
}

function ofHead(head: Buffer): FoundEncoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', reason: 'UTF-16LE by its byte order mark' };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', reason: 'UTF-16BE by its byte order mark' };
  const nuls = [0, 0];
  for (const [at, byte] of head.entries()) if (byte === 0) nuls[at % 2] = (nuls[at % 2] ?? 0) + 1;
  const half = head.length / 2;
  const [even = 0, odd = 0] = nuls;
  if (half >= 2 && odd > half * 0.7 && even < half * 0.1)
    return { encoding: 'utf-16le', reason: 'UTF-16LE: every other byte is NUL' };
  if (half >= 2 && even > half * 0.7 && odd < half * 0.1)
    return { encoding: 'utf-16be', reason: 'UTF-16BE: every other byte is NUL' };
  return undefined;
}

/** Counts characters of several bytes, and bytes that belong to none. */
class Utf8Count {
  #held = Buffer.alloc(0);
  #wide = 0;
  #stray = 0;
  #isAscii = true;
  readonly #exactly: boolean;

  /** Else only whether there are any bytes that belong to none. */
  constructor({ exactly }: { readonly exactly: boolean }) {
    this.#exactly = exactly;
  }

  add(piece: Buffer): void {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
    const whole = bytes.length - unfinished(bytes);
    this.#held = Buffer.from(bytes.subarray(whole));
    this.#count(bytes.subarray(0, whole));
  }

  result(): FoundEncoding {
    this.#count(this.#held);
    const [wide, stray] = [this.#wide, this.#stray];
    if (stray === 0) return { encoding: 'utf-8', reason: this.#isAscii ? 'ASCII, read as UTF-8' : 'UTF-8 as a whole' };
    const told = `${String(stray)} bytes are no UTF-8`;
    if (wide > stray)
      return { encoding: 'utf-8', reason: `UTF-8: ${told}, but ${String(wide)} characters of several bytes are` };
    return {
      encoding: 'windows-1252',
      reason: `windows-1252: ${told}, and ${String(wide)} characters of several bytes are`,
    };
  }

  #count(bytes: Buffer): void {
    this.#isAscii &&= isAscii(bytes);
    if (!this.#exactly) {
      if (!isUtf8(bytes)) this.#stray += 1;
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const size = sequence(bytes, at);
      if (size === 0) this.#stray += 1;
      else if (size > 1) this.#wide += 1;
      at += Math.max(1, size);
    }
  }
}

/** Bytes of the character that begins at `at`; 0 where none does. */
function sequence(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  return size > 0 && isUtf8(bytes.subarray(at, at + size)) && at + size <= bytes.length ? size : 0;
}

/** Bytes at the end that may be the beginning of a character. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return size > back ? back : 0;
  }
  return 0;
}
