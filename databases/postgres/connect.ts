import pg from 'pg';
import type { ConnectionOptions } from 'node:tls';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { attempting, codeOfSqlState, errnoOf, factsOf, isServerError } from './errors.js';
import { literal, NAME_BYTES_MAX } from './identifiers.js';

const CONNECT_SECONDS_DEFAULT = 10;
/** First probe after silence; a worker's dead host is noticed within a minute, so its locks do not linger. */
const KEEPALIVE_MS = 20_000;

/** Values come as the server's own text; null is SQL's NULL. Nothing is parsed, so no bigint or date loses anything. */
export type Row = Readonly<Record<string, string | null>>;
export type Value =
  string | number | boolean | Buffer | null | readonly (string | null)[] | readonly number[] | readonly Buffer[];

/** One backend of the target with pinned settings. */
export interface Session {
  readonly client: pg.Client;
  /** True once the connection broke; nothing can be asked of it any more. */
  readonly lost: boolean;
  rows(text: string, values?: readonly Value[]): Promise<Row[]>;
  /** Several statements without parameters; with none open, they are one transaction. */
  run(text: string): Promise<void>;
  /** One statement: the server refuses a text that holds more. */
  one(text: string): Promise<void>;
  close(): Promise<void>;
  /** Cuts the connection without a word: the server rolls back. Safe at any time. */
  destroy(): void;
}

/**
 * Settings that results depend on, and limits that must not strike from a role's or database's defaults. An empty
 * search_path: every name that we write is qualified, and nobody's function can come in between. What a server does
 * not know is left out, so that an old one gets as far as being told its version is not supported.
 */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['search_path', ''],
  ['client_encoding', 'UTF8'],
  ['DateStyle', 'ISO, MDY'],
  ['IntervalStyle', 'postgres'],
  ['TimeZone', 'UTC'],
  ['extra_float_digits', '3'],
  ['bytea_output', 'hex'],
  // Money as the source prints it must be what the target reads.
  ['lc_monetary', 'C'],
  ['xmloption', 'content'],
  ['array_nulls', 'on'],
  ['quote_all_identifiers', 'off'],
  ['transform_null_equals', 'off'],
  ['standard_conforming_strings', 'on'],
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_read_only', 'off'],
  ['row_security', 'off'],
  ['jit', 'off'],
  ['maintenance_work_mem', '256MB'],
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
  ['transaction_timeout', '0'],
  ['idle_session_timeout', '0'],
  ['idle_in_transaction_session_timeout', '15min'],
  ['tcp_keepalives_idle', '20'],
  ['tcp_keepalives_interval', '5'],
  ['tcp_keepalives_count', '4'],
  // Ends a long index build soon after its worker died. Not every platform has it.
  ['client_connection_check_interval', '2s'],
];

/** Sets what the server knows, and tells their names. Reading pg_settings costs it some milliseconds. */
const APPLY_SETTINGS = `
  SELECT s.name, pg_catalog.set_config(s.name, wanted.value, false)
    FROM (VALUES ${SETTINGS.map(([name, value]) => `(${literal(name)}, ${literal(value)})`).join(', ')}) AS wanted(name, value)
    JOIN pg_catalog.pg_settings AS s ON s.name = wanted.name
   WHERE s.name <> 'client_connection_check_interval' OR pg_catalog.version() LIKE '%linux%'`;

/** By place, the same settings in a statement that names only those the server there is known to have. */
const knownSettings = new Map<string, string>();
const KNOWN_PLACES_MAX = 100;

async function applySettings(session: Session, place: string): Promise<void> {
  const known = knownSettings.get(place);
  if (known !== undefined) {
    try {
      await session.run(known);
      return;
    } catch (error) {
      // Another server answers there now.
      if (session.lost) throw error;
      knownSettings.delete(place);
    }
  }
  const names = new Set((await session.rows(APPLY_SETTINGS)).map((row) => row['name']));
  const calls = SETTINGS.filter(([name]) => names.has(name)).map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
  );
  if (knownSettings.size >= KNOWN_PLACES_MAX) knownSettings.clear();
  knownSettings.set(place, `SELECT ${calls.join(', ')}`);
}

export function applicationName(parts: readonly (string | number)[]): string {
  const name = parts.join('/');
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new CaravanFailure('INTERNAL', { attempted: 'name the backend', on: name, seen: 'it has over 63 bytes' });
  }
  return name;
}

/** Opens a backend called `application`. The endpoint is the only configuration: no PG* variable, no .pgpass. */
export async function openSession(endpoint: ServerEndpoint, application: string): Promise<Session> {
  const seconds = endpoint.connectTimeoutSeconds || CONNECT_SECONDS_DEFAULT;
  const password = { asked: false };
  const client = new pg.Client({
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    // A function, because an empty string would be looked up in PGPASSWORD and .pgpass.
    password: () => {
      password.asked = true;
      return endpoint.password;
    },
    database: endpoint.database,
    ssl: tlsOptions(endpoint),
    application_name: application,
    connectionTimeoutMillis: seconds * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    types: { getTypeParser: () => (value: string) => value },
  });
  const session = new PgSession(client);
  const startedAt = performance.now();
  try {
    await client.connect();
  } catch (error) {
    session.destroy();
    // The driver throws when it is asked for a password and has an empty one.
    if (password.asked && endpoint.password === '' && !isServerError(error)) throw noPassword(endpoint);
    throw connectFailure(error, endpoint, performance.now() - startedAt >= seconds * 1000);
  }
  return attempting({ attempted: 'set up a session on', on: placeOf(endpoint) }, async () => {
    await applySettings(session, placeOf(endpoint)).catch((error: unknown) => {
      session.destroy();
      throw error;
    });
    return session;
  });
}

