import { isUtf8 } from 'node:buffer';
import { CaravanFailure } from '../../contracts/failures.js';
import type { FileFormat } from '../../contracts/text-format.js';
import { openBytes, type ByteFeed } from './bytes.js';
import { hashOfHeader, otherHeader } from './errors.js';
import type { Folder } from './folder.js';
import { marksOf, RowSplitter } from './rows.js';

const WINDOW_BYTES = 1 << 20;
/** A longer row is a quote that nobody closed. */
export const ROW_BYTES_MAX = 64 << 20;
const LEAST_ROOM = 64;

/**
 * The rows of one file, window by window: `more` brings bytes, `next` takes a row out of them. What `next` found lies in
 * `bytes` until `more` is called again. Lines to skip, the header and empty lines do not come out.
 */
export class FileRows {
  readonly splitter: RowSplitter;
  readonly #folder: Folder;
  readonly #format: FileFormat;
  readonly #rowBytesMax: number;
  #feed: ByteFeed | undefined;
  #buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #length = 0;
  #ended = false;
  /** Bytes of the file in front of the buffer. */
  #passed = 0;
  #linesToSkip: number;
  #headerToSkip: boolean;
  readonly #skipsBlank: boolean;

  constructor(
    folder: Folder,
    format: FileFormat,
    options: { readonly room?: number; readonly rowBytesMax?: number } = {},
  ) {
    this.#folder = folder;
    this.#format = format;
    this.#rowBytesMax = options.rowBytesMax ?? ROW_BYTES_MAX;
    this.splitter = new RowSplitter(marksOf(format), options.room ?? format.columns.length);
    this.#linesToSkip = format.skipLines;
    this.#headerToSkip = format.header;
    this.#skipsBlank = format.columns.length > 1;
  }

  /** Valid until `more` is called again. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  /** Is all that was read UTF-8 without NUL, the beginning of a row at its end included? */
  get isClean(): boolean {
    const window = this.#buffer.subarray(0, this.#length);
    return isUtf8(window) && !window.includes(0);
  }

  /** Brings more bytes; false when all rows were taken. */
  async more(): Promise<boolean> {
    this.#feed ??= await openBytes(this.#folder.pathOf(this.#format.file), this.#format.encoding);
    if (this.#ended) return false;
    await this.#keepTail();
    while (this.#buffer.length - this.#length >= LEAST_ROOM) {
      const size = await this.#feed.read(this.#buffer, this.#length);
      if (size === 0) {
        this.#ended = true;
        break;
      }
      this.#length += size;
    }
    this.splitter.open(this.#buffer.subarray(0, this.#length), this.#ended);
    this.#skipLines();
    return true;
  }

  /** Takes the next row that counts; false: ask `more`. */
  next(): boolean {
    const { splitter } = this;
    if (this.#linesToSkip > 0) return false;
    while (splitter.next()) {
      if (splitter.isBlank && (this.#skipsBlank || this.#headerToSkip)) continue;
      if (!this.#headerToSkip) return true;
      this.#headerToSkip = false;
      const { file, headerHash } = this.#format;
      const header = this.#buffer.subarray(splitter.from, splitter.to);
      if (headerHash !== undefined && hashOfHeader(header) !== headerHash) throw otherHeader(file);
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#feed?.close();
    this.#feed = undefined;
  }

  /** What `next` left goes to the front; the buffer grows when that is all of it. */
  async #keepTail(): Promise<void> {
    const at = this.splitter.at;
    this.#buffer.copyWithin(0, at, this.#length);
    this.#length -= at;
    this.#passed += at;
    if (this.#buffer.length - this.#length >= LEAST_ROOM) return;
    if (this.#length > this.#rowBytesMax) throw await this.#tooLong();
    const larger = Buffer.allocUnsafeSlow(2 * this.#buffer.length);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  #skipLines(): void {
    while (this.#linesToSkip > 0 && this.splitter.skipLine()) this.#linesToSkip -= 1;
    if (this.#ended) this.#linesToSkip = 0;
  }

  async #tooLong(): Promise<CaravanFailure> {
    const line = await this.#lineAt(this.#passed);
    const seen = `the row that begins in line ${String(line)} has more than ${String(this.#rowBytesMax)} bytes`;
    return new CaravanFailure('SOURCE_FILE_INVALID', {
      ...{ attempted: 'read', on: this.#format.file, seen, facts: { line } },
      next: 'Close the quote, say in caravan.csv.yaml how the file is quoted, or exclude the table.',
    });
  }

  /** Number of the line in which a byte of the text stands. The file is read again: only errors ask. */
  async #lineAt(offset: number): Promise<number> {
    const feed = await openBytes(this.#folder.pathOf(this.#format.file), this.#format.encoding);
    const { lineEnd } = marksOf(this.#format);
    const piece = Buffer.allocUnsafeSlow(WINDOW_BYTES);
    let line = 1;
    try {
      for (let passed = 0; passed < offset;) {
        const size = await feed.read(piece, 0);
        if (size === 0) break;
        const upTo = Math.min(size, offset - passed);
        for (let at = piece.indexOf(lineEnd); at >= 0 && at < upTo; at = piece.indexOf(lineEnd, at + 1)) line += 1;
        passed += size;
      }
      return line;
    } finally {
      await feed.close();
    }
  }
}
