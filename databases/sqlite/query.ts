import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { FailureCode } from '../../contracts/failures.js';
import { ANSWER_BYTES_MAX } from '../statement.js';
import type { Statement, StatementAnswer } from '../statement.js';
import { databaseFile } from './connect.js';

/** What the process that runs the statement is given on its input, as JSON. */
export interface QueryInput extends Omit<Statement, 'signal'> {
  readonly file: string;
}

/** What it prints: one JSON document. */
export type QueryOutput =
  | { readonly answer: StatementAnswer }
  | { readonly failure: { readonly code: FailureCode; readonly seen: string; readonly next?: string } };

const PROGRAM = fileURLToPath(new URL('./query-process.js', import.meta.url));
const HEAP = '--max-old-space-size=256';

/**
 * Runs one statement in a process of its own. SQLite runs in the thread that calls it and cannot be interrupted there:
 * a long statement would hold up everything else of this process, and only a kill ends it in time.
 */
export async function runStatement({ path }: FileEndpoint, statement: Statement): Promise<StatementAnswer> {
  const attempt = { attempted: 'run the statement on', on: basename(path) };
  const { sql, params, rowsMax, bytesMax, writes, seconds, signal } = statement;
  const input: QueryInput = { file: await databaseFile(path), sql, params, rowsMax, bytesMax, seconds, writes };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const printed = await run(JSON.stringify(input), limit);
  if (printed === undefined) {
    const seen = limit.aborted ? 'it took longer than it may' : 'the process that ran it ended early';
    throw new CaravanFailure('SQL_UNAVAILABLE', { ...attempt, seen });
  }
  if ('answer' in printed) return printed.answer;
  const { code, seen, next } = printed.failure;
  throw new CaravanFailure(code, { ...attempt, seen, ...(next === undefined ? {} : { next }) });
}

/** Undefined: it was killed, or died. */
function run(input: string, signal: AbortSignal): Promise<QueryOutput | undefined> {
  return new Promise((resolve) => {
    // Nothing of our environment: secrets stand there.
    const child = spawn(process.execPath, [HEAP, '--no-warnings', PROGRAM], {
      env: {},
      stdio: ['pipe', 'pipe', 'ignore'],
      signal,
      killSignal: 'SIGKILL',
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.on('error', () => {
      child.kill('SIGKILL');
    });
    child.on('close', (exit) => {
      resolve(exit === 0 ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as QueryOutput) : undefined);
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
