import pg from 'pg';
import type { QueryArrayConfig, QueryArrayResult } from 'pg';
import type { Socket } from 'node:net';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { ANSWER_BYTES_MAX, LimitedRows, finiteNumber, tooLarge, wholeNumber } from '../statement.js';
import type { JsonScalar, Statement, StatementAnswer } from '../statement.js';
import { openSession } from './connect.js';
import type { Session } from './connect.js';
import { attempting } from './errors.js';

/** No name of a migration's backends: nobody's janitor ends it. */
const APPLICATION = 'caravan-agent-sql';

/** Type OIDs of the server that become something else than text. */
const OID = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, oid: 26, float4: 700, float8: 701 } as const;

/**
 * Runs one statement in a transaction; the extended protocol takes no second one. A query comes first in it: from then
 * on the server refuses to make a read-only transaction one that writes.
 */
export async function runStatement(endpoint: ServerEndpoint, statement: Statement): Promise<StatementAnswer> {
  const what = { attempted: 'run the statement on', on: endpoint.database };
  const session = await openSession(endpoint, APPLICATION);
  const cut = (): void => session.destroy();
  statement.signal.addEventListener('abort', cut, { once: true });
  try {
    if (statement.signal.aborted) cut();
    return await attempting(what, async () => {
      await session.run(
        `RESET search_path; RESET row_security; BEGIN ${statement.writes ? 'READ WRITE' : 'READ ONLY'}`,
      );
      const milliseconds = String(Math.ceil(statement.seconds * 1000));
      await session.rows(`SELECT pg_catalog.set_config('statement_timeout', $1, true)`, [milliseconds]);
      const answer = await answerOf(session, statement);
      await session.run(statement.writes ? 'COMMIT' : 'ROLLBACK');
      return answer;
    });
  } finally {
    statement.signal.removeEventListener('abort', cut);
    await session.close();
  }
}

function answerOf(session: Session, statement: Statement): Promise<StatementAnswer> {
  const { sql, params } = statement;
  const config: QueryArrayConfig = { text: sql, values: [...params], rowMode: 'array' };
  // Without a value the driver would choose the simple protocol, which takes many statements.
  const query = new pg.Query({ ...config, queryMode: 'extended' } as QueryArrayConfig);
  const limited = new LimitedRows(statement);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(error instanceof Error ? error : new Error('the query failed'));
      session.destroy();
    };
    const forget = limitBytes(session, () => {
      fail(tooLarge(`it answers with more than ${String(ANSWER_BYTES_MAX)} bytes`));
    });
    query.on('row', (row: unknown, result?: { fields: QueryArrayResult['fields'] }) => {
      try {
        const fields = result?.fields ?? [];
        limited.add((row as (string | null)[]).map((value, at) => jsonOf(value, fields[at]?.dataTypeID)));
      } catch (error) {
        fail(error);
      }
    });
    query.on('error', (error: Error) => {
      forget();
      reject(error);
    });
    query.on('end', (result: { fields: QueryArrayResult['fields']; rowCount: number | null }) => {
      forget();
      const columns = result.fields.map(({ name }) => name);
      resolve({ columns, rows: limited.rows, rowCount: result.rowCount ?? limited.rows.length });
    });
    session.client.query(query);
  });
}

/** Sees what arrives before the driver has put a row together. */
function limitBytes(session: Session, exceeded: () => void): () => void {
  const { stream } = (session.client as unknown as { connection: { stream: Socket } }).connection;
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) exceeded();
  };
  stream.on('data', count);
  return () => stream.off('data', count);
}

function jsonOf(text: string | null, oid: number | undefined): JsonScalar {
  if (text === null) return null;
  switch (oid) {
    case OID.bool:
      return text === 't';
    case OID.int2:
    case OID.int4:
    case OID.int8:
    case OID.oid:
      return wholeNumber(text);
    case OID.float4:
    case OID.float8:
      return finiteNumber(Number(text));
    case OID.bytea:
      return Buffer.from(text.slice(2), 'hex').toString('base64');
    default:
      return text;
  }
}
