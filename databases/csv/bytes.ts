import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { TextEncoding } from '../../contracts/text-format.js';
import { GROWTH, recoderOf, type Recoder } from './encodings.js';

/** Bytes of a file, as UTF-8 and without a byte order mark. */
export interface ByteFeed {
  /** Puts some of them at `at`, where there is room for 64 or more, and tells how many; 0 at the end. */
  read(into: Buffer, at: number): Promise<number>;
  close(): Promise<void>;
}

export function isPacked(path: string): boolean {
  return path.toLowerCase().endsWith('.gz');
}

/** The file as it is, unpacked where it is packed. */
async function openRaw(path: string): Promise<ByteFeed> {
  return isPacked(path) ? new StreamFeed(path) : new HandleFeed(await open(path, 'r'));
}

export async function openBytes(path: string, encoding: TextEncoding): Promise<ByteFeed> {
  const raw = await openRaw(path);
  const recoder = recoderOf(encoding);
  const feed = recoder === undefined ? raw : new RecodedFeed(raw, recoder);
  return encoding === 'utf-8' || encoding.startsWith('utf-16') ? new UnmarkedFeed(feed) : feed;
}

/** Pieces of the file as it is, for those who count and look. */
export async function* rawPieces(path: string): AsyncGenerator<Buffer> {
  const feed = await openRaw(path);
  const piece = Buffer.allocUnsafeSlow(1 << 20);
  try {
    for (let size = await feed.read(piece, 0); size > 0; size = await feed.read(piece, 0))
      yield piece.subarray(0, size);
  } finally {
    await feed.close();
  }
}

class HandleFeed implements ByteFeed {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(into: Buffer, at: number): Promise<number> {
    return (await this.#handle.read(into, at, into.length - at)).bytesRead;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** What is packed comes in pieces of its own size. */
class StreamFeed implements ByteFeed {
  readonly #file;
  readonly #pieces: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#file = createReadStream(path);
    const unpacked = createGunzip();
    this.#file.once('error', (error) => unpacked.destroy(error));
    this.#pieces = this.#file.pipe(unpacked)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(into: Buffer, at: number): Promise<number> {
    while (this.#piece.length === 0) {
      const step = await this.#pieces.next();
      if (step.done === true) return 0;
      this.#piece = step.value;
    }
    const size = this.#piece.copy(into, at);
    this.#piece = this.#piece.subarray(size);
    return size;
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
    this.#file.destroy();
  }
}

class RecodedFeed implements ByteFeed {
  readonly #raw: ByteFeed;
  readonly #recoder: Recoder;
  #piece = Buffer.alloc(0);
  #ended = false;

  constructor(raw: ByteFeed, recoder: Recoder) {
    this.#raw = raw;
    this.#recoder = recoder;
  }

  async read(into: Buffer, at: number): Promise<number> {
    const room = Math.max(1, Math.floor((into.length - at - 8) / GROWTH));
    if (this.#piece.length < room) this.#piece = Buffer.allocUnsafeSlow(room);
    while (!this.#ended) {
      const size = await this.#raw.read(this.#piece.subarray(0, room), 0);
      if (size === 0) {
        this.#ended = true;
        return this.#recoder.end(into, at);
      }
      const written = this.#recoder.write(this.#piece.subarray(0, size), into, at);
      if (written > 0) return written;
    }
    return 0;
  }

  close(): Promise<void> {
    return this.#raw.close();
  }
}

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Leaves the byte order mark away. */
class UnmarkedFeed implements ByteFeed {
  readonly #feed: ByteFeed;
  #isFresh = true;

  constructor(feed: ByteFeed) {
    this.#feed = feed;
  }

  async read(into: Buffer, at: number): Promise<number> {
    if (!this.#isFresh) return this.#feed.read(into, at);
    this.#isFresh = false;
    let size = 0;
    while (size < MARK.length) {
      const more = await this.#feed.read(into, at + size);
      if (more === 0) return size;
      size += more;
    }
    if (into.compare(MARK, 0, MARK.length, at, at + MARK.length) !== 0) return size;
    into.copyWithin(at, at + MARK.length, at + size);
    return size > MARK.length ? size - MARK.length : this.#feed.read(into, at);
  }

  close(): Promise<void> {
    return this.#feed.close();
  }
}
