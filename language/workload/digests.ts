import type { QueryStatistic } from '../../contracts/workload.js';
import { fieldsOf, quotesOf } from './csv-record.js';
import type { Line } from './lines.js';
import { GrowingText } from './recorded.js';
import type { LogEntry } from './recorded.js';

/** Columns of `pg_stat_statements` and of MySQL's digests, as their servers call them. */
const SAMPLE = 'query_sample_text';
const DIGEST = 'digest_text';
const TEXTS = [SAMPLE, 'query', DIGEST];
const TIMES = ['calls', 'count_star'];
const MILLISECONDS = ['total_exec_time', 'total_time'];
const PICOSECONDS = 'sum_timer_wait';
/** How MySQL marks a text of which it kept only the beginning. */
const CUT = '...';

/** The head of such a file, in lower case; undefined where it is none. */
export function digestColumns(line: string): string[] | undefined {
  const columns = fieldsOf(line.trim()).map((name) => name.toLowerCase());
  const has = (names: readonly string[]): boolean => names.some((name) => columns.includes(name));
  return has(TEXTS) && has(TIMES) ? columns : undefined;
}

/** Statements with the number of times that they ran: CSV with a head, made from a server's own statistics. */
export async function* readDigests(lines: AsyncIterable<Line>): AsyncGenerator<LogEntry> {
  let columns: readonly string[] | undefined;
  let record: { readonly text: GrowingText; readonly line: number; open: boolean } | undefined;
  for await (const line of lines) {
    if (columns === undefined) {
      columns = digestColumns(line.text);
      if (columns === undefined) yield { kind: 'broken', line: line.number };
      continue;
    }
    if (record) record.text.add(`\n${line.text}`, line);
    else if (line.text.trim() === '') continue;
    else {
      record = { text: new GrowingText(), line: line.number, open: false };
      record.text.add(line.text, line);
    }
    if (quotesOf(line.text) % 2 === 1) record.open = !record.open;
    if (record.open && !line.cut) continue;
    yield entryOf(record.text, columns, record.line);
    record = undefined;
  }
  if (record) yield { kind: 'broken', line: record.line };
}

function entryOf(text: GrowingText, columns: readonly string[], line: number): LogEntry {
  const fields = fieldsOf(text.text);
  const field = (names: readonly string[]): string =>
    names.map((name) => fields[columns.indexOf(name)] ?? '').find((value) => value !== '') ?? '';
  const [sample, query, digest] = [field([SAMPLE]), field(['query']), field([DIGEST])];
  const database = field(['schema_name', 'datname']);
  const [milliseconds, picoseconds] = [Number(field(MILLISECONDS)), Number(field([PICOSECONDS]))];
  const seconds = milliseconds > 0 ? milliseconds / 1e3 : picoseconds > 0 ? picoseconds / 1e12 : undefined;
  const shape = query === '' ? digestText(digest) : query;
  const statistic = {
    ...(sample !== '' && { sample }),
    ...(shape !== '' && { shape }),
    ...(database !== '' && { database }),
    times: Number(field(TIMES)),
    ...(seconds !== undefined && { seconds }),
  };
  const entry = entryOfStatistic(statistic, line);
  return entry.kind === 'statement' ? { ...entry, ...text.flags } : entry;
}

/** What a server says of one shape, as a statement that ran so many times; a sample that it cut gives way to the shape. */
export function entryOfStatistic({ sample, shape, database, times, seconds }: QueryStatistic, line: number): LogEntry {
  const sql = sample === undefined || (isCut(sample) && shape !== undefined && !isCut(shape)) ? shape : sample;
  if (sql === undefined || !Number.isSafeInteger(times) || times < 1) return { kind: 'broken', line };
  return {
    kind: 'statement',
    // Each digest stands alone: none is part of a transaction.
    session: String(line),
    sql,
    times,
    ...(database !== undefined && { database }),
    ...(seconds !== undefined && { seconds }),
    ...(isCut(sql) && { cut: true as const }),
  };
}

function isCut(text: string): boolean {
  return text.trimEnd().endsWith(CUT);
}

const UNQUOTED_CALL = /(?<!\b(?:into|replace|insert|ignore|update|table) )`([a-z_][a-z0-9_]*)` \(/giu;

/**
 * MySQL's digest as a statement that its server takes: blanks stand around all words in it, and before a parenthesis they
 * make a function another one. Values of a list are taken together; so many as stand for it are two, in parentheses one.
 */
export function digestText(digest: string): string {
  return digest
    .trim()
    .replaceAll('/* , ... */', '')
    .replaceAll('(...)', '(?)')
    .replaceAll('?, ...', '?, ?')
    .replaceAll(/\bDISTINCTROW\b/gu, 'DISTINCT')
    .replaceAll(/(?<=[`\w]) \. (?=[`\w*])/gu, '.')
    .replaceAll(UNQUOTED_CALL, '$1(')
    .replaceAll(/(?<=\w) \(/gu, '(')
    .trim();
}
