import type { Line } from './lines.js';
import { millisecondsOf } from './mysql-general.js';
import { GrowingText } from './recorded.js';
import type { LogEntry, Recorded } from './recorded.js';

const PREAMBLE = /^(?:\S.*, Version: .* started with:|Tcp port: .*|Time\s+Id\s+Command\s+Argument)\s*$/u;
const BEGIN = /^# (?:Time:|User@Host:)/u;
const STRANGE = 'slow log';

interface Head {
  session: string;
  schema?: string;
  seconds?: number;
  atMs?: number;
}

/** What stands before the statement itself in its record. */
interface Entry {
  readonly head: Head;
  readonly text: GrowingText;
  begun: boolean;
  line: number;
}

/** The slow log of MySQL and MariaDB: comments about a statement, `use`, `SET timestamp`, and the statement. */
export async function* readMysqlSlow(lines: AsyncIterable<Line>): AsyncGenerator<LogEntry> {
  const databases = new Map<string, string>();
  let entry: Entry | undefined;
  let current: string | undefined;
  const close = function* (): Generator<LogEntry> {
    if (!entry) return;
    const { made, database } = statementOf(entry, { current, databases });
    if (database !== undefined) current = database;
    if (made) yield made;
    entry = undefined;
  };
  for await (const line of lines) {
    if (PREAMBLE.test(line.text)) {
      yield* close();
      // A server that starts again has no database in use.
      current = undefined;
    } else if (BEGIN.test(line.text)) {
      if (!entry || entry.begun) {
        yield* close();
        entry = { head: { session: '' }, text: new GrowingText(), begun: false, line: line.number };
      }
      readHead(line.text, entry.head);
    } else if (entry && !entry.begun && line.text.startsWith('# ') && !line.text.startsWith('# administrator')) {
      readHead(line.text, entry.head);
    } else if (entry) {
      entry.text.add(entry.begun ? `\n${line.text}` : line.text, line);
      entry.begun = true;
    } else if (line.text.trim() !== '') yield { kind: 'broken', line: line.number };
  }
  yield* close();
}

function readHead(text: string, head: Head): void {
  const time = /^# Time: (.+?)\s*$/u.exec(text)?.[1];
  if (time !== undefined) {
    const atMs = millisecondsOf(time);
    if (atMs !== undefined) head.atMs = atMs;
  }
  const id = /(?:\bId:\s*|\bThread_id: )(\d+)/u.exec(text)?.[1];
  if (id !== undefined) head.session = id;
  const schema = /\bSchema: (\S+)/u.exec(text)?.[1];
  if (schema !== undefined && !schema.endsWith(':')) head.schema = schema;
  const seconds = /\bQuery_time: (\d+(?:\.\d+)?)/u.exec(text)?.[1];
  if (seconds !== undefined) head.seconds = Number(seconds);
}

function statementOf(
  { head, text }: Entry,
  known: { readonly current: string | undefined; readonly databases: Map<string, string> },
): { readonly made?: Recorded; readonly database?: string } {
  let sql = text.text;
  const used = /^use (`(?:[^`]|``)+`|[^\s;`]+);\n?/iu.exec(sql);
  if (used) sql = sql.slice(used[0].length);
  const stamp = /^SET timestamp=(\d+(?:\.\d+)?);\n?/iu.exec(sql);
  if (stamp) sql = sql.slice(stamp[0].length);
  const database = used?.[1]?.replaceAll(/^`|`$/gu, '') ?? head.schema ?? known.current;
  const place = used || head.schema !== undefined ? { database } : {};
  sql = sql.replace(/;\s*$/u, '');
  if (sql.trim() === '' || sql.startsWith('# administrator command')) return clean(place);
  const atMs = stamp?.[1] === undefined ? head.atMs : Number(stamp[1]) * 1000;
  const made: Recorded = {
    kind: 'statement',
    sql,
    session: head.session === '' ? STRANGE : head.session,
    ...(database !== undefined && { database }),
    ...(atMs !== undefined && { atMs }),
    ...(head.seconds !== undefined && { seconds: head.seconds }),
    ...text.flags,
  };
  return { made, ...clean(place) };
}

function clean(place: { database?: string | undefined }): { database?: string } {
  return place.database === undefined ? {} : { database: place.database };
}
