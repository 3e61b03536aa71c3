import { fieldsOf, quotesOf } from './csv-record.js';
import type { Line } from './lines.js';
import { scan } from './scan.js';
import { GrowingText } from './recorded.js';
import type { LogEntry, Recorded } from './recorded.js';

/** Columns of PostgreSQL 9 to 12, 13, and 14 and later. */
const COLUMNS = [23, 24, 26];
/** A record begins so, and no line of a statement does. */
const BEGIN = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z0-9+:-]+,(?:"(?:[^"]|"")*")?,(?:"(?:[^"]|"")*")?,\d+,/u;

interface Entry {
  readonly text: GrowingText;
  readonly line: number;
  /** Inside quotes at the end of what is there. */
  quoted: boolean;
}

/** PostgreSQL's csvlog. Values of prepared statements stand in the detail, and are put into the text. */
export async function* readPostgresCsvlog(lines: AsyncIterable<Line>): AsyncGenerator<LogEntry> {
  let entry: Entry | undefined;
  /** A statement whose duration may follow in a record of its own. */
  const last = new LastOfSession();
  for await (const line of lines) {
    if (BEGIN.test(line.text)) {
      if (entry) yield { kind: 'broken', line: entry.line };
      entry = { text: new GrowingText(), line: line.number, quoted: false };
      entry.text.add(line.text, line);
    } else if (entry) entry.text.add(`\n${line.text}`, line);
    else {
      if (line.text.trim() !== '') yield { kind: 'broken', line: line.number };
      continue;
    }
    if (quotesOf(line.text) % 2 === 1) entry.quoted = !entry.quoted;
    // A line that was cut has lost quotes; the next beginning tells where it ended.
    if (entry.quoted && !line.cut) continue;
    yield* entriesOf(entry, last);
    entry = undefined;
  }
  if (entry) yield { kind: 'broken', line: entry.line };
  yield* last.all();
}

/** Keeps one statement of a session until it is known how long it took. */
class LastOfSession {
  readonly #waiting = new Map<string, Recorded>();

  take(session: string): Recorded[] {
    const waiting = this.#waiting.get(session);
    this.#waiting.delete(session);
    return waiting ? [waiting] : [];
  }

  keep(statement: Recorded): Recorded[] {
    this.#waiting.set(statement.session, statement);
    if (this.#waiting.size <= 10_000) return [];
    const [oldest] = this.#waiting.keys();
    return oldest === undefined ? [] : this.take(oldest);
  }

  all(): Recorded[] {
    return [...this.#waiting.keys()].flatMap((session) => this.take(session));
  }
}

function* entriesOf({ text, line }: Entry, last: LastOfSession): Generator<LogEntry> {
  const fields = fieldsOf(text.text);
  const isWhole = COLUMNS.includes(fields.length);
  if (!isWhole && text.flags.tooLong !== true) {
    yield { kind: 'broken', line };
    return;
  }
  const [time = '', , database = ''] = fields;
  const session = fields[5] ?? '';
  const message = fields[13] ?? '';
  const duration = /^duration: (\d+(?:\.\d+)?) ms\s*/u.exec(message);
  if (duration?.[0].length === message.length) {
    const seconds = Number(duration[1]) / 1000;
    yield* last.take(session).map((statement) => ({ ...statement, seconds }));
    return;
  }
  yield* last.take(session);
  if (message.startsWith('disconnection: ')) yield { kind: 'closed', session };
  const body = /^(?:statement: |execute (?:[^\n:]*): )([^]*)$/u.exec(message.slice(duration?.[0].length ?? 0))?.[1];
  if (fields[11] !== 'LOG' || body === undefined) return;
  const statement: Recorded = {
    kind: 'statement',
    sql: withParameters(body, fields[14] ?? ''),
    session,
    ...(database !== '' && { database }),
    ...momentOf(time),
    ...(duration && { seconds: Number(duration[1]) / 1000 }),
    ...text.flags,
  };
  if (duration) yield statement;
  else yield* last.keep(statement);
}

/** "2024-05-06 07:08:09.010 UTC"; names of other zones are taken for UTC. */
function momentOf(time: string): { readonly atMs?: number } {
  const [, day = '', clock = ''] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)/u.exec(time) ?? [];
  const atMs = Date.parse(`${day}T${clock}Z`);
  return Number.isNaN(atMs) ? {} : { atMs };
}

/** "Parameters: $1 = 'a', $2 = NULL" put in place of $1 and $2. Without it the text keeps them. */
export function withParameters(sql: string, detail: string): string {
  const list = /^parameters: ([^]*)$/iu.exec(detail)?.[1];
  if (list === undefined) return sql;
  const values = new Map<string, string>();
  const each = /(\$\d+) = (NULL|'(?:[^']|'')*')(?:, |$)/uy;
  for (let found = each.exec(list); found; found = each.exec(list)) values.set(found[1] ?? '', found[2] ?? '');
  return scan(sql, 'postgres')
    .map(({ kind, text }) => (kind === 'placeholder' ? (values.get(text) ?? text) : text))
    .join('');
}
