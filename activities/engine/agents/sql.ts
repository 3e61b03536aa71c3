import { z } from 'zod';
import { TASK_BYTES_MAX } from '../../../contracts/agents.js';
import type { Endpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { FailureCode } from '../../../contracts/failures.js';
import type { RunStatement } from '../../../databases/statement.js';
import { inputOf } from './agent.js';
import type { BuiltInAgentWork } from './agent.js';

const ROWS_MAX = 1000;
const TIMEOUT_SECONDS = { usual: 30, most: 600 } as const;
/** Left of the output for the names of columns and what stands around the rows. */
const FRAME_BYTES = 16 * 1024;

const sqlInput = z.strictObject({
  /** What a task's `action` says; it has no effect here. */
  action: z.string().optional(),
  /** Name of a connection in the store. */
  connection: z.string().min(1).max(200),
  /** One statement. */
  sql: z.string().min(1).max(100_000),
  params: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .max(1000)
    .default([]),
  max_rows: z.int().min(1).max(ROWS_MAX).default(ROWS_MAX),
  timeout_seconds: z.number().positive().max(TIMEOUT_SECONDS.most).default(TIMEOUT_SECONDS.usual),
});

export interface SqlOutput {
  readonly columns: readonly string[];
  /** A list of values for each row. */
  readonly rows: readonly (readonly unknown[])[];
  /** Rows given, or rows that were changed. */
  readonly row_count: number;
}

export interface SqlAgentParts {
  readonly endpointOf: (connection: string) => Promise<Endpoint>;
  readonly runStatement: RunStatement;
  /** Names of connections that may be written to. */
  readonly write: readonly string[];
}

/** Runs one statement on a named connection; it only reads, where the operator did not say otherwise. */
export function createSqlAgent({ endpointOf, runStatement, write }: SqlAgentParts): BuiltInAgentWork {
  return async (task, signal): Promise<SqlOutput> => {
    const { connection, sql, params, max_rows: rowsMax, timeout_seconds: seconds } = inputOf(sqlInput, task);
    const endpoint = await endpointOf(connection);
    const limits = { rowsMax, bytesMax: TASK_BYTES_MAX - FRAME_BYTES, seconds };
    const statement = { sql, params, ...limits, writes: write.includes(connection), signal };
    try {
      const { columns, rows, rowCount } = await runStatement(endpoint, statement);
      return { columns, rows, row_count: rowCount };
    } catch (error) {
      throw ofStatement(error, connection);
    }
  };
}

/** Failures that say the same of a statement as of a migration. */
const KEPT: readonly FailureCode[] = [
  'SQL_REFUSED',
  'SQL_UNAVAILABLE',
  'CONNECTION_UNKNOWN',
  'LOGIN_REFUSED',
  'DATABASE_MISSING',
  'TLS_REFUSED',
  'SOURCE_FILE_INVALID',
  'INTERNAL',
  'CANCELLED',
];
/** A server that does not answer now may answer later. */
const LATER: readonly FailureCode[] = ['CONNECTION_REFUSED', 'TARGET_FULL'];

/** Adapters speak of sources and targets; here it is a statement on a connection. */
function ofStatement(error: unknown, connection: string): unknown {
  if (!(error instanceof CaravanFailure)) return error;
  const { code, facts, seen, disposition } = error;
  if (KEPT.includes(code) && (code !== 'INTERNAL' || facts.sqlstate === undefined)) return error;
  const isPassing = disposition === 'retryable' || LATER.includes(code);
  const parts = { attempted: 'run the statement on', on: connection, seen, facts };
  return new CaravanFailure(isPassing ? 'SQL_UNAVAILABLE' : 'SQL_REFUSED', parts);
}
