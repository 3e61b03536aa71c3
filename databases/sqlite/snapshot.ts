import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import type { Reader, Snapshot } from '../source.js';
import { connect, firstRow, yieldTurn } from './connect.js';
import { toFailure } from './errors.js';
import type { AskedFile } from './ask.js';
import { createReader } from './reader.js';

/** `node:sqlite` is synchronous: readers take turns in one process, so more of them only hide the waits of writing. */
const READERS_MAX = 4;
const TRIES = 20;
const COPY = 'copy.sqlite';
/** In one step, so that no commit comes in between. */
const ALL_PAGES = 0x7fffffff;

export interface SnapshotSetup {
  readonly file: string;
  readonly connections: number;
  /** For tests: runs when all readers have begun, before data_version is read again. */
  readonly onBegun?: () => void;
}

/**
 * One state for all readers. Each holds a read transaction; all were begun between two equal readings of data_version
 * on a watching connection that holds none (only such a connection notices commits; the header's change counter stands
 * still in WAL mode). The watcher stays open until close: `moved` reads it again. When writers leave no such moment,
 * the database is first copied, in one step, by the backup API.
 */
export async function openSqliteSnapshot(setup: SnapshotSetup): Promise<Snapshot> {
  const watcher = connect(setup.file);
  try {
    const before = await stat(setup.file);
    const wal = firstRow(watcher, 'PRAGMA journal_mode')?.[0] === 'wal';
    const count = Math.max(1, Math.min(setup.connections, READERS_MAX));
    const held = await holdReaders(watcher, { ...setup, connections: count });
    const copy = held ? undefined : await copyFirst(watcher, setup.file, count);
    const version = held?.version ?? copy?.version ?? 0n;
    const readers = held?.readers ?? copy?.readers ?? [];
    // The readers' shared locks keep a rollback-journal file as it is while it is hashed.
    const sha256 = wal || copy ? undefined : await hashFile(setup.file);
    const position = sha256 ? `sha256 ${sha256}` : `data_version ${version.toString()}`;
    return snapshotOver({
      ...{ file: setup.file, watcher, readers, version, position, wal, inode: before.ino },
      ...(copy && { folder: copy.folder }),
    });
  } catch (error) {
    watcher.close();
    throw toFailure(error, { attempted: 'take a snapshot of', on: basename(setup.file) });
  }
}

function dataVersion(database: DatabaseSync): bigint {
  return firstRow(database, 'PRAGMA data_version')?.[0] as bigint;
}

/** BEGIN takes no lock by itself; the first read does, and fixes the state. */
function beginReading(database: DatabaseSync): void {
  database.exec('BEGIN');
  firstRow(database, 'SELECT count(*) FROM sqlite_schema');
}

async function holdReaders(
  watcher: DatabaseSync,
  setup: SnapshotSetup,
): Promise<{ readonly readers: DatabaseSync[]; readonly version: bigint } | undefined> {
  const readers: DatabaseSync[] = [];
  try {
    for (let made = 0; made < setup.connections; made++) readers.push(connect(setup.file));
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const version = dataVersion(watcher);
      for (const reader of readers) beginReading(reader);
      setup.onBegun?.();
      if (dataVersion(watcher) === version) return { readers, version };
      for (const reader of readers) reader.exec('ROLLBACK');
      await yieldTurn();
    }
  } catch (error) {
    for (const reader of readers) reader.close();
    throw error;
  }
  for (const reader of readers) reader.close();
  return undefined;
}

async function copyFirst(
  watcher: DatabaseSync,
  file: string,
  connections: number,
): Promise<{ readonly readers: DatabaseSync[]; readonly version: bigint; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'caravan-sqlite-'));
  const readers: DatabaseSync[] = [];
  try {
    const copy = join(folder, COPY);
    // Before the copy: a commit in between makes `moved` say yes, which is the safe side.
    const version = dataVersion(watcher);
    const copying = connect(file);
    try {
      await backup(copying, copy, { rate: ALL_PAGES });
    } finally {
      copying.close();
    }
    for (let made = 0; made < connections; made++) readers.push(connect(copy));
    return { readers, version, folder };
  } catch (error) {
    for (const reader of readers) reader.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function hashFile(file: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) sum.update(piece as Buffer);
  return sum.digest('hex');
}

interface Held {
  readonly file: string;
  readonly watcher: DatabaseSync;
  readonly readers: readonly DatabaseSync[];
  readonly version: bigint;
  readonly position: string;
  readonly wal: boolean;
  /** Of the file when the snapshot was taken: another file under the same name is another source. */
  readonly inode: number;
  /** Folder of the copy, removed at close. */
  readonly folder?: string;
}

function detailOf(held: Held): string {
  const readers = `${String(held.readers.length)} reader(s) that take turns in one process`;
  if (held.folder) return `a copy made by the backup API, because writers left no quiet moment; ${readers}`;
  const writers = held.wal ? 'writers go on (WAL)' : 'writers wait until the snapshot is closed (no WAL)';
  return `held read transactions between two equal readings of data_version; ${writers}; ${readers}`;
}

function snapshotOver(held: Held): Snapshot {
  const asked = askedFile(held);
  const pool = createPool(held.readers.map((database) => createReader(database, asked)));
  let closed = false;
  return {
    consistent: true,
    detail: detailOf(held),
    position: held.position,
    connections: held.readers.length,
    lend: (work) => pool.lend(work),
    moved: () => (closed ? Promise.resolve({ moved: 'unknown', position: held.position }) : movedSince(held)),
    close: async () => {
      if (closed) return;
      closed = true;
      for (const database of [...held.readers, held.watcher]) database.close();
      if (held.folder) await rm(held.folder, { recursive: true, force: true });
    },
  };
}

/** A copy stays what it is. */
function askedFile(held: Held): AskedFile {
  const isSame = async (): Promise<boolean> => held.folder !== undefined || (await movedSince(held)).moved === 'no';
  return { path: held.folder === undefined ? held.file : join(held.folder, COPY), isSame };
}

async function movedSince(held: Held): Promise<Awaited<ReturnType<Snapshot['moved']>>> {
  const now = await stat(held.file).catch(() => undefined);
  if (now === undefined) return { moved: 'unknown', position: held.position };
  if (now.ino !== held.inode) return { moved: 'yes', position: 'another file has this name' };
  try {
    const version = dataVersion(held.watcher);
    if (version === held.version) return { moved: 'no', position: held.position };
    return { moved: 'yes', position: `data_version ${version.toString()}` };
  } catch {
    return { moved: 'unknown', position: held.position };
  }
}

/** Lends readers, each to one borrower at a time, first come first served. */
function createPool(readers: Reader[]): Pick<Snapshot, 'lend'> {
  const free = [...readers];
  const waiting: ((reader: Reader) => void)[] = [];
  return {
    async lend(work) {
      const reader = free.pop() ?? (await new Promise<Reader>((resolve) => waiting.push(resolve)));
      try {
        return await work(reader);
      } finally {
        const next = waiting.shift();
        if (next) next(reader);
        else free.push(reader);
      }
    },
  };
}
