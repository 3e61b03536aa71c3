import { isUtf8 } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';
import { STORAGE } from '../source.js';

/**
 * Rows for the proof, by other means than `RowCursor`: SQLite itself packs each row into one blob, every field as a
 * letter of its storage class, its length in bytes, ";" and its bytes. Nothing passes through the driver's text
 * decoding, so nothing that goes wrong there can go wrong in the same way here.
 */
export function packedRows(
  database: DatabaseSync,
  columns: readonly string[],
  from: { readonly sql: string; readonly bound: readonly (string | bigint)[] },
): Iterator<Uint8Array> & { return?(): unknown } {
  const [encoding] = database.prepare('PRAGMA encoding').get() as unknown as [string];
  if (encoding !== 'UTF-8') return packedWide(database, columns, { ...from, decode: decoderOf(encoding) });
  // substr(typeof) tells integer, real, text, blob and null apart by their first letter: i r t b n.
  const field = (c: string): string => `substr(typeof(${c}), 1, 1), octet_length(${c}), ';', ${c}`;
  const pieces: string[] = [];
  // 24 columns a call keep within 100 arguments, SQLite's usual limit, whatever it was built with.
  for (let at = 0; at < columns.length; at += 24)
    pieces.push(
      `concat(${columns
        .slice(at, at + 24)
        .map(field)
        .join(', ')})`,
    );
  const statement = database.prepare(`SELECT CAST(${pieces.join(' || ')} AS BLOB) ${from.sql}`);
  const rows = statement.iterate(...from.bound) as unknown as Iterator<[Uint8Array]>;
  return unwrapped(rows, ([packed]) => packed);
}

/** In a UTF-16 database a blob made of text is UTF-16: fields come one by one and are packed here. */
function packedWide(
  database: DatabaseSync,
  columns: readonly string[],
  from: {
    readonly sql: string;
    readonly bound: readonly (string | bigint)[];
    readonly decode: (stored: Uint8Array) => Buffer;
  },
): Iterator<Uint8Array> {
  const list = columns.map((c) => `typeof(${c}), CAST(${c} AS BLOB)`).join(', ');
  const rows = database.prepare(`SELECT ${list} ${from.sql}`).iterate(...from.bound) as unknown as Iterator<
    (string | Uint8Array | null)[]
  >;
  return unwrapped(rows, (row) => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < row.length; at += 2) {
      const type = row[at] as string;
      const stored = row[at + 1];
      const value = stored instanceof Uint8Array ? stored : new Uint8Array();
      const bytes = type === 'blob' ? Buffer.from(value) : from.decode(value);
      parts.push(Buffer.from(type === 'null' ? 'n;' : `${type.slice(0, 1)}${String(bytes.length)};`), bytes);
    }
    return Buffer.concat(parts);
  });
}

/** UTF-16 to UTF-8; what is ill-formed as bytes that no one takes for UTF-8, the same that the copy has for it. */
function decoderOf(encoding: string): (stored: Uint8Array) => Buffer {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (stored) => {
    try {
      return Buffer.from(decoder.decode(stored));
    } catch {
      return loosely(stored, encoding === 'UTF-16le');
    }
  };
}

/** Each surrogate without its partner as the three bytes of its number, an odd byte at the end behind 0xFF. */
function loosely(stored: Uint8Array, isLittle: boolean): Buffer {
  const units = new DataView(stored.buffer, stored.byteOffset, stored.length);
  const even = stored.length & ~1;
  const out: number[] = [];
  for (let at = 0; at < even; at += 2) {
    let point = units.getUint16(at, isLittle);
    const next = at + 2 < even ? units.getUint16(at + 2, isLittle) : 0;
    if (point >> 10 === 0x36 && next >> 10 === 0x37) {
      point = 0x10000 + ((point & 0x3ff) << 10) + (next & 0x3ff);
      at += 2;
    }
    if (point < 0x80) out.push(point);
    else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else {
      if (point < 0x10000) out.push(0xe0 | (point >> 12));
      else out.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f));
      out.push(0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    }
  }
  if (even < stored.length) out.push(0xff, stored[even] ?? 0);
  return Buffer.from(out);
}

function unwrapped<T>(rows: Iterator<T>, unwrap: (row: T) => Uint8Array): Iterator<Uint8Array> {
  return {
    next: () => {
      const step = rows.next();
      return step.done ? { done: true, value: undefined } : { done: false, value: unwrap(step.value) };
    },
    return: () => {
      rows.return?.();
      return { done: true, value: undefined };
    },
  };
}

const LETTERS: Readonly<Record<number, number>> = {
  0x6e: STORAGE.null,
  0x69: STORAGE.integer,
  0x72: STORAGE.real,
  0x74: STORAGE.text,
  0x62: STORAGE.blob,
};
const SEMICOLON = 0x3b;

/** Takes a packed row apart: storage class, start and end of each field. */
export class PackedRow {
  readonly storage: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  bytes: Buffer = Buffer.alloc(0);
  /**
   * The whole row is UTF-8 without NUL, and so is each field: between two fields stand ASCII characters, which no
   * sequence of bytes runs across.
   */
  clean = false;

  constructor(fields: number) {
    this.storage = new Uint8Array(fields);
    this.start = new Int32Array(fields);
    this.end = new Int32Array(fields);
  }

  open(packed: Uint8Array): void {
    this.bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
    this.clean = isUtf8(packed) && !packed.includes(0);
    let at = 0;
    for (let field = 0; field < this.storage.length; field++) {
      this.storage[field] = LETTERS[packed[at++] ?? 0] ?? STORAGE.null;
      let size = 0;
      for (let digit = packed[at++] ?? SEMICOLON; digit !== SEMICOLON; digit = packed[at++] ?? SEMICOLON) {
        size = size * 10 + (digit - 0x30);
      }
      this.start[field] = at;
      at += size;
      this.end[field] = at;
    }
    if (at !== packed.length) throw new Error(`a packed row of ${String(packed.length)} bytes ends at ${String(at)}`);
  }
}
