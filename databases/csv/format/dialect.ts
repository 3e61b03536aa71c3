import { endingOf } from '../folder.js';
import { marksOf, RowSplitter, type Dialect } from '../rows.js';

/** What somebody said of it; only the rest is tried. `null`: there is none. */
export interface GivenDialect {
  readonly delimiter?: string | undefined;
  readonly quote?: string | null | undefined;
  readonly escape?: string | null | undefined;
  readonly lineEnd?: string | undefined;
}

export interface FoundDialect extends Dialect {
  /** Nearly all rows that were looked at have as many fields, and more than one. */
  readonly isSure: boolean;
  readonly reasons: readonly string[];
}

const DELIMITERS = [',', ';', '\t', '|'] as const;
const FIELDS_MAX = 20_000;
/** As many rows tell as much as more would. */
const ROWS_MAX = 20_000;
/** A row more or less that does not fit says nothing against the others. */
const SURE = 0.98;
/** A text file is a table only where most of its lines have as many fields. */
const LIKELY = 0.75;
/** Of what is named as a table, rows may be broken. */
const POSSIBLE = 0.5;

interface Tried {
  readonly dialect: Dialect;
  /** Share of the rows that have as many fields as most have. */
  readonly alike: number;
  /** The same, less for lines that no row took: a quote opens in them and is not closed. */
  readonly share: number;
  readonly width: number;
  /** The first row, which may be a header, has as many. */
  readonly firstFits: boolean;
  /** Fields in quotes, of rows that are not broken by them. */
  readonly quoted: number;
  readonly broken: number;
}

const NAMES: Readonly<Record<string, string>> = { '\t': 'tab', ',': 'comma', ';': 'semicolon', '|': 'bar' };
const ENDING_DELIMITERS: Readonly<Record<string, string>> = { tsv: '\t', psv: '|' };

/** `head`: the beginning of the file's text, behind lines that are skipped; `isWhole`: there is no more. */
export function findDialect(
  file: string,
  head: Buffer,
  given: GivenDialect & { readonly isWhole: boolean },
): FoundDialect {
  const end = given.lineEnd === undefined ? findLineEnd(head) : { lineEnd: given.lineEnd, reason: 'line ends as said' };
  const byEnding = ENDING_DELIMITERS[endingOf(file)];
  const delimiters = given.delimiter === undefined ? DELIMITERS : [given.delimiter];
  const tried = delimiters.map((delimiter) =>
    bestQuote(
      quotesOf(given).map((quotes) => tryOut({ delimiter, ...quotes, lineEnd: end.lineEnd }, head, given.isWhole)),
    ),
  );
  const found = bestDelimiter(tried, byEnding);
  const { dialect, width, share, quoted } = found;
  const told = width > 1 ? `${String(width)} fields in ${percent(share)} of the first rows` : 'one column';
  const name = NAMES[dialect.delimiter] ?? `"${dialect.delimiter}"`;
  return {
    ...dialect,
    isSure: isSure(found) && width > 1,
    reasons: [
      given.delimiter === undefined ? `delimiter ${name}: ${told}` : `delimiter ${name}, as said`,
      quoteReason(dialect, quoted, given.quote === undefined),
      end.reason,
    ],
  };
}

