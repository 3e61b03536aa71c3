import type { Dialect, Piece } from './scan.js';

/** Functions that tell the moment, with what they give. */
const MYSQL: Readonly<Record<string, 'moment' | 'day' | 'time' | 'seconds'>> = {
  now: 'moment',
  sysdate: 'moment',
  current_timestamp: 'moment',
  localtime: 'moment',
  localtimestamp: 'moment',
  utc_timestamp: 'moment',
  curdate: 'day',
  current_date: 'day',
  utc_date: 'day',
  curtime: 'time',
  current_time: 'time',
  utc_time: 'time',
  unix_timestamp: 'seconds',
};
const POSTGRES: Readonly<Record<string, 'zoned' | 'moment' | 'day'>> = {
  now: 'zoned',
  transaction_timestamp: 'zoned',
  statement_timestamp: 'zoned',
  clock_timestamp: 'zoned',
  current_timestamp: 'zoned',
  localtimestamp: 'moment',
  current_date: 'day',
};
const SQLITE: Readonly<Record<string, 'moment' | 'day' | 'time'>> = {
  current_timestamp: 'moment',
  current_date: 'day',
  current_time: 'time',
};
const SQLITE_MOMENTS = new Set(['date', 'time', 'datetime', 'julianday', 'strftime', 'unixepoch']);
/** Read the clock without these words; such a statement is not replayed. */
const UNPINNED: Readonly<Record<Dialect, readonly string[]>> = {
  mysql: [],
  postgres: ['timeofday', 'age', 'localtime', 'current_time'],
  sqlite: [],
};
/** Words that need no parentheses. */
const BARE = /^(?:current_\w+|localtime|localtimestamp|utc_\w+)$/u;

export interface Pinned {
  readonly text: string;
  /** It reads the clock in a way that is not known here. */
  readonly unpinned: boolean;
}

/** The text with the moment in place of every reading of the clock, so that both sides see the same. */
export function pinned(pieces: readonly Piece[], dialect: Dialect, atMs: number): Pinned {
  const made: string[] = [];
  let unpinned = false;
  for (let at = 0; at < pieces.length; at += 1) {
    const reading = clockAt(pieces, at, dialect);
    if (reading === undefined) {
      if (isUnpinned(pieces, at, dialect)) unpinned = true;
      made.push(pieces[at]?.text ?? '');
      continue;
    }
    made.push(literal(reading.gives, { dialect, atMs, digits: reading.digits }));
    at = reading.last;
  }
  return { text: made.join(''), unpinned };
}

interface Reading {
  readonly gives: string;
  readonly digits: number;
  /** The last piece of it. */
  readonly last: number;
}

function clockAt(pieces: readonly Piece[], at: number, dialect: Dialect): Reading | undefined {
  const piece = pieces[at];
  if (piece === undefined) return undefined;
  const word = piece.text.toLowerCase();
  if (dialect === 'sqlite' && piece.kind === 'string' && word === "'now'" && isMomentOfSqlite(pieces, at))
    return { gives: 'text', digits: 0, last: at };
  if (piece.kind !== 'word' || isQualified(pieces, at)) return undefined;
  const known = dialect === 'mysql' ? MYSQL : dialect === 'postgres' ? POSTGRES : SQLITE;
  const gives = Object.hasOwn(known, word) ? known[word] : undefined;
  if (gives === undefined) return undefined;
  const open = next(pieces, at + 1);
  if (open === undefined || pieces[open]?.text !== '(')
    return BARE.test(word) ? { gives, digits: 0, last: at } : undefined;
  const inner = next(pieces, open + 1);
  if (inner === undefined) return undefined;
  if (pieces[inner]?.text === ')') return { gives, digits: 0, last: inner };
  const end = next(pieces, inner + 1);
  const digits = /^[0-6]$/u.exec(pieces[inner]?.text ?? '');
  if (!digits || end === undefined || pieces[end]?.text !== ')' || gives === 'seconds') return undefined;
  return { gives, digits: Number(digits[0]), last: end };
}

/** A column or a name of a table, and no reading of the clock. */
function isQualified(pieces: readonly Piece[], at: number): boolean {
  return pieces[at - 1]?.text === '.' || pieces[at + 1]?.text === '.';
}

function isMomentOfSqlite(pieces: readonly Piece[], at: number): boolean {
  for (let before = at - 1; before >= 0; before -= 1) {
    const piece = pieces[before];
    if (piece?.text === ')') return false;
    if (piece?.text !== '(') continue;
    const name = pieces.slice(0, before).findLast(({ kind }) => kind !== 'space' && kind !== 'comment');
    return SQLITE_MOMENTS.has(name?.text.toLowerCase() ?? '');
  }
  return false;
}

function isUnpinned(pieces: readonly Piece[], at: number, dialect: Dialect): boolean {
  const piece = pieces[at];
  if (piece === undefined) return false;
  if (piece.kind === 'string' && dialect === 'postgres')
    return /^'(?:now|today|tomorrow|yesterday)'$/iu.test(piece.text);
  if (piece.kind !== 'word' || isQualified(pieces, at)) return false;
  const word = piece.text.toLowerCase();
  if (dialect === 'sqlite' && SQLITE_MOMENTS.has(word)) return isEmptyCall(pieces, at);
  return UNPINNED[dialect].includes(word) && pieces[next(pieces, at + 1) ?? -1]?.text === '(';
}

/** SQLite: `datetime()` is `datetime('now')`. */
function isEmptyCall(pieces: readonly Piece[], at: number): boolean {
  const open = next(pieces, at + 1);
  return open !== undefined && pieces[open]?.text === '(' && pieces[next(pieces, open + 1) ?? -1]?.text === ')';
}

function next(pieces: readonly Piece[], from: number): number | undefined {
  for (let at = from; at < pieces.length; at += 1) {
    const kind = pieces[at]?.kind;
    if (kind !== 'space' && kind !== 'comment') return at;
  }
  return undefined;
}

function literal(
  gives: string,
  { dialect, atMs, digits }: { readonly dialect: Dialect; readonly atMs: number; readonly digits: number },
): string {
  const iso = new Date(atMs).toISOString();
  const [day, time] = [iso.slice(0, 10), iso.slice(11, 19)];
  const fraction = digits === 0 ? '' : `.${iso.slice(20, 23).padEnd(6, '0').slice(0, digits)}`;
  if (gives === 'seconds') return String(Math.floor(atMs / 1000));
  if (dialect === 'sqlite') return `'${gives === 'day' ? day : gives === 'time' ? time : `${day} ${time}`}'`;
  if (gives === 'day') return `DATE '${day}'`;
  if (gives === 'time') return `TIME '${time}${fraction}'`;
  if (gives === 'zoned') return `TIMESTAMPTZ '${day} ${time}${fraction}+00'`;
  return `TIMESTAMP '${day} ${time}${fraction}'`;
}
