import { CaravanFailure, type FailureCode, type FailureFacts } from '../../contracts/failures.js';

/** What the driver's error tells by fields. Its message is never used: it can hold values of rows. */
interface DriverError {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly sqlState?: unknown;
}

/** Where it happened; `on` is an identifier, never a secret and never a value. */
export interface Attempt {
  readonly attempted: string;
  readonly on: string;
  /** While the session is being made, network errors mean that the server could not be reached. */
  readonly connecting?: boolean;
  readonly schema?: string;
  readonly table?: string;
}

const NETWORK = new Set(
  'ECONNREFUSED ENOTFOUND EAI_AGAIN ETIMEDOUT EHOSTUNREACH ENETUNREACH ECONNRESET EPIPE PROTOCOL_CONNECTION_LOST'.split(
    ' ',
  ),
);

/** Codes of Node's TLS layer and of the driver's upgrade to TLS. */
const TLS =
  /^(HANDSHAKE_(NO_)?SSL|ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|CRL_|HOSTNAME_)/;

const BY_NUMBER: ReadonlyMap<number, FailureCode> = new Map([
  [1045, 'LOGIN_REFUSED'],
  [1130, 'LOGIN_REFUSED'],
  [1251, 'LOGIN_REFUSED'],
  [1698, 'LOGIN_REFUSED'],
  [1820, 'LOGIN_REFUSED'],
  [1862, 'LOGIN_REFUSED'],
  [3118, 'LOGIN_REFUSED'],
  [4151, 'LOGIN_REFUSED'],
  [1049, 'DATABASE_MISSING'],
  [3159, 'TLS_REFUSED'],
  [1044, 'SELECT_MISSING'],
  [1142, 'SELECT_MISSING'],
  [1143, 'SELECT_MISSING'],
  [1227, 'SELECT_MISSING'],
  [1054, 'SCHEMA_DRIFT'],
  [1146, 'SCHEMA_DRIFT'],
  [1176, 'SCHEMA_DRIFT'],
  [1412, 'SCHEMA_DRIFT'],
  // Too many connections, of all or of one user, and limits of lock waits: people are told, and it is tried again.
  ...[1040, 1203, 1205, 1226].map((errno): [number, FailureCode] => [errno, 'SOURCE_BUSY']),
  // Shutdown, packet and network errors, kills, deadlocks, limits of time: tried again.
  ...[1053, 1152, 1158, 1159, 1160, 1161, 1213, 1317, 1835, 1927, 1969, 2006, 2013, 3024, 4031].map(
    (errno): [number, FailureCode] => [errno, 'SOURCE_LOST'],
  ),
]);

function codeOf(error: DriverError, connecting: boolean): FailureCode {
  const name = typeof error.code === 'string' ? error.code : '';
  if (TLS.test(name)) return 'TLS_REFUSED';
  if (name.startsWith('AUTH_SWITCH_')) return 'LOGIN_REFUSED';
  if (NETWORK.has(name) || name.startsWith('PROTOCOL_')) return connecting ? 'CONNECTION_REFUSED' : 'SOURCE_LOST';
  if (connecting && error.errno === 1044) return 'LOGIN_REFUSED';
  const known = typeof error.errno === 'number' ? BY_NUMBER.get(error.errno) : undefined;
  if (known) return known;
  if ((error as { fatal?: unknown }).fatal === true) return connecting ? 'CONNECTION_REFUSED' : 'SOURCE_LOST';
  return 'INTERNAL';
}

/** The typed failure for a driver's error, by its number or code. */
export function failureOf(error: unknown, attempt: Attempt): CaravanFailure {
  if (error instanceof CaravanFailure) return error;
  const driver: DriverError = typeof error === 'object' && error !== null ? error : {};
  const code = codeOf(driver, attempt.connecting === true);
  const number = typeof driver.errno === 'number' ? String(driver.errno) : '';
  const name = typeof driver.code === 'string' ? driver.code : error instanceof Error ? error.name : 'unknown';
  const facts: FailureFacts = {
    ...(typeof driver.sqlState === 'string' && { sqlstate: driver.sqlState }),
    ...(attempt.schema !== undefined && { schema: attempt.schema }),
    ...(attempt.table !== undefined && { table: attempt.table }),
  };
  return new CaravanFailure(code, {
    attempted: attempt.attempted,
    on: attempt.on,
    seen: `error ${number === '' ? name : `${number} (${name})`}`,
    facts,
  });
}
