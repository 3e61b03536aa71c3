import { z } from 'zod';

/** How files of delimited text are read. Found by looking at the files, or said by whoever knows them. */

export const TEXT_ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1'] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];

/** One ASCII character other than a line end. */
export const mark = z.string().regex(/^[\x01-\x09\x0b\x0c\x0e-\x7f]$/);
/** A line feed, alone or behind a carriage return; a carriage return alone; or another character. */
export const lineEnd = z.union([z.enum(['lf', 'crlf', 'cr']), mark]);

const fileFormat = z.strictObject({
  /** Its name in the folder. */
  file: z.string(),
  encoding: z.enum(TEXT_ENCODINGS),
  delimiter: mark,
  /** Absent: no field is quoted. */
  quote: mark.optional(),
  /** Makes a quote inside of quotes a character; the quote itself: it is doubled. */
  escape: mark.optional(),
  /** `crlf`: a line feed alone ends a row, too. */
  lineEnd,
  /** Lines in front of header and rows. */
  skipLines: z.int().min(0),
  header: z.boolean(),
  /** Nothing but its looks made the first row a header. */
  headerGuessed: z.literal(true).optional(),
  /** Of the header's bytes: a file with another one is another file. */
  headerHash: z.string().optional(),
  /** Names of a row's fields, in their order in this file. */
  columns: z.array(z.string()),
  /** Unquoted fields that are NULL. */
  nullWords: z.array(z.string()),
  /** What becomes of a row that ends too early. */
  missingFields: z.enum(['quarantine', 'null']),
  /** Why it is read in this way. */
  reasons: z.array(z.string()).default([]),
});
export type FileFormat = z.infer<typeof fileFormat>;

/** The files that make a table, in the order in which they are read. */
export const textFormat = z.strictObject({
  /** What their names meet; absent: one file. */
  pattern: z.string().optional(),
  files: z.array(fileFormat).min(1),
});
export type TextFormat = z.infer<typeof textFormat>;
