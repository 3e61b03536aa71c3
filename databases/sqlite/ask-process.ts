import type { DatabaseSync } from 'node:sqlite';
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
  const startedMs = performance.now();
  try {
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
function endWithParent(): void {
  const code = `const parent = process.ppid;
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000)`;
  new Worker(code, { eval: true }).unref();
}

let database: DatabaseSync | undefined;
process.on('message', (message: AskMessage) => {
  if ('sql' in message) {
    if (database !== undefined) void run(database, message.sql);
    return;
  }
  database = connect(message.open);
  database.exec('BEGIN');
  firstRow(database, 'SELECT count(*) FROM sqlite_schema');
  void tell({ opened: true });
});
process.on('disconnect', () => process.exit());
endWithParent();
