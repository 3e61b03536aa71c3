import mysql from 'mysql2';
import type { QueryOptions } from 'mysql2';
import type { Socket } from 'node:net';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { ANSWER_BYTES_MAX, LimitedRows, finiteNumber, tooLarge, wholeNumber } from '../statement.js';
import type { JsonScalar, Statement, StatementAnswer } from '../statement.js';
import { openSession } from './connect.js';
import type { MysqlSession } from './connect.js';
import { failureOf } from './errors.js';

/** How long the driver waits beyond the server's own limit, which holds for reading statements only. */
const PATIENCE_MS = 1000;

/** Runs one statement, prepared, in a transaction that the server keeps from writing where it may not. */
export async function runStatement(endpoint: ServerEndpoint, statement: Statement): Promise<StatementAnswer> {
  const attempt = { attempted: 'run the statement on', on: endpoint.database };
  const session = await openSession(endpoint);
  const cut = (): void => session.destroy();
  statement.signal.addEventListener('abort', cut, { once: true });
  const timer = setTimeout(cut, statement.seconds * 1000 + PATIENCE_MS);
  try {
    if (statement.signal.aborted) cut();
    await session.query(limitOf(session, statement.seconds), attempt);
    await session.query(`START TRANSACTION ${statement.writes ? 'READ WRITE' : 'READ ONLY'}`, attempt);
    const answer = await answerOf(session, statement).catch((error: unknown) => {
      throw failureOf(error, attempt);
    });
    await session.query(statement.writes ? 'COMMIT' : 'ROLLBACK', attempt);
    return answer;
  } finally {
    clearTimeout(timer);
    statement.signal.removeEventListener('abort', cut);
    await session.close();
  }
}

function limitOf({ facts }: MysqlSession, seconds: number): string {
  if (facts.engine === 'mariadb') return `SET SESSION max_statement_time = ${String(seconds)}`;
  return `SET SESSION max_execution_time = ${String(Math.ceil(seconds * 1000))}`;
}

type Field = Parameters<Exclude<QueryOptions['typeCast'], boolean | undefined>>[0] & {
  readonly extendedFormat?: string;
};

/** What the driver would turn into objects and lose something of: documents stay text, places stay bytes. */
function asSent(field: Field, next: () => unknown): unknown {
  if (field.type === 'JSON' || field.extendedFormat === 'json') return field.string('utf8');
  if (field.type === 'GEOMETRY' || field.type === 'VECTOR') return field.buffer();
  return next();
}

function answerOf(session: MysqlSession, statement: Statement): Promise<StatementAnswer> {
  const { sql, params } = statement;
  const limited = new LimitedRows(statement);
  let columns: readonly string[] = [];
  let changed: number | undefined;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(error instanceof Error ? error : new Error('the query failed'));
      session.destroy();
    };
    const forget = [
      limitBytes(session, () => {
        fail(tooLarge(`it answers with more than ${String(ANSWER_BYTES_MAX)} bytes`));
      }),
      session.onLost(fail),
    ];
    const options = { rowsAsArray: true, supportBigNumbers: true, dateStrings: true, typeCast: asSent };
    session.connection
      .execute({ sql, values: params.map(bound), ...options })
      .on('fields', (fields: readonly { readonly name: string }[] | undefined) => {
        columns = (fields ?? []).map(({ name }) => name);
      })
      .on('result', (row: unknown) => {
        try {
          if (Array.isArray(row)) limited.add(row.map(jsonOf));
          else changed = (row as { affectedRows: number }).affectedRows;
        } catch (error) {
          fail(error);
        }
      })
      .on('error', reject)
      .on('end', () => {
        for (const each of forget) each();
        resolve({ columns, rows: limited.rows, rowCount: changed ?? limited.rows.length });
      });
  });
}

/** Sees what arrives before the driver has put a row together. */
function limitBytes(session: MysqlSession, exceeded: () => void): () => void {
  const { stream } = session.connection as unknown as { stream: Socket };
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) exceeded();
  };
  stream.on('data', count);
  return () => stream.off('data', count);
}

/** The driver sends every number as a double: a whole one must stay whole, as `LIMIT ?` wants it. */
function bound(value: JsonScalar): unknown {
  return Number.isInteger(value) ? mysql.TypedParameter.BIGINT(value) : value;
}

function jsonOf(value: unknown): JsonScalar {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'bigint') return wholeNumber(value);
  if (typeof value === 'number') return finiteNumber(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  return JSON.stringify(value);
}
