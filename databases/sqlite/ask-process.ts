import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { DYNAMIC } from '../asking.js';
import type { Cell } from '../asking.js';
import type { AskMessage, AskReply } from './ask.js';
import { connect, firstRow } from './connect.js';
import type { SqlValue } from './connect.js';

const ROWS_MAX = 500;

/** Resolves when it is under way: so many rows stand in memory, and no more. */
function tell(reply: AskReply): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('there is nobody to tell');
    process.send(reply, undefined, undefined, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

async function run(database: DatabaseSync, sql: string): Promise<void> {
  await timed(async () => {
    const statement = database.prepare(sql);
    await tell({ columns: statement.columns().map(({ name }) => name) });
    let rows: Cell[][] = [];
    for (const row of statement.iterate()) {
      rows.push((row as unknown as SqlValue[]).map(cellOf));
      if (rows.length < ROWS_MAX) continue;
      await tell({ rows });
      rows = [];
    }
    if (rows.length > 0) await tell({ rows });
  });
}

async function write(database: DatabaseSync, sql: string): Promise<void> {
  await timed(() => tell({ changed: Number(database.prepare(sql).run().changes) }));
}

async function timed(work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  try {
    await work();
    await tell({ ended: { ms: performance.now() - startedMs } });
  } catch (error) {
    const code = (error as { readonly errcode?: number }).errcode;
    await tell({
      ended: { ms: performance.now() - startedMs, refused: code === undefined ? 'unknown' : String(code) },
    });
  }
}

function cellOf(value: SqlValue): Cell {
  if (value === null) return null;
  if (typeof value === 'bigint') return `${DYNAMIC.integer}${value.toString()}`;
  if (typeof value === 'number') return `${DYNAMIC.float8}${String(value)}`;
  if (typeof value === 'string') return `${DYNAMIC.text}${value}`;
  return `${DYNAMIC.bytes}${Buffer.from(value).toString('hex')}`;
}

/** Whoever waits for the answer may die first, and this thread hears nothing while SQLite runs: another ends it. */
function endWithParent(copy: string | undefined): void {
  const code = `const { rmSync } = require('node:fs');
    const { workerData } = require('node:worker_threads');
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid === parent) return;
      if (workerData !== null) rmSync(workerData, { recursive: true, force: true });
      process.kill(process.pid, 'SIGKILL');
    }, 1000)`;
  new Worker(code, { eval: true, workerData: copy ?? null }).unref();
}

/** Keys are held, as the target holds them; names in double quotes that are none stay an error. */
function connectToWrite(copy: string): DatabaseSync {
  return new DatabaseSync(copy, {
    allowExtension: false,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
    readBigInts: true,
    returnArrays: true,
  });
}

let database: DatabaseSync | undefined;
let folder: string | undefined;
process.on('message', (message: AskMessage) => {
  if ('sql' in message) {
    if (database !== undefined) void run(database, message.sql);
    return;
  }
  if ('write' in message) {
    if (database !== undefined) void write(database, message.write);
    return;
  }
  folder = message.copy;
  endWithParent(folder);
  database = folder === undefined ? connect(message.open) : connectToWrite(message.open);
  if (folder === undefined) database.exec('BEGIN');
  firstRow(database, 'SELECT count(*) FROM sqlite_schema');
  void tell({ opened: true });
});
process.on('disconnect', () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.exit();
});
