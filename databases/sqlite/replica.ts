import { mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { backup } from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';
import type { FileEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Answered, Counter, Question, Replica, WriteEvent, Writing, Written } from '../asking.js';
import { triggersByTable } from '../trigger-changes.js';
import { SqliteAsking } from './ask.js';
import { allRows, connect, databaseFile } from './connect.js';

const ALL_PAGES = 0x7fffffff;
/** Seconds that the beginning and the end of a transaction may take. */
const FRAME_SECONDS = 30;

/**
 * A copy of the file: the source itself is never opened to be written. It is made of the replica that was named, or else of
 * the source. Undefined where the temporary folder has no room for it.
 */
export async function openReplica(source: FileEndpoint, named: FileEndpoint | undefined): Promise<Replica | undefined> {
  const file = await databaseFile((named ?? source).path);
  if (named !== undefined) await refuseSource(await databaseFile(source.path), file);
  const [{ size }, room] = await Promise.all([stat(file), statfs(tmpdir())]);
  // As much again is left: what is written grows, and others need room.
  if (2 * size > room.bavail * room.bsize) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'caravan-replica-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const original = connect(file);
  try {
    const path = join(folder, 'copy.sqlite');
    await backup(original, path, { rate: ALL_PAGES });
    return {
      untransactional: new Set(),
      triggers: readTriggers(original),
      writing: () => openWriting({ path, copy: folder, isSame: () => Promise.resolve(true) }),
      close: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  } finally {
    original.close();
  }
}

async function refuseSource(source: string, replica: string): Promise<void> {
  const [one, other] = await Promise.all([stat(source), stat(replica)]);
  if (one.dev !== other.dev || one.ino !== other.ino) return;
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'try writes on',
    on: basename(replica),
    seen: 'it is the source itself',
    next: 'Leave --replay-source out: writes are tried on a copy.',
  });
}

const EVENT = /^\s*CREATE\s.*?\b(INSERT|UPDATE|DELETE)\b.*?\bBEGIN\b/isu;

function readTriggers(database: DatabaseSync): Replica['triggers'] {
  const objects = allRows(database, `SELECT type, tbl_name, name, sql FROM sqlite_schema`);
  const of = (kind: string): string[][] => objects.filter(([type]) => type === kind).map((row) => row.map(String));
  const triggers = of('trigger').flatMap(([, table = '', , sql = '']) => {
    const event = EVENT.exec(sql)?.[1]?.toLowerCase() as WriteEvent | undefined;
    const events: readonly WriteEvent[] = event === undefined ? ['insert', 'update', 'delete'] : [event];
    return events.map((each) => ({ table: `main.${table}`, event: each, body: sql }));
  });
  const names = (kind: string): string[] => of(kind).map(([, , name = '']) => `main.${name}`);
  return triggersByTable(triggers, { tables: names('table'), others: names('view') });
}

async function openWriting(file: ConstructorParameters<typeof SqliteAsking>[0]): Promise<Writing> {
  const asking = new SqliteAsking(file);
  await asking.start();
  return new SqliteWriting(asking);
}

class SqliteWriting implements Writing {
  readonly #asking: SqliteAsking;

  constructor(asking: SqliteAsking) {
    this.#asking = asking;
  }

  async begin(): Promise<void> {
    const { ok } = await this.#asking.write('BEGIN IMMEDIATE', FRAME_SECONDS);
    if (!ok) throw new Error('a copy of a SQLite file could not be written');
  }

  write(sql: string, seconds: number): Promise<Written> {
    return this.#asking.write(sql, seconds);
  }

  settle(): Promise<Written> {
    return Promise.resolve({ ok: true, rows: 0 });
  }

  ask(question: Question): Promise<Answered> {
    return this.#asking.ask(question);
  }

  explain(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** Refused where the transaction ended by itself: with its process, or by ON CONFLICT ROLLBACK. */
  async rollback(): Promise<void> {
    await this.#asking.write('ROLLBACK', FRAME_SECONDS);
  }

  /** They are rows of the copy, and are taken back with all others. */
  counters(): Promise<readonly Counter[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return this.#asking.close();
  }
}
