import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Answered, AnswerColumn, Asking, Cell, Question, Refusal, Written } from '../asking.js';

/** What the process that runs queries is told, and what it tells. */
export type AskMessage =
  /** `copy`: it may be written, and its folder goes with the process when nobody is left to remove it. */
  | { readonly open: string; readonly copy?: string }
  | { readonly sql: string }
  /** A statement that gives no rows. */
  | { readonly write: string };
export type AskReply =
  | { readonly opened: true }
  | { readonly changed: number }
  | { readonly columns: readonly string[] }
  | { readonly rows: readonly (readonly Cell[])[] }
  | { readonly ended: { readonly ms: number; readonly refused?: string } };

const PROGRAM = fileURLToPath(new URL('./ask-process.js', import.meta.url));
const HEAP = '--max-old-space-size=256';
const EXPLAIN_SECONDS = 10;

export interface AskedFile {
  readonly path: string;
  /** Folder of a copy that may be written. */
  readonly copy?: string;
  /** Is the file still what the snapshot holds? */
  readonly isSame: () => Promise<boolean>;
}

/**
 * Queries of an application run in a process of their own: SQLite cannot be interrupted in the thread that calls it, and
 * only a kill ends a query in time. That process holds a state of its own, which must be the snapshot's.
 */
export async function openAsking(file: AskedFile): Promise<Asking> {
  const asking = new SqliteAsking(file);
  await asking.start();
  return asking;
}

export class SqliteAsking implements Asking {
  readonly #file: AskedFile;
  #child: ChildProcess | undefined;

  constructor(file: AskedFile) {
    this.#file = file;
  }

  async start(): Promise<void> {
    // Nothing of our environment: secrets stand there.
    const child = fork(PROGRAM, [], {
      env: {},
      execArgv: [HEAP, '--no-warnings'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('error', () => undefined);
    this.#child = child;
    const { path, copy } = this.#file;
    await this.#tell(child, { open: path, ...(copy !== undefined && { copy }) }, (reply) => 'opened' in reply);
    if (await this.#file.isSame()) return;
    await this.close();
    throw new CaravanFailure('SNAPSHOT_LOST', {
      attempted: 'ask the snapshot of',
      on: basename(this.#file.path),
      seen: 'writers went on, and another process sees their changes',
    });
  }

  async ask({ sql, seconds, onColumns, onRow }: Question): Promise<Answered> {
    const { ms, refused } = await this.#limited({ sql }, seconds, (reply) => {
      if ('columns' in reply) onColumns(reply.columns.map(dynamic));
      if ('rows' in reply) for (const row of reply.rows) onRow(row);
    });
    return refused === undefined ? { ok: true, ms } : { ok: false, ms, refused };
  }

  /** What the process lost when it was ended in time is taken back by the next one that opens the file. */
  async write(sql: string, seconds: number): Promise<Written> {
    let rows = 0;
    const { refused } = await this.#limited({ write: sql }, seconds, (reply) => {
      if ('changed' in reply) rows = reply.changed;
    });
    return refused === undefined ? { ok: true, rows } : { ok: false, refused };
  }

  async #limited(
    message: AskMessage,
    seconds: number,
    hear: (reply: AskReply) => void,
  ): Promise<{ readonly ms: number; readonly refused?: Refusal }> {
    if (this.#child === undefined) await this.start();
    const child = this.#child;
    if (child === undefined) throw this.#lost();
    const startedMs = performance.now();
    const late = { is: false };
    const timer = setTimeout(() => {
      late.is = true;
      child.kill('SIGKILL');
    }, seconds * 1000);
    let ended: { readonly ms: number; readonly refused?: string } | undefined;
    try {
      await this.#tell(child, message, (reply) => {
        hear(reply);
        if ('ended' in reply) ended = reply.ended;
        return ended !== undefined;
      });
    } catch (error) {
      if (!late.is) throw error;
      return { ms: performance.now() - startedMs, refused: { why: 'time_limit', code: 'time limit' } };
    } finally {
      clearTimeout(timer);
    }
    const { ms = 0, refused } = ended ?? {};
    return refused === undefined ? { ms } : { ms, refused: { why: 'other', code: refused } };
  }

  async explain(sql: string): Promise<string | undefined> {
    const lines: string[] = [];
    const onRow = (cells: readonly Cell[]): void => {
      lines.push(cells.map((cell) => cell?.slice(1) ?? 'NULL').join(' | '));
    };
    const asked = { sql: `EXPLAIN QUERY PLAN ${sql}`, seconds: EXPLAIN_SECONDS, onColumns: () => undefined, onRow };
    return (await this.ask(asked)).ok ? lines.join('\n') : undefined;
  }

  close(): Promise<void> {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    return Promise.resolve();
  }

  /** Until `hear` says that this was all; the process's death is a failure. */
  #tell(child: ChildProcess, message: AskMessage, hear: (reply: AskReply) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (finish: () => void): void => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.off('error', onExit);
        finish();
      };
      const onMessage = (reply: unknown): void => {
        if (hear(reply as AskReply)) done(resolve);
      };
      const onExit = (): void => {
        this.#child = undefined;
        done(() => {
          reject(this.#lost());
        });
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.on('error', onExit);
      child.send(message, (error) => {
        if (error !== null) onExit();
      });
    });
  }

  #lost(): CaravanFailure {
    const parts = { attempted: 'run a query of the application on', on: basename(this.#file.path) };
    return new CaravanFailure('SOURCE_LOST', { ...parts, seen: 'the process that ran it ended early' });
  }
}

function dynamic(name: string): AnswerColumn {
  return { name, kind: 'dynamic' };
}
