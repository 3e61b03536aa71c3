import { CaravanFailure } from '../../../contracts/failures.js';
import type { FileFormat, TextEncoding } from '../../../contracts/text-format.js';
import { openBytes } from '../bytes.js';
import { hashOfHeader } from '../errors.js';
import { findDialect, findLineEnd, isTabular, type FoundDialect } from './dialect.js';
import { findEncoding } from './find-encoding.js';
import { endingOf, type Folder } from '../folder.js';
import { cellOf, guessHeader, nameColumns, numberedColumns, type Cell } from './header.js';
import type { FileOptions, OptionsOf } from './options.js';
import { marksOf, RowSplitter } from '../rows.js';
import { NullWords } from '../values.js';

/** So much of a file's text is looked at to find out how it is marked off: more where less did not tell. */
const HEAD_BYTES = [1 << 18, 1 << 23] as const;
const ROWS_LOOKED_AT = 1000;
const FIELDS_MAX = 20_000;
/** Columns that a table of PostgreSQL can have. */
export const COLUMNS_MAX = 1600;
/** NULL in all columns: nothing between two delimiters, and what MySQL, PostgreSQL and others write. */
const NULL_WORDS = ['', '\\N'];

export interface FoundFormat {
  readonly format: FileFormat;
  /** Reckoned from the first rows. */
  readonly rows: number;
  readonly bytes: number;
  /** Why it cannot be a table. */
  readonly refused?: string;
}

/** How a file is read: what was said of it, and what is found for the rest. Undefined: there is no table in it. */
export async function findFormat(
  folder: Folder,
  file: string,
  given: OptionsOf | undefined,
): Promise<FoundFormat | { readonly noTable: string }> {
  const options: FileOptions = given?.options ?? {};
  const found =
    options.encoding === undefined
      ? await findEncoding(folder.pathOf(file))
      : { encoding: options.encoding, reason: `${options.encoding}, as said` };
  const look = await lookAt(folder, file, { encoding: found.encoding, options });
  const { head, text, dialect } = look;
  if (given === undefined && endingOf(file) === 'txt' && !isTabular(text, head.isWhole))
    return { noTable: 'no delimiter tells its lines apart into fields' };
  const rows = firstRows(text, dialect, { isWhole: head.isWhole, nullWords: options.nullWords ?? NULL_WORDS });
  const [first] = rows.cells;
  if (first === undefined && rows.isCut) {
    const seen = `its first row is longer than ${String(HEAD_BYTES.at(-1))} bytes, or a quote is not closed in it`;
    throw new CaravanFailure('SOURCE_FILE_INVALID', { attempted: 'look into', on: file, seen });
  }
  if (first === undefined) return { noTable: 'there is no row in it' };
  const named = nameAll(file, options, rows.cells);
  const bytes = (await folder.stampOf(file)).size;
  const share = rows.bytes / Math.max(1, rows.cells.length);
  const { delimiter, quote, escape, lineEnd, reasons } = dialect;
  const format: FileFormat = {
    ...{ file, encoding: found.encoding, delimiter, lineEnd, skipLines: options.skipLines ?? 0 },
    ...(quote !== undefined && { quote }),
    ...(escape !== undefined && { escape }),
    ...(named.header && { headerHash: rows.headerHash }),
    ...(named.headerGuessed && { headerGuessed: true }),
    ...{ header: named.header, columns: [...named.columns], nullWords: options.nullWords ?? [...NULL_WORDS] },
    missingFields: options.missingFields === null ? 'null' : (options.missingFields ?? 'quarantine'),
    reasons: [found.reason, ...reasons, ...named.reasons],
  };
  const estimate = rows.isAll ? rows.cells.length - (named.header ? 1 : 0) : Math.round(bytes / Math.max(1, share));
  const many = `it has ${String(first.length)} columns, and a table of PostgreSQL has at most ${String(COLUMNS_MAX)}`;
  return { format, rows: Math.max(0, estimate), bytes, ...(first.length > COLUMNS_MAX && { refused: many }) };
}

function asGiven({ delimiter, quote, escape, lineEnd }: FileOptions) {
  const mark = (text: string | undefined): string | null | undefined => (text === 'none' ? null : text);
  return { delimiter, quote: mark(quote), escape: mark(escape), lineEnd };
}

interface Look {
  readonly head: Head;
  /** Behind lines that are skipped. */
  readonly text: Buffer;
  readonly dialect: FoundDialect;
}

/** A row that is longer than what is looked at, or rows that are broken, leave doubt. */
async function lookAt(
  folder: Folder,
  file: string,
  { encoding, options }: { readonly encoding: TextEncoding; readonly options: FileOptions },
): Promise<Look> {
  const [less, more] = HEAD_BYTES;
  const looking = async (most: number): Promise<Look> => {
    const head = await readHead(folder.pathOf(file), encoding, most);
    const text = behindLines(head, options);
    return { head, text, dialect: findDialect(file, text, { ...asGiven(options), isWhole: head.isWhole }) };
  };
  const look = await looking(less);
  return look.dialect.isSure || look.head.isWhole ? look : looking(more);
}

