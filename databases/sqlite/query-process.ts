import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { CaravanFailure } from '../../contracts/failures.js';
import { LimitedRows, finiteNumber, wholeNumber } from '../statement.js';
import type { JsonScalar, StatementAnswer } from '../statement.js';
import { connect } from './connect.js';
import type { SqlValue } from './connect.js';
import { attempting } from './errors.js';
import type { QueryInput, QueryOutput } from './query.js';

/** The process that runs one statement on a SQLite file; see query.ts. Reads its input and prints its answer as JSON. */
const BUSY_TIMEOUT_MS = 5000;

function answer(input: QueryInput): StatementAnswer {
  const { file, sql, writes } = input;
  const database = writes ? connectToWrite(file) : connect(file);
  try {
    const statement = database.prepare(sql);
    // SQLite takes the first statement and passes over the rest in silence.
    const rest = sql.slice(statement.sourceSQL.length);
    if (/[^\s;]/.test(rest)) throw refused('there is more than one statement');
    database.exec(writes ? 'BEGIN IMMEDIATE' : 'BEGIN');
    const params = input.params.map(bound);
    const columns = statement.columns().map(({ name }) => name);
    if (columns.length === 0) {
      const { changes } = statement.run(...params);
      database.exec('COMMIT');
      return { columns, rows: [], rowCount: Number(changes) };
    }
    const limited = new LimitedRows(input);
    for (const row of statement.iterate(...params)) limited.add((row as unknown as SqlValue[]).map(jsonOf));
    database.exec('COMMIT');
    return { columns, rows: limited.rows, rowCount: limited.rows.length };
  } finally {
    database.close();
  }
}

function connectToWrite(file: string): DatabaseSync {
  const database = new DatabaseSync(file, {
    allowExtension: false,
    defensive: true,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
    timeout: BUSY_TIMEOUT_MS,
    readBigInts: true,
    returnArrays: true,
  });
  database.exec('PRAGMA trusted_schema = OFF');
  return database;
}

function refused(seen: string): CaravanFailure {
  return new CaravanFailure('SQL_REFUSED', { attempted: 'run', on: 'the statement', seen });
}

/** The driver binds every number as a real one: a whole number must stay whole. */
function bound(value: JsonScalar): SqlValue {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
}

function jsonOf(value: SqlValue): JsonScalar {
  if (typeof value === 'bigint') return wholeNumber(value);
  if (typeof value === 'number') return finiteNumber(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

/** Whoever waits for the answer may die first, and this thread hears nothing while SQLite runs: another ends it. */
function endAfter(seconds: number): void {
  const code = "setTimeout(() => process.kill(process.pid, 'SIGKILL'), require('node:worker_threads').workerData)";
  new Worker(code, { eval: true, workerData: seconds * 1000 }).unref();
}

function outputOf(input: QueryInput): QueryOutput {
  try {
    return { answer: attempting({ attempted: 'run the statement on', on: basename(input.file) }, () => answer(input)) };
  } catch (error) {
    if (!(error instanceof CaravanFailure)) return { failure: { code: 'SQL_REFUSED', seen: 'it could not be run' } };
    // A result code that means nothing to a migration: a constraint, most often.
    if (error.code === 'INTERNAL') return { failure: { code: 'SQL_REFUSED', seen: error.seen } };
    return { failure: { code: error.code, seen: error.seen, next: error.next } };
  }
}

const input = JSON.parse(await text(process.stdin)) as QueryInput;
endAfter(input.seconds + 1);
process.stdout.write(JSON.stringify(outputOf(input)));
