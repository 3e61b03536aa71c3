import { readFile, stat } from 'node:fs/promises';
import { isMap, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { CaravanFailure } from '../../../contracts/failures.js';
import { lineEnd, mark, TEXT_ENCODINGS } from '../../../contracts/text-format.js';
import { attempting } from '../errors.js';
import { OPTIONS_FILE, type Folder } from '../folder.js';
import { globOf } from '../../../contracts/globs.js';

const BYTES_MAX = 1 << 20;
const TOLD = 50;
const NAME = z.string().min(1).max(1000);

const fileOptions = z
  .strictObject({
    table: NAME.optional(),
    header: z.boolean().optional(),
    skipLines: z.int().min(0).max(1_000_000).optional(),
    delimiter: mark.optional(),
    quote: z.union([mark, z.literal('none')]).optional(),
    escape: z.union([mark, z.literal('none')]).optional(),
    lineEnd: lineEnd.optional(),
    encoding: z.enum(TEXT_ENCODINGS).optional(),
    nullWords: z.array(z.string().max(256)).max(100).optional(),
    missingFields: z.union([z.enum(['quarantine', 'null']), z.null()]).optional(),
    columns: z.array(NAME).min(1).optional(),
    primaryKey: z.array(NAME).min(1).optional(),
  })
  .superRefine((file, context) => {
    const say = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    const { delimiter, quote, escape } = file;
    if (quote !== undefined && quote === delimiter) say('quote', 'is the delimiter, too');
    if (escape !== undefined && escape === delimiter) say('escape', 'is the delimiter, too');
    if (file.lineEnd !== undefined && [delimiter, quote, escape].includes(file.lineEnd))
      say('lineEnd', 'is another mark of the file, too');
    if (quote === 'none' && escape !== undefined && escape !== 'none')
      say('escape', 'has a meaning only inside of quotes, and there are none');
    for (const name of ['columns', 'primaryKey'] as const)
      if (new Set(file[name]).size !== (file[name]?.length ?? 0)) say(name, 'names a column twice');
  });
export type FileOptions = z.infer<typeof fileOptions>;

const optionsFile = z.strictObject({ caravan_csv: z.literal(1), files: z.record(NAME, fileOptions) });

/** What somebody said of the files that meet a pattern. */
export interface OptionsOf {
  readonly pattern: string;
  readonly options: FileOptions;
}

export interface FolderOptions {
  /** Said of this file; undefined where nothing was. */
  readonly of: (file: string) => OptionsOf | undefined;
}

interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * `caravan.csv.yaml` beside the files, if there is one. All that is wrong with it is told at once: unknown names, values
 * of the wrong form, patterns that no file meets, files that meet two.
 */
export async function readOptions(folder: Folder, files: readonly string[]): Promise<FolderOptions> {
  const path = folder.pathOf(OPTIONS_FILE);
  const about = await stat(path).catch(() => undefined);
  if (about === undefined) return { of: () => undefined };
  if (about.size > BYTES_MAX) throw refusal([{ line: 1, column: 1, message: 'it is larger than 1 MiB' }]);
  const text = await attempting({ attempted: 'read', on: OPTIONS_FILE }, () => readFile(path, 'utf8'));
  const given = parse(text, files);
  return { of: (file) => given.find(({ pattern }) => globOf(pattern)(file)) };
}

function refusal(problems: readonly Problem[]): CaravanFailure {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const told = sorted
    .slice(0, TOLD)
    .map((one) => `line ${String(one.line)}, column ${String(one.column)}: ${one.message}`);
  const more = sorted.length > TOLD ? [`and ${String(sorted.length - TOLD)} more`] : [];
  return new CaravanFailure('CSV_OPTIONS_INVALID', {
    ...{ attempted: 'read', on: OPTIONS_FILE, seen: [...told, ...more].join('; ') },
    facts: { line: sorted[0]?.line ?? 1, columnNumber: sorted[0]?.column ?? 1 },
  });
}

function parse(text: string, files: readonly string[]): OptionsOf[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number | undefined): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0)
    throw refusal(document.errors.map((error) => ({ ...at(error.pos[0]), message: `no YAML (${error.code})` })));
  const place = (path: readonly PropertyKey[]): { line: number; column: number } => at(offsetOf(document, path));
  const parsed = optionsFile.safeParse(document.toJS({ maxAliasCount: 50 }) as unknown);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => told(issue, place));
  if (!parsed.success) throw refusal(problems);
  const given = Object.entries(parsed.data.files).map(([pattern, options]) => ({ pattern, options }));
  const misfits = misfitsOf(given, files).map(({ pattern, message }) => ({ ...place(['files', pattern]), message }));
  if (misfits.length > 0) throw refusal(misfits);
  return given;
}

/** Where the value of a path stands, or what is nearest around it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number | undefined {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    if (!isMap(parent)) continue;
    const keys = parent.items.map((item) => item.key);
    const key = keys.find((node) => String(node) === String(path[depth - 1]));
    const range = (key as { range?: readonly number[] } | undefined)?.range;
    if (range !== undefined) return range[0];
  }
  return undefined;
}

function told(
  issue: z.core.$ZodIssue,
  place: (path: readonly PropertyKey[]) => { line: number; column: number },
): Problem[] {
  const name = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      ...place([...issue.path, key]),
      message: `${name === '' ? 'the file' : name} has no option "${key.slice(0, 100)}"`,
    }));
  return [{ ...place(issue.path), message: `${name === '' ? 'the file' : name}: ${issue.message}` }];
}

/** Every pattern must be met, and no file by two. */
function misfitsOf(given: readonly OptionsOf[], files: readonly string[]): { pattern: string; message: string }[] {
  const met = given.map(({ pattern }) => ({ pattern, files: files.filter(globOf(pattern)) }));
  const idle = met.filter((one) => one.files.length === 0);
  const twice = met.flatMap(({ pattern, files: mine }, at) =>
    met.slice(0, at).flatMap((other) => {
      const shared = mine.find((file) => other.files.includes(file));
      return shared === undefined ? [] : [{ pattern, message: `"${shared}" meets "${other.pattern}", too` }];
    }),
  );
  return [...idle.map(({ pattern }) => ({ pattern, message: `no file meets "${pattern}"` })), ...twice];
}
