import { fieldsOf, quotesOf } from './csv-record.js';
import type { Line } from './lines.js';
import { GrowingText } from './recorded.js';
import type { LogEntry } from './recorded.js';

/** Columns of `pg_stat_statements` and of MySQL's digests, as their servers call them. */
const TEXTS = ['query_sample_text', 'query', 'digest_text'];
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
  const sql = field(TEXTS);
  const times = Number(field(TIMES));
  if (sql === '' || !Number.isSafeInteger(times) || times < 1) return { kind: 'broken', line };
  const database = field(['schema_name', 'datname']);
  const [milliseconds, picoseconds] = [Number(field(MILLISECONDS)), Number(field([PICOSECONDS]))];
  const seconds = milliseconds > 0 ? milliseconds / 1e3 : picoseconds > 0 ? picoseconds / 1e12 : undefined;
  return {
    kind: 'statement',
    // Each digest stands alone: none is part of a transaction.
    session: String(line),
    sql,
    times,
    ...(database !== '' && { database }),
    ...(seconds !== undefined && { seconds }),
    ...(sql.endsWith(CUT) && { cut: true as const }),
    ...text.flags,
  };
}
