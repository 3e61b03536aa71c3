import type { SkipReason, WorkloadOrder } from '../../contracts/workload.js';
import { pinned } from './clock.js';
import { STATEMENT_CHARACTERS } from './recorded.js';
import type { Dialect, Piece } from './scan.js';
import { meaningful, nameOf, scan, unwrapped } from './scan.js';
import { namedTables } from './tables.js';

export interface Classed {
  readonly class: 'read' | 'write' | 'skipped';
  readonly reason?: SkipReason;
  readonly detail?: string;
  /** What is run on the source; empty for a skipped one. */
  readonly run: string;
  readonly tables: readonly string[];
  readonly order: WorkloadOrder;
  readonly limited: boolean;
  /** What it does to the transaction of its connection. */
  readonly transaction?: 'begin' | 'end' | 'autocommit off' | 'autocommit on';
}

export interface Statement {
  readonly sql: string;
  readonly dialect: Dialect;
  readonly atMs: number;
  readonly tooLong?: boolean;
  readonly binary?: boolean;
  readonly cut?: boolean;
}

const NO_ORDER: WorkloadOrder = { fixed: 'none', keys: [] };

const FIRST_WORDS: Readonly<Record<string, SkipReason>> = {
  ...all('transaction_control', 'begin commit rollback savepoint release start end abort xa'),
  ...all('session', 'set use prepare execute deallocate discard reset declare fetch close move listen unlisten notify'),
  ...all('show', 'show describe desc explain help pragma'),
  ...all(
    'admin',
    'analyze optimize repair check checksum flush kill grant revoke vacuum reindex cluster checkpoint purge shutdown ' +
      'install uninstall change stop binlog cache attach detach refresh backup restart clone security',
  ),
  ...all('ddl', 'create alter drop truncate rename comment import'),
  ...all('load_data', 'load copy handler'),
  ...all('call', 'call do'),
  ...all('lock', 'lock unlock'),
};
const READS = new Set(['select', 'with', 'values', 'table', '(']);
const WRITES = new Set(['insert', 'update', 'delete', 'replace', 'merge']);

function all(reason: SkipReason, words: string): Record<string, SkipReason> {
  return Object.fromEntries(words.split(' ').map((word) => [word, reason]));
}

/** What a statement is, and whether it can be run again; nothing of it is looked up. */
export function classify(statement: Statement): Classed {
  const { dialect } = statement;
  if (statement.sql.length >= STATEMENT_CHARACTERS || statement.tooLong === true) return skipped('too_long');
  if (statement.cut === true) return skipped('cut');
  const text = dialect === 'mysql' ? unwrapped(statement.sql) : statement.sql;
  const pieces = trimmed(scan(text, dialect));
  const words = meaningful(pieces);
  const first = words[0]?.text.toLowerCase() ?? '';
  const reason = headReason(words, first) ?? bodyReason(words, dialect, pieces.at(-1)?.open === true);
  if (reason !== undefined) return reason;
  if (statement.binary === true) return skipped('binary_parameter');
  return replayable(statement, words, first);
}

/** Without comments; white space stays, for literals may touch words. */
function trimmed(pieces: readonly Piece[]): Piece[] {
  const plain = pieces.map((piece): Piece =>
    piece.kind === 'comment' ? { ...piece, kind: 'space', text: ' ' } : piece,
  );
  let end = plain.length;
  while (end > 0 && (plain[end - 1]?.kind === 'space' || plain[end - 1]?.text === ';')) end -= 1;
  return plain.slice(0, end);
}

function skipped(reason: SkipReason, more: Partial<Classed> = {}): Classed {
  return { class: 'skipped', reason, run: '', tables: [], order: NO_ORDER, limited: false, ...more };
}

function headReason(words: readonly Piece[], first: string): Classed | undefined {
  if (words.length === 0) return skipped('session');
  const reason = Object.hasOwn(FIRST_WORDS, first) ? FIRST_WORDS[first] : undefined;
  const said = words.slice(0, 4).map(({ text }) => text.toLowerCase());
  if (first === 'set') return skipped(...settingOf(said, words));
  if (reason === 'transaction_control') {
    // BEGIN … END around statements is a body, and no transaction.
    const transaction = transactionOf(said);
    return skipped(reason, transaction === undefined ? {} : { transaction });
  }
  // What changes the structure ends the transaction as well, in MySQL.
  if (reason === 'ddl') return skipped(reason, { transaction: 'end' });
  return reason === undefined ? undefined : skipped(reason);
}

function settingOf(said: readonly string[], words: readonly Piece[]): [SkipReason, Partial<Classed>] {
  const at = said.findIndex(
    (word) => word === 'autocommit' || word === '@@autocommit' || word === '@@session.autocommit',
  );
  if (at < 0) return ['session', {}];
  const value = words[words.findIndex(({ text }) => text === '=' || text === ':=') + 1]?.text.toLowerCase();
  return ['session', { transaction: value === '0' || value === 'off' ? 'autocommit off' : 'autocommit on' }];
}

