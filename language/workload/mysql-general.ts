import type { Line } from './lines.js';
import { GrowingText } from './recorded.js';
import type { LogEntry, Recorded } from './recorded.js';

const COMMANDS =
  'Connect|Connect Out|Query|Prepare|Execute|Execute Direct|Bulk_execute|Bulk Execute|Init DB|Quit|Close stmt|Reset stmt|Field List|' +
  'Statistics|Ping|Change user|Long Data|Fetch|Daemon|Refresh|Shutdown|Processlist|Kill|Debug|Time|Delayed insert|' +
  'Set option|Binlog Dump|Binlog Dump GTID|Table Dump|Register Slave|Register Replica|Sleep|Create DB|Drop DB|Reset Connection|' +
  'Error|Clone|Subscribe Group Replication Stream';
/** MySQL writes a time on every line, MariaDB only where it changes. */
const HEAD = new RegExp(
  String.raw`^(?:(\d{6}\s+\d{1,2}:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)\t+|\t\t)\s*(\d+) (${COMMANDS})(?:\t(.*))?$`,
  'su',
);
const PREAMBLE = /^(?:\S.*, Version: .* started with:|Tcp port: .*|Time\s+Id\s+Command\s+Argument)\s*$/u;
/** Connections whose database is remembered; the oldest are forgotten, and their database is not known then. */
const SESSIONS = 100_000;
const EXECUTED = new Set(['Query', 'Execute', 'Execute Direct', 'Bulk_execute', 'Bulk Execute']);

interface Open {
  readonly session: string;
  readonly atMs: number | undefined;
  readonly text: GrowingText;
}

/** The general log of MySQL and MariaDB (`general_log_file`). Prepared statements have their values in `Execute`. */
export async function* readMysqlGeneral(lines: AsyncIterable<Line>): AsyncGenerator<LogEntry> {
  const databases = new Map<string, string>();
  let open: Open | undefined;
  let ignored = true;
  let atMs: number | undefined;
  const close = (): LogEntry[] => {
    const entry = open && statementOf(open, databases);
    open = undefined;
    return entry ? [entry] : [];
  };
  for await (const line of lines) {
    const head = HEAD.exec(line.text);
    if (!head) {
      if (PREAMBLE.test(line.text)) {
        yield* close();
        ignored = true;
      } else if (open) open.text.add(`\n${line.text}`, line);
      else if (!ignored || line.text.trim() !== '') yield { kind: 'broken', line: line.number };
      continue;
    }
    yield* close();
    const [, time, session = '', command = '', argument = ''] = head;
    if (time !== undefined) atMs = millisecondsOf(time);
    ignored = !EXECUTED.has(command);
    if (!ignored) {
      open = { session, atMs, text: new GrowingText() };
      open.text.add(argument, line);
    } else if (command === 'Prepare') {
      // Its text may have lines as well; that it was prepared is no run of it.
      open = { session: '', atMs, text: new GrowingText() };
    } else yield* follow({ session, command, argument }, databases);
  }
  yield* close();
}

function statementOf({ session, atMs, text }: Open, databases: Map<string, string>): Recorded | undefined {
  if (session === '') return undefined;
  const database = databases.get(session);
  const used = /^\s*use\s+(`(?:[^`]|``)+`|[^\s;`]+)\s*;?\s*$/iu.exec(text.text)?.[1];
  if (used !== undefined) remember(databases, session, used.replaceAll(/^`|`$/gu, '').replaceAll('``', '`'));
  return {
    kind: 'statement',
    sql: text.text,
    session,
    ...(database !== undefined && { database }),
    ...(atMs !== undefined && { atMs }),
    ...text.flags,
  };
}

/** Commands that change which database a connection is in, or end it. */
function* follow(
  { session, command, argument }: { session: string; command: string; argument: string },
  databases: Map<string, string>,
): Generator<LogEntry> {
  if (command === 'Init DB') remember(databases, session, argument);
  else if (command === 'Connect' || command === 'Change user') {
    const database = /^\S*@\S* on (\S*)(?: using .*)?\s*$/u.exec(argument)?.[1];
    if (database === undefined || database === '') databases.delete(session);
    else remember(databases, session, database);
    yield { kind: 'closed', session };
  } else if (command === 'Quit') {
    databases.delete(session);
    yield { kind: 'closed', session };
  }
}

function remember(databases: Map<string, string>, session: string, database: string): void {
  databases.delete(session);
  databases.set(session, database);
  if (databases.size <= SESSIONS) return;
  const [oldest] = databases.keys();
  if (oldest !== undefined) databases.delete(oldest);
}

/** MariaDB's "241122  5:22:41" and MySQL's ISO form. A time without a zone is taken for UTC. */
export function millisecondsOf(time: string): number | undefined {
  const short = /^(\d\d)(\d\d)(\d\d)\s+(\d{1,2}):(\d\d):(\d\d)$/u.exec(time);
  if (short) {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = short.slice(1).map(Number);
    return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  }
  const parsed = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/u.test(time) ? time : `${time}Z`);
  return Number.isNaN(parsed) ? undefined : parsed;
}