class PgSession implements Session {
  readonly client: pg.Client;
  lost = false;

  constructor(client: pg.Client) {
    this.client = client;
    // Without a listener, the death of an idle backend would end the process.
    client.on('error', () => {
      this.lost = true;
    });
    client.on('end', () => {
      this.lost = true;
    });
  }

  async rows(text: string, values: readonly Value[] = []): Promise<Row[]> {
    const result = await this.client.query<Row>(text, [...values]);
    return result.rows;
  }

  async run(text: string): Promise<void> {
    await this.client.query(text);
  }

  async one(text: string): Promise<void> {
    // Not in the driver's types.
    await this.client.query({ text, queryMode: 'extended' } as pg.QueryConfig);
  }

  async close(): Promise<void> {
    if (this.lost) {
      this.destroy();
      return;
    }
    this.lost = true;
    await this.client.end().catch(() => undefined);
  }

  destroy(): void {
    this.lost = true;
    streamOf(this.client).destroy();
    // Tells the driver that the end is wanted; its queries in flight are rejected by the closed socket.
    this.client.end().catch(() => undefined);
  }
}

/** The socket under the driver; not in its types. */
function streamOf(client: pg.Client): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}

function tlsOptions(endpoint: ServerEndpoint): ConnectionOptions | false {
  const { mode, ca, cert, key } = endpoint.tls;
  if (mode === 'disable') return false;
  const files = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  if (mode === 'verify-full') return { ...files, host: endpoint.host, rejectUnauthorized: true };
  // `require` with a CA checks the chain but not the name, as libpq does.
  return { ...files, rejectUnauthorized: ca !== undefined, checkServerIdentity: () => undefined };
}

function connectFailure(error: unknown, endpoint: ServerEndpoint, timedOut: boolean): CaravanFailure {
  const parts = { attempted: 'connect to', on: placeOf(endpoint) };
  if (isServerError(error)) {
    const facts = factsOf(error);
    const seen = `the server answered with SQLSTATE ${error.code}`;
    if (error.code.startsWith('28')) return new CaravanFailure('LOGIN_REFUSED', { ...parts, seen, facts });
    if (error.code.startsWith('3D')) return new CaravanFailure('DATABASE_MISSING', { ...parts, seen, facts });
    if (error.code === '42501') return new CaravanFailure('LOGIN_REFUSED', { ...parts, seen, facts });
    return new CaravanFailure(codeOfSqlState(error.code) === 'TARGET_BUSY' ? 'TARGET_BUSY' : 'TARGET_LOST', {
      ...parts,
      seen,
      facts,
    });
  }
  if (timedOut) return new CaravanFailure('CONNECTION_REFUSED', { ...parts, seen: 'no answer in time' });
  const errno = errnoOf(error);
  if (/^ \((?:E(?!PROTO)[A-Z_]+)\)$/.test(errno) && !errno.startsWith(' (ERR_')) {
    return new CaravanFailure('CONNECTION_REFUSED', { ...parts, seen: `the network said no${errno}` });
  }
  if (endpoint.tls.mode === 'disable') {
    return new CaravanFailure('CONNECTION_REFUSED', { ...parts, seen: `the server did not speak PostgreSQL${errno}` });
  }
  return new CaravanFailure('TLS_REFUSED', {
    ...parts,
    seen: `no TLS connection with mode "${endpoint.tls.mode}"${errno}`,
  });
}

function noPassword(endpoint: ServerEndpoint): CaravanFailure {
  return new CaravanFailure('LOGIN_REFUSED', {
    attempted: 'connect to',
    on: placeOf(endpoint),
    seen: 'the server asks for a password and there is none',
  });
}

/** A server that was reached before and is not now is being restarted: to be tried again, and no bad input. */
export async function reopenSession(endpoint: ServerEndpoint, application: string): Promise<Session> {
  try {
    return await openSession(endpoint, application);
  } catch (error) {
    if (!(error instanceof CaravanFailure) || error.code === 'TARGET_BUSY') throw error;
    const parts = { attempted: 'reach again', on: placeOf(endpoint), seen: error.code, facts: error.facts };
    throw new CaravanFailure('TARGET_LOST', parts);
  }
}

function placeOf(endpoint: ServerEndpoint): string {
  return `${endpoint.host}:${endpoint.port}/${endpoint.database}`;
}

/** Sets the backend's name for as long as the open transaction lives. */
export function setLocalApplicationName(name: string): string {
  return `SET LOCAL application_name = ${literal(name)}`;
}