function transactionOf([first = '', second = '', third = '', fourth = '']: readonly string[]):
  Classed['transaction'] | undefined {
  if (first === 'begin' || (first === 'start' && second === 'transaction')) return 'begin';
  if (first === 'commit' || first === 'end' || first === 'abort') return 'end';
  // ROLLBACK TO SAVEPOINT goes on with the transaction.
  if (first === 'rollback') return [second, third, fourth].includes('to') ? undefined : 'end';
  return undefined;
}

const RANDOM = new Set(
  (
    'rand random uuid uuid_short sys_guid gen_random_uuid uuid_generate_v4 uuidv4 uuidv7 random_bytes randomblob gen_random_bytes ' +
    'last_insert_id connection_id row_count found_rows pg_backend_pid lastval currval changes total_changes ' +
    'last_insert_rowid txid_current pg_current_xact_id setseed random_normal'
  ).split(' '),
);
const SESSION = new Set(['user', 'current_user', 'session_user', 'system_user', 'current_role', 'database', 'version']);
const WAITING = new Set([
  'sleep',
  'benchmark',
  'pg_sleep',
  'pg_sleep_for',
  'pg_sleep_until',
  'master_pos_wait',
  'source_pos_wait',
  'wait_for_executed_gtid_set',
]);
const LOCKING = new Set(
  'get_lock release_lock release_all_locks is_free_lock is_used_lock pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock pg_try_advisory_xact_lock pg_advisory_unlock pg_advisory_lock_shared pg_advisory_unlock_all'.split(
    ' ',
  ),
);
const ADMIN_CALLS =
  /^(?:pg_(?:reload_conf|terminate_backend|cancel_backend|read_file|ls_dir|rotate_logfile|switch_wal|create_restore_point|promote|logical_.*|replication_.*|notify)|lo_.*|dblink.*|set_config|setval|load_file|load_extension|sys_exec|sys_eval)$/u;
const SYSTEM = new Set([
  'information_schema',
  'performance_schema',
  'mysql',
  'sys',
  'pg_catalog',
  'pg_toast',
  'sqlite_master',
  'sqlite_schema',
  'sqlite_sequence',
]);

function bodyReason(words: readonly Piece[], dialect: Dialect, open: boolean): Classed | undefined {
  if (open) return skipped('not_parsed', { detail: 'a quoted text does not end' });
  if (words.some(({ text, kind }) => kind === 'symbol' && text === ';')) return skipped('several_statements');
  if (words.some(({ kind }) => kind === 'variable')) return skipped('user_variable');
  if (words.some(({ text }) => text === ':=')) return skipped('user_variable');
  if (words.some(({ kind }) => kind === 'placeholder')) return skipped('without_values');
  for (const [at, piece] of words.entries()) {
    const reason = callReason(piece, words[at + 1]) ?? nameReason(piece, words, at);
    if (reason !== undefined) return reason;
    if (at > 0 && isInto(words, at, dialect)) return skipped('into_outfile');
  }
  return undefined;
}

function callReason(piece: Piece, next: Piece | undefined): Classed | undefined {
  if (piece.kind !== 'word') return undefined;
  const word = piece.text.toLowerCase();
  // These are said without parentheses, too.
  if (['current_user', 'session_user', 'current_role'].includes(word))
    return skipped('not_deterministic', { detail: word });
  if (next?.text !== '(') return word === 'nextval' ? skipped('not_deterministic', { detail: word }) : undefined;
  if (RANDOM.has(word) || SESSION.has(word)) return skipped('not_deterministic', { detail: word });
  if (word === 'nextval') return skipped('not_deterministic', { detail: word });
  if (WAITING.has(word)) return skipped('waiting', { detail: word });
  if (LOCKING.has(word)) return skipped('lock', { detail: word });
  return ADMIN_CALLS.test(word) ? skipped('admin', { detail: word }) : undefined;
}

function nameReason(piece: Piece, words: readonly Piece[], at: number): Classed | undefined {
  if (piece.kind !== 'word' && piece.kind !== 'name') return undefined;
  const name = nameOf(piece).toLowerCase();
  if (SYSTEM.has(name)) {
    const isSchema = words[at + 1]?.text === '.' || name.startsWith('sqlite_');
    return isSchema ? skipped('show', { detail: name }) : undefined;
  }
  const isRelation =
    /^pg_(?:class|namespace|attribute|type|proc|index|constraint|stat_\w+|stat\w*|settings|tables|views|locks|roles|user|database|enum|description|am|trigger|sequences|indexes)$/u.test(
      name,
    );
  const before = words[at - 1]?.text.toLowerCase() ?? '';
  return isRelation && ['from', 'join', ','].includes(before) ? skipped('show', { detail: name }) : undefined;
}