interface Head {
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

async function readHead(path: string, encoding: TextEncoding, most: number): Promise<Head> {
  const feed = await openBytes(path, encoding);
  const bytes = Buffer.allocUnsafeSlow(most + 128);
  try {
    let length = 0;
    while (length < most) {
      const size = await feed.read(bytes, length);
      if (size === 0) return { bytes: bytes.subarray(0, length), isWhole: true };
      length += size;
    }
    return { bytes: bytes.subarray(0, length), isWhole: false };
  } finally {
    await feed.close();
  }
}

/** The text behind the lines that are to be skipped. */
function behindLines({ bytes }: Head, { skipLines = 0, lineEnd }: FileOptions): Buffer {
  const end = marksOf({ delimiter: ',', lineEnd: lineEnd ?? findLineEnd(bytes).lineEnd }).lineEnd;
  let at = 0;
  for (let line = 0; line < skipLines && at < bytes.length; line += 1) {
    const found = bytes.indexOf(end, at);
    at = found < 0 ? bytes.length : found + 1;
  }
  return bytes.subarray(at);
}

interface FirstRows {
  /** Of the first row's bytes. */
  readonly headerHash: string;
  readonly cells: readonly (readonly Cell[])[];
  readonly bytes: number;
  /** They are all rows of the file. */
  readonly isAll: boolean;
  /** There is text that is no whole row yet. */
  readonly isCut: boolean;
}

function firstRows(
  text: Buffer,
  dialect: Parameters<typeof marksOf>[0],
  { isWhole, nullWords }: { readonly isWhole: boolean; readonly nullWords: readonly string[] },
): FirstRows {
  const bytes = Buffer.from(text);
  const splitter = new RowSplitter(marksOf(dialect), FIELDS_MAX);
  const nulls = new NullWords(nullWords);
  splitter.open(bytes, isWhole);
  const cells: Cell[][] = [];
  let headerHash = '';
  while (cells.length < ROWS_LOOKED_AT && splitter.next()) {
    if (splitter.isBlank && cells.length === 0) continue;
    if (splitter.isBroken && cells.length > 0) continue;
    if (cells.length === 0) headerHash = hashOfHeader(bytes.subarray(splitter.from, splitter.to));
    const row: Cell[] = [];
    for (let field = 0; field < Math.min(splitter.fields, FIELDS_MAX); field += 1) {
      if (!splitter.isBroken) splitter.unescape(field);
      const [start, end] = [splitter.start[field] ?? 0, splitter.end[field] ?? 0];
      const isNull = splitter.quoted[field] === 0 && nulls.has(bytes, start, end);
      row.push(cellOf(bytes.toString('utf8', start, end), isNull));
    }
    cells.push(row);
  }
  const isLeft = splitter.at < bytes.length;
  return { headerHash, cells, bytes: splitter.at, isAll: isWhole && !isLeft, isCut: isLeft };
}

interface Naming {
  readonly header: boolean;
  readonly headerGuessed?: true;
  readonly columns: readonly string[];
  readonly reasons: readonly string[];
}

function nameAll(file: string, options: FileOptions, rows: readonly (readonly Cell[])[]): Naming {
  const first = rows[0] ?? [];
  const guessed: ReturnType<typeof guessHeader> =
    options.header === undefined
      ? guessHeader(rows)
      : { header: options.header, reason: options.header ? 'header, as said' : 'no header, as said' };
  if (options.columns !== undefined) {
    const reasons = [guessed.reason, 'columns named as said'];
    if (guessed.header && first.length !== options.columns.length)
      throw new CaravanFailure('CSV_OPTIONS_INVALID', {
        ...{ attempted: 'name the columns of', on: file },
        seen: `${String(options.columns.length)} are named, and its header has ${String(first.length)}`,
      });
    return { ...headerOf(guessed), columns: options.columns, reasons };
  }
  if (!guessed.header) {
    const width = widthOf(rows);
    return {
      header: false,
      columns: numberedColumns(width),
      reasons: [guessed.reason, `${String(width)} columns, numbered`],
    };
  }
  const { columns, reasons } = nameColumns(first.map(({ text }) => text));
  return { ...headerOf(guessed), columns, reasons: [guessed.reason, ...reasons] };
}

function headerOf({ header, headerGuessed }: ReturnType<typeof guessHeader>): Pick<Naming, 'header' | 'headerGuessed'> {
  return { header, ...(headerGuessed && { headerGuessed }) };
}

/** As many fields as most rows have. */
function widthOf(rows: readonly (readonly Cell[])[]): number {
  const widths = new Map<number, number>();
  for (const { length } of rows) widths.set(length, (widths.get(length) ?? 0) + 1);
  return [...widths].reduce((one, other) => (other[1] > one[1] ? other : one), [1, 0])[0];
}
