import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { FileFormat } from '../../contracts/text-format.js';
import { isPacked } from './bytes.js';

const PIECE_BYTES = 1 << 18;

/** A file's text as UTF-8 for the proof, by other means than the copy: decoders of the platform, and strings. */
export async function* proofPieces(path: string, { encoding }: FileFormat): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES });
  const stream = isPacked(path) ? file.pipe(createGunzip()) : file;
  file.once('error', (error) => stream.destroy(error));
  const decode = decoderOf(encoding);
  let isFirst = encoding !== 'windows-1252' && encoding !== 'iso-8859-1';
  let held: Buffer = Buffer.alloc(0);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      let text = decode(piece, false);
      if (isFirst) {
        text = Buffer.concat([held, text]);
        held = text;
        if (text.length < 3) continue;
        isFirst = false;
        if (text.toString('utf8', 0, 3) === '\ufeff') text = text.subarray(3);
      }
      if (text.length > 0) yield text;
    }
    const rest = decode(Buffer.alloc(0), true);
    const last = isFirst ? Buffer.concat([held, rest]) : rest;
    if (last.length > 0) yield last;
  } finally {
    stream.destroy();
    file.destroy();
  }
}

type Decode = (piece: Buffer, isEnd: boolean) => Buffer;

function decoderOf(encoding: FileFormat['encoding']): Decode {
  switch (encoding) {
    case 'utf-8':
      return (piece) => piece;
    case 'iso-8859-1':
      return (piece) => Buffer.from(piece.toString('latin1'));
    case 'windows-1252':
      return (piece) => Buffer.from(windowsText(piece));
    case 'utf-16le':
    case 'utf-16be':
      return wideDecoder(encoding === 'utf-16be');
  }
}

/** The platform's word for each byte from 0x80 to 0x9f; the others are those of latin1. */
const HIGH = Array.from({ length: 32 }, (_, at) => new TextDecoder('windows-1252').decode(Uint8Array.of(0x80 + at)));

function windowsText(piece: Buffer): string {
  return piece.toString('latin1').replace(/[\x80-\x9f]/g, (unit) => HIGH[unit.charCodeAt(0) - 0x80] ?? unit);
}

function wideDecoder(isBig: boolean): Decode {
  let held = Buffer.alloc(0);
  let high = '';
  return (piece, isEnd) => {
    const bytes = Buffer.concat([held, piece]);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
    held = Buffer.from(bytes.subarray(whole.length));
    let text = high + (isBig ? Buffer.from(whole).swap16() : whole).toString('utf16le');
    high = '';
    if (!isEnd && /[\ud800-\udbff]$/.test(text)) {
      high = text.slice(-1);
      text = text.slice(0, -1);
    }
    const parts = [wellFormed(text)];
    if (isEnd && held.length > 0) parts.push(Buffer.from([0xff, held[0] ?? 0]));
    return Buffer.concat(parts);
  };
}

/** UTF-8; a lone surrogate as the three bytes of its number, which no one takes for UTF-8. */
function wellFormed(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  return Buffer.concat(
    Array.from(text, (character) => {
      const unit = character.charCodeAt(0);
      if (character.length > 1 || unit < 0xd800 || unit > 0xdfff) return Buffer.from(character);
      return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);
    }),
  );
}