/** SELECT … INTO, which is no INSERT INTO. */
function isInto(words: readonly Piece[], at: number, dialect: Dialect): boolean {
  if (words[at]?.kind !== 'word' || words[at].text.toLowerCase() !== 'into') return false;
  const after = words[at + 1]?.text.toLowerCase() ?? '';
  if (after === 'outfile' || after === 'dumpfile') return true;
  const before = words.slice(0, at).map(({ text }) => text.toLowerCase());
  if (['insert', 'replace', 'merge'].some((word) => before.includes(word))) return false;
  return dialect !== 'sqlite';
}

function replayable(statement: Statement, words: readonly Piece[], first: string): Classed {
  const { dialect } = statement;
  if (!READS.has(first) && !WRITES.has(first)) {
    const detail = words[0]?.kind === 'word' ? first.slice(0, 20) : 'it begins with no word';
    return skipped('not_parsed', { detail });
  }
  const isWrite = words.some(({ kind, text }, at) => isWriting(kind, text, words[at - 1], at));
  const unlocked = withoutLocks(
    trimmed(scan(dialect === 'mysql' ? unwrapped(statement.sql) : statement.sql, dialect)),
    isWrite,
  );
  const { text, unpinned } = pinned(unlocked, dialect, statement.atMs);
  if (unpinned) return skipped('clock');
  const run = text.trim();
  const body = meaningful(scan(run, dialect));
  return {
    class: isWrite ? 'write' : 'read',
    run,
    tables: [
      ...new Set(
        namedTables(body, dialect).map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`)),
      ),
    ],
    order: isWrite ? NO_ORDER : { fixed: hasOrder(body) ? 'partial' : 'none', keys: [] },
    limited: body.some(({ kind, text: word }, at) => kind === 'word' && isLimit(word.toLowerCase(), body[at + 1])),
  };
}

/** INSERT, UPDATE, DELETE … as a statement: at the beginning, behind a WITH, or inside one (PostgreSQL). */
function isWriting(kind: Piece['kind'], text: string, before: Piece | undefined, at: number): boolean {
  if (kind !== 'word' || !WRITES.has(text.toLowerCase())) return false;
  if (at === 0) return true;
  const word = text.toLowerCase();
  // replace(…) is a function, and FOR UPDATE and ON DELETE no statements.
  return word !== 'replace' && (before?.text === ')' || before?.text === '(');
}

function isLimit(word: string, next: Piece | undefined): boolean {
  if (word === 'fetch') return ['first', 'next'].includes(next?.text.toLowerCase() ?? '');
  return (word === 'limit' || word === 'offset') && next !== undefined && next.kind !== 'symbol';
}

function hasOrder(words: readonly Piece[]): boolean {
  let depth = 0;
  let ordered = false;
  words.forEach(({ text, kind }, at) => {
    if (kind === 'symbol' && text === '(') depth += 1;
    else if (kind === 'symbol' && text === ')') depth -= 1;
    else if (depth === 0 && text.toLowerCase() === 'order' && words[at + 1]?.text.toLowerCase() === 'by')
      ordered = true;
  });
  return ordered;
}

/** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE: a replay locks nothing, and the rows are the same. */
function withoutLocks(pieces: readonly Piece[], isWrite: boolean): Piece[] {
  if (isWrite) return [...pieces];
  const kept: Piece[] = [];
  for (let at = 0; at < pieces.length; at += 1) {
    const end = lockEnd(pieces, at);
    if (end === undefined) {
      const piece = pieces[at];
      if (piece) kept.push(piece);
    } else at = end - 1;
  }
  return kept;
}

const LOCKS = [
  ['lock', 'in', 'share', 'mode'],
  ['for', 'no', 'key', 'update'],
  ['for', 'key', 'share'],
  ['for', 'update'],
  ['for', 'share'],
];

/** The place behind a locking clause that begins here. */
function lockEnd(pieces: readonly Piece[], at: number): number | undefined {
  const said: { word: string; end: number; kind: Piece['kind'] }[] = [];
  for (let place = at; place < pieces.length && said.length < 24; place += 1) {
    const piece = pieces[place];
    if (piece && piece.kind !== 'space')
      said.push({ word: piece.text.toLowerCase(), end: place + 1, kind: piece.kind });
  }
  if (said[0]?.end !== at + 1) return undefined;
  const clause = LOCKS.find((words) =>
    words.every((word, place) => said[place]?.word === word && said[place].kind === 'word'),
  );
  if (clause === undefined) return undefined;
  let taken = clause.length;
  if (said[taken]?.word === 'of') {
    taken += 2;
    while (said[taken]?.word === '.' || said[taken]?.word === ',') taken += 2;
  }
  if (said[taken]?.word === 'nowait') taken += 1;
  else if (said[taken]?.word === 'skip' && said[taken + 1]?.word === 'locked') taken += 2;
  else if (said[taken]?.word === 'wait') taken += 2;
  return said[taken - 1]?.end;
}
