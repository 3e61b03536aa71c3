import { open, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CaravanFailure } from '../../contracts/failures.js';
import { attempting } from './errors.js';

/** How long a reader waits for a writer's lock. The wait blocks the event loop, so it is short. */
const BUSY_TIMEOUT_MS = 2_000;
const HEADER = 'SQLite format 3\0';

function invalid(path: string, seen: string, cause?: unknown): CaravanFailure {
  return new CaravanFailure('SOURCE_FILE_INVALID', { attempted: 'open', on: basename(path), seen }, cause);
}

/** The real path of a regular file that begins as a SQLite database does; everything else is refused. */
export async function databaseFile(path: string): Promise<string> {
  const real = await realpath(path).catch((error: unknown) => {
    throw invalid(path, 'the worker sees no such file', error);
  });
  const about = await stat(real);
  if (!about.isFile()) throw invalid(path, about.isDirectory() ? 'it is a directory' : 'it is not a regular file');
  const head = Buffer.alloc(HEADER.length);
  try {
    const file = await open(real, 'r');
    try {
      await file.read(head, 0, head.length, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw invalid(path, 'the worker may not read it', error);
  }
  if (head.toString('latin1') !== HEADER) throw invalid(path, 'it is not a SQLite database, or it is encrypted');
  return real;
}

/**
 * A read-only connection. Never `immutable=1`: that ignores an unfinished WAL. The path is absolute, so SQLite does not
 * take it for a URI. Text in double quotes is a name here, never a string: a column that went missing is an error.
 */
export function connect(file: string): DatabaseSync {
  return attempting({ attempted: 'open', on: basename(file) }, () => {
    const database = new DatabaseSync(file, {
      readOnly: true,
      allowExtension: false,
      defensive: true,
      enableDoubleQuotedStringLiterals: false,
      timeout: BUSY_TIMEOUT_MS,
      readBigInts: true,
      returnArrays: true,
    });
    try {
      database.exec('PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** A value as this room's connections give it (`readBigInts`). */
export type SqlValue = null | bigint | number | string | Uint8Array;

/** The first row, as an array; undefined when there is none. */
export function firstRow(database: DatabaseSync, sql: string, ...parameters: SqlValue[]): SqlValue[] | undefined {
  return database.prepare(sql).get(...parameters) as unknown as SqlValue[] | undefined;
}

/** All rows, as arrays. */
export function allRows(database: DatabaseSync, sql: string, ...parameters: SqlValue[]): SqlValue[][] {
  return database.prepare(sql).all(...parameters) as unknown as SqlValue[][];
}

/** An identifier in SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Lets timers, sockets and heartbeats of the process have their turn: `node:sqlite` blocks the event loop. */
export function yieldTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
