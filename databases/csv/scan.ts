import { isUtf8 } from 'node:buffer';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { FileFormat } from '../../contracts/text-format.js';
import { keyIdentity, NULL_MARK, ODD_MARK, rowIdentity } from '../canonical.js';
import { grown } from '../grown.js';
import type { CanonicalBatch, ScanOptions } from '../source.js';
import { canonicaliserOf, plainOf, type Canonicalise } from './canonical-values.js';
import { hashOfHeader, otherHeader, toFailure } from './errors.js';
import type { Folder } from './folder.js';
import { proofPieces } from './proof-bytes.js';
import { ProofRows, type ProofRow } from './proof-rows.js';
import { formatOf, placeOf } from './read.js';
import { rowFilterOf } from './row-filter.js';
import type { RowFilter } from './row-filter.js';

const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;

/**
 * Rows for the proof, in canonical form. Shares neither the decoding of bytes, nor the taking apart of rows, nor code
 * for values with `readRows`.
 */
export async function* scanRows(
  folder: Folder,
  table: TableMapping,
  options: ScanOptions,
): AsyncGenerator<CanonicalBatch> {
  for (const format of formatOf(table).files) {
    const rows = new ProofRows(format);
    const counted = new Counted(format);
    const writer = new CanonicalWriter(table, format, options.keys);
    try {
      for await (const piece of proofPieces(folder.pathOf(format.file), format)) {
        options.signal?.throwIfAborted();
        for (let at = counted.behindSkipped(piece); at < piece.length;) {
          const end = rows.read(piece, at);
          if (end < 0) break;
          if (counted.counts(rows)) writer.put(rows);
          rows.clear();
          at = end + 1;
          if (writer.isFull) yield writer.take();
        }
      }
      if (rows.finish() && counted.counts(rows)) writer.put(rows);
      if (writer.rows > 0) yield writer.take();
    } catch (error) {
      throw toFailure(error, { attempted: 'scan', on: format.file, facts: { table: table.source.name } });
    }
  }
}

/** Passes by lines to skip, the header, and empty lines where a row has more than one field. */
class Counted {
  readonly #end: number;
  readonly #isSingle: boolean;
  #lines: number;
  #hasHeader: boolean;

  readonly #format: FileFormat;

  constructor(format: FileFormat) {
    const { lineEnd, skipLines, header, columns } = format;
    this.#format = format;
    this.#end = lineEnd === 'cr' ? 0x0d : lineEnd.length === 1 ? lineEnd.charCodeAt(0) : 0x0a;
    this.#isSingle = columns.length === 1;
    this.#lines = skipLines;
    this.#hasHeader = header;
  }

