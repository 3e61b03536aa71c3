import pg from 'pg';
import { CaravanFailure } from '../../contracts/failures.js';
import type { FailureCode } from '../../contracts/failures.js';

/** SQLSTATEs, and first two characters of classes, that mean: the server is away for now. */
const LOST_STATES: readonly string[] = ['57P01', '57P02', '57P03', '57P05', '53300', '25P02'];
const LOST_CLASSES: readonly string[] = ['08'];

/** SQLSTATEs of a wrong configuration: waiting does not help. */
const REFUSED: Readonly<Record<string, FailureCode>> = {
  '28000': 'LOGIN_REFUSED',
  '28P01': 'LOGIN_REFUSED',
  '3D000': 'DATABASE_MISSING',
};

/** True when the connection, not the statement, is at fault. */
export function isLost(error: unknown): boolean {
  if (error instanceof CaravanFailure) return false;
  if (error instanceof pg.DatabaseError) {
    const state = error.code ?? '';
    return LOST_STATES.includes(state) || LOST_CLASSES.includes(state.slice(0, 2));
  }
  // The driver's own errors are plain ones, and all are about the connection; the system's carry their call.
  return (
    error instanceof Error && (error.constructor === Error || 'syscall' in error || error instanceof AggregateError)
  );
}

/** The store's failure for anything thrown. A server's message text may hold values, so it is not repeated. */
export function failureOf(error: unknown, what: { attempted: string; on: string }): unknown {
  if (error instanceof CaravanFailure) return error;
  if (isLost(error))
    return new CaravanFailure('STORE_LOST', { ...what, seen: `the store is away (${codeOf(error)})` }, error);
  if (!(error instanceof pg.DatabaseError)) return error;
  const code = REFUSED[error.code ?? ''] ?? 'INTERNAL';
  return new CaravanFailure(
    code,
    { ...what, seen: `the store answered SQLSTATE ${codeOf(error)}`, facts: factsOf(error) },
    error,
  );
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'connection ended';
}

function factsOf(error: pg.DatabaseError): Readonly<Record<string, string>> {
  const { code, schema, table, column, constraint } = error;
  const facts = { sqlstate: code, schema, table, column, constraint };
  return Object.fromEntries(Object.entries(facts).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