/** Are rows of this file told apart into fields at all? Of text files only such are tables. */
export function isTabular(head: Buffer, isWhole: boolean): boolean {
  const end = findLineEnd(head);
  return DELIMITERS.some((delimiter) => {
    const tried = quotesOf({}).map((quotes) => tryOut({ delimiter, ...quotes, lineEnd: end.lineEnd }, head, isWhole));
    const { width, share } = bestQuote(tried);
    return width > 1 && share >= LIKELY;
  });
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100))} %`;
}

function quoteReason({ quote, escape }: Dialect, quoted: number, isFound: boolean): string {
  if (quote === undefined)
    return isFound ? 'no quotes: they would break more rows than they explain' : 'no quotes, as said';
  const how = escape === quote ? 'doubled inside' : escape === undefined ? 'never inside' : `behind ${escape} inside`;
  return quoted === 0 ? `quote ${quote}, ${how}: none seen` : `quote ${quote}, ${how}: fits the first rows`;
}

type Quotes = Pick<Dialect, 'quote' | 'escape'>;

function quotesOf({ quote, escape }: GivenDialect): Quotes[] {
  const quotes = quote === null ? [undefined] : quote === undefined ? ['"', "'", undefined] : [quote];
  return quotes.flatMap((mark): Quotes[] => {
    if (mark === undefined) return [{ quote: undefined, escape: undefined }];
    const escapes = escape === null ? [undefined] : escape === undefined ? [mark, '\\'] : [escape];
    return escapes.map((before) => ({ quote: mark, escape: before }));
  });
}

/**
 * The best quote of one delimiter; the first of equals stands: double quotes before single ones, doubled before escaped.
 * Quotes that open and close where fields do are no chance, even where some rows are broken. Single quotes are taken only
 * where they are seen, and none at all only where more rows break by quotes than fields stand in them.
 */
function bestQuote(tried: readonly Tried[]): Tried {
  const double = tried.find(({ dialect }) => dialect.quote === '"');
  const isFree = ({ dialect, quoted }: Tried): boolean => {
    if (double === undefined || dialect.quote === '"') return true;
    return dialect.quote === undefined ? double.broken > double.quoted : quoted > 0;
  };
  return best(tried.filter(isFree), (other, one) => {
    if (isSure(other) !== isSure(one)) return isSure(other);
    if (other.quoted > 0 !== one.quoted > 0) return other.quoted > 0;
    return other.share > one.share;
  });
}

function best(tried: readonly Tried[], isBetter: (other: Tried, one: Tried) => boolean): Tried {
  return tried.reduce((one, other) => (isBetter(other, one) ? other : one));
}

const isSure = ({ share }: Tried): boolean => share >= SURE;
/** A quote that is never closed does not make one column of the rest: its row is refused when it is met. */
const splits = ({ width, alike }: Tried): boolean => width > 1 && alike >= POSSIBLE;

/** The best delimiter; the first of equals stands. */
function bestDelimiter(tried: readonly Tried[], byEnding: string | undefined): Tried {
  return best(tried, (other, one) => {
    if (splits(other) !== splits(one)) return splits(other);
    const fits = ({ dialect }: Tried): boolean => dialect.delimiter === byEnding;
    if (fits(other) !== fits(one) && splits(other)) return fits(other);
    if (isSure(other) !== isSure(one)) return isSure(other);
    if (!isSure(one) && other.share !== one.share) return other.share > one.share;
    if (other.firstFits !== one.firstFits) return other.firstFits;
    if (other.quoted > 0 !== one.quoted > 0) return other.quoted > 0;
    return other.width > one.width;
  });
}

function tryOut(dialect: Dialect, head: Buffer, isWhole: boolean): Tried {
  const marks = marksOf(dialect);
  const splitter = new RowSplitter(marks, FIELDS_MAX);
  splitter.open(head, isWhole);
  const widths = new Map<number, number>();
  let [rows, quoted, broken, first] = [0, 0, 0, 0];
  while (rows < ROWS_MAX && splitter.next()) {
    if (splitter.isBlank) continue;
    rows += 1;
    if (splitter.isBroken) broken += 1;
    if (splitter.isBroken) continue;
    if (rows === 1) first = splitter.fields;
    widths.set(splitter.fields, (widths.get(splitter.fields) ?? 0) + 1);
    for (let field = 0; field < Math.min(splitter.fields, FIELDS_MAX); field += 1)
      quoted += splitter.quoted[field] ?? 0;
  }
  const [width, most] = [...widths].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] > a[0]) ? b : a), [1, 0]);
  const lines = Math.max(1, isWhole ? head.length : head.lastIndexOf(marks.lineEnd) + 1);
  const taken = rows < ROWS_MAX ? Math.min(1, splitter.at / lines) : 1;
  const alike = rows === 0 ? 0 : most / rows;
  return {
    dialect,
    width,
    alike,
    share: rows === 0 ? taken : alike * taken,
    firstFits: first === width,
    quoted,
    broken,
  };
}

export function findLineEnd(head: Buffer): { readonly lineEnd: string; readonly reason: string } {
  let [pairs, feeds, returns] = [0, 0, 0];
  for (let at = 0; at < head.length; at += 1) {
    if (head[at] === 0x0a) feeds += 1;
    else if (head[at] === 0x0d && head[at + 1] === 0x0a) {
      pairs += 1;
      at += 1;
    } else if (head[at] === 0x0d) returns += 1;
  }
  if (pairs > 0) {
    const mixed = feeds > 0 ? ', and some by LF alone' : '';
    return { lineEnd: 'crlf', reason: `lines end by CRLF${mixed}` };
  }
  if (feeds === 0 && returns > 0) return { lineEnd: 'cr', reason: 'lines end by CR' };
  return { lineEnd: 'lf', reason: 'lines end by LF' };
}