  /** Where the first line begins that is not skipped. */
  behindSkipped(piece: Buffer): number {
    let at = 0;
    for (; this.#lines > 0 && at < piece.length; at += 1) if (piece[at] === this.#end) this.#lines -= 1;
    return at;
  }

  counts(row: ProofRow): boolean {
    if (row.raw.length === 0 && (this.#hasHeader || !this.#isSingle)) return false;
    if (!this.#hasHeader) return true;
    this.#hasHeader = false;
    const { file, headerHash } = this.#format;
    if (headerHash !== undefined && hashOfHeader(row.raw) !== headerHash) throw otherHeader(file);
    return false;
  }
}

/** Where a field stands, and what it says unquoted for NULL. */
interface Words {
  readonly place: number;
  readonly nullWords: ReadonlySet<string>;
  readonly longestWord: number;
}

interface Column extends Words {
  readonly mapping: ColumnMapping;
  readonly canonicalise: Canonicalise;
  readonly isText: boolean;
}

/** Frames canonical values into one buffer, which is reused. */
class CanonicalWriter {
  rows = 0;
  readonly #format: FileFormat;
  readonly #columns: readonly Column[];
  readonly #keys: readonly number[] | undefined;
  readonly #wantKeys: boolean;
  readonly #filter: RowFilter | undefined;
  /** All columns of the file by name: a filter may name one that is not moved. */
  readonly #named: ReadonlyMap<string, Words>;
  readonly #end = new Int32Array(ROWS_MAX);
  #identities: string[] = [];
  #bytes = Buffer.allocUnsafeSlow(2 * BYTES_MAX);
  #at = 0;

  constructor(table: TableMapping, format: FileFormat, wantKeys: boolean) {
    this.#format = format;
    this.#columns = table.columns.map((mapping) => columnOf(table, format, mapping));
    this.#keys = table.rowKey?.map((key) => table.columns.findIndex(({ source }) => source === key));
    this.#wantKeys = wantKeys;
    this.#filter = rowFilterOf(table);
    this.#named = new Map(
      format.columns.map((name, place) => {
        const mapped = table.columns.find(({ source }) => source === name);
        return [name, { place, ...wordsOf(format, mapped) }];
      }),
    );
  }

  get isFull(): boolean {
    return this.rows >= ROWS_MAX || this.#at >= BYTES_MAX;
  }

  take(): CanonicalBatch {
    const batch = { rows: this.rows, bytes: this.#bytes, end: this.#end, keys: this.#identities };
    this.rows = 0;
    this.#at = 0;
    this.#identities = [];
    return batch;
  }

  put(row: ProofRow): void {
    if (this.#isWhole(row)) {
      if (this.#filter?.((name) => this.#textOf(row, name)) === false) return;
      this.#putFields(row);
    } else this.#putBroken(row.raw);
    this.#end[this.rows++] = this.#at;
  }

  #textOf(row: ProofRow, name: string): string | null {
    const words = this.#named.get(name);
    return words === undefined ? null : (valueOf(row, words)?.toString('utf8') ?? null);
  }

  #isWhole({ isBroken, fields }: ProofRow): boolean {
    const { columns, missingFields } = this.#format;
    return !isBroken && (fields === columns.length || (fields < columns.length && missingFields === 'null'));
  }

  /** A row that cannot be taken apart is one value without a form: it is equal to no row of the target. */
  #putBroken(raw: Buffer): void {
    this.#putMark(ODD_MARK);
    this.#putFramed(raw);
    if (this.#wantKeys) this.#identities.push(rowIdentity([raw], () => 0));
  }

  #putFields(row: ProofRow): void {
    const isClean = isUtf8(row.raw) && !row.raw.includes(0);
    const fields: (Buffer | null)[] = [];
    for (const column of this.#columns) {
      const value = valueOf(row, column);
      fields.push(value);
      if (value === null) this.#putMark(NULL_MARK);
      else if (column.isText && isClean) this.#putFramed(value);
      else this.#putForm(value, column.canonicalise(value));
    }
    if (this.#wantKeys) this.#identities.push(this.#identityOf(fields));
  }

  #identityOf(fields: readonly (Buffer | null)[]): string {
    const plain = this.#columns.map(({ mapping }, at) => {
      const field = fields[at] ?? null;
      return field === null ? null : plainOf(mapping, field);
    });
    if (this.#keys === undefined) return rowIdentity(plain, () => 0);
    return keyIdentity(this.#keys.map((key) => plain[key] ?? Buffer.alloc(0)));
  }

  #putForm(value: Buffer, form: Uint8Array | string | undefined): void {
    if (form === undefined) this.#putMark(ODD_MARK);
    this.#putFramed(form === undefined ? value : typeof form === 'string' ? Buffer.from(form) : form);
  }

  #putMark(marked: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(marked, this.#at);
  }

  #putFramed(form: Uint8Array): void {
    this.#reserve(4 + form.length);
    this.#at = this.#bytes.writeUInt32BE(form.length, this.#at);
    this.#bytes.set(form, this.#at);
    this.#at += form.length;
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#at, size);
  }
}

function columnOf(table: TableMapping, format: FileFormat, mapping: ColumnMapping): Column {
  return {
    mapping,
    place: placeOf(table, format, mapping.source),
    canonicalise: canonicaliserOf(mapping),
    isText: mapping.kind === 'text' || mapping.kind === 'json',
    ...wordsOf(format, mapping),
  };
}

function wordsOf(format: FileFormat, mapping: ColumnMapping | undefined): Omit<Words, 'place'> {
  const words = [...format.nullWords, ...(mapping?.nullWords ?? [])];
  return { nullWords: new Set(words), longestWord: Math.max(0, ...words.map((word) => Buffer.byteLength(word))) };
}

function valueOf(row: ProofRow, { place, nullWords, longestWord }: Words): Buffer | null {
  if (place >= row.fields) return null;
  const { bytes, isQuoted } = row.field(place);
  if (isQuoted || bytes.length > longestWord) return bytes;
  return nullWords.has(bytes.toString('utf8')) ? null : bytes;
}
