import { isIP, connect as connectSocket, type Socket } from 'node:net';
import { createConnection, type Connection, type ConnectionOptions, type FieldPacket } from 'mysql2';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { socketRead } from '../socket-garbage.js';
import { failureOf, type Attempt } from './errors.js';

/** One row of a catalogue query: texts by alias. */
export type TextRow = Readonly<Record<string, string | null>>;

export interface ServerFacts {
  readonly engine: 'mysql' | 'mariadb';
  readonly version: string;
  /** 50744, 80036, 101119. */
  readonly number: number;
}

/** Idle snapshots and lagging consumers must not be ended by the server: a week, in seconds. */
const PATIENCE_SECONDS = 604_800;

/** So that nothing that a server or a login sets by default changes what is read, or how long it may take. */
const SESSION = [
  'SET NAMES utf8mb4',
  [
    `SET SESSION time_zone = '+00:00'`,
    `sql_mode = 'NO_ENGINE_SUBSTITUTION'`,
    `wait_timeout = ${String(PATIENCE_SECONDS)}`,
    `net_read_timeout = ${String(PATIENCE_SECONDS)}`,
    `net_write_timeout = ${String(PATIENCE_SECONDS)}`,
    'lock_wait_timeout = 5',
    'sql_big_selects = 1',
    'sql_select_limit = DEFAULT',
    'group_concat_max_len = 4294967295',
  ].join(', '),
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
];

function tlsOptions(endpoint: ServerEndpoint): ConnectionOptions['ssl'] {
  const { mode, ca, cert, key } = endpoint.tls;
  if (mode === 'disable') return undefined;
  const verify = mode === 'verify-full';
  return {
    rejectUnauthorized: verify,
    verifyIdentity: verify,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/**
 * A socket that knows its peer's address as the host to verify. The driver gives TLS no name when the host is an
 * address, and Node then checks the certificate against "localhost".
 */
function socketOf(endpoint: ServerEndpoint): Socket {
  const socket = connectSocket({
    host: endpoint.host,
    port: endpoint.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  if (isIP(endpoint.host)) (socket as Socket & { _host?: string })._host = endpoint.host;
  return socket;
}

function optionsOf(endpoint: ServerEndpoint): ConnectionOptions {
  const ssl = tlsOptions(endpoint);
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    charset: 'UTF8MB4_GENERAL_CI',
    connectTimeout: endpoint.connectTimeoutSeconds * 1000,
    multipleStatements: false,
    flags: ['-LOCAL_FILES'],
    stream: () => socketOf(endpoint),
    ...(ssl !== undefined && { ssl }),
  };
}

const LOST = { code: 'PROTOCOL_CONNECTION_LOST' } as const;

/** One session: read-only, UTC, utf8mb4, with a pinned sql_mode that can read zero dates. */
export class MysqlSession {
  readonly connection: Connection;
  readonly facts: ServerFacts;
  readonly database: string;
  readonly #endpoint: ServerEndpoint;
  readonly #listeners = new Set<(error: unknown) => void>();
  #lost: unknown;

  constructor(connection: Connection, facts: ServerFacts, endpoint: ServerEndpoint) {
    this.connection = connection;
    this.facts = facts;
    this.database = endpoint.database;
    this.#endpoint = endpoint;
    connection.on('error', (error) => {
      this.#lose(error);
    });
    connection.on('end', () => {
      this.#lose(LOST);
    });
    // A reset connection the driver tells to the query that was under way, if there was one, and to nobody else.
    streamOf(connection).once('close', () => {
      this.#lose(LOST);
    });
    streamOf(connection).on('data', ({ length }: Buffer) => {
      socketRead(length);
    });
  }

  get usable(): boolean {
    return this.#lost === undefined && !streamOf(this.connection).destroyed;
  }

  /**
   * Calls back once when the connection is lost or destroyed: the driver leaves a query that is under way unanswered
   * then. Gives the function that takes the listener away.
   */
  onLost(listener: (error: unknown) => void): () => void {
    this.#listeners.add(listener);
    if (!this.usable) {
      queueMicrotask(() => {
        if (this.#listeners.delete(listener)) listener(this.#lost ?? LOST);
      });
    }
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #lose(error: unknown): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const listener of [...this.#listeners]) listener(error);
    this.#listeners.clear();
  }

  /** Rows with every value as text, by alias. For the catalogue, never for rows of the migration. */
  query(sql: string, attempt: Partial<Attempt> = {}): Promise<TextRow[]> {
    const whole: Attempt = { attempted: 'query', on: this.database, ...attempt };
    return this.#unlessLost(textRows(this.connection, sql, whole), whole);
  }

  /** What the server announces about the columns of a query. */
  fields(sql: string, attempt: Attempt): Promise<FieldPacket[]> {
    return this.#unlessLost(announced(this.connection, sql, attempt), attempt);
  }

  async #unlessLost<T>(work: Promise<T>, attempt: Attempt): Promise<T> {
    let forget: (() => void) | undefined;
    const lost = new Promise<never>((_resolve, reject) => {
      forget = this.onLost((error) => {
        reject(failureOf(error, attempt));
      });
    });
    try {
      return await Promise.race([work, lost]);
    } finally {
      forget?.();
    }
  }

  /** A second session on the same endpoint. */
  another(): Promise<MysqlSession> {
    return openSession(this.#endpoint);
  }

  /** Ends the connection at once; the socket too, for the driver only half-closes it and the server would go on. */
  destroy(): void {
    destroyBoth(this.connection);
    this.#lose(LOST);
  }

  async close(): Promise<void> {
    if (!this.usable) {
      destroyBoth(this.connection);
      return;
    }
    this.#lose(LOST);
    await new Promise<void>((resolve) => {
      streamOf(this.connection).once('close', resolve);
      this.connection.end(() => {
        resolve();
      });
    });
    destroyBoth(this.connection);
  }
}

function streamOf(connection: Connection): Socket {
  return (connection as unknown as { stream: Socket }).stream;
}

function destroyBoth(connection: Connection): void {
  connection.destroy();
  streamOf(connection).destroy();
}

function announced(connection: Connection, sql: string, attempt: Attempt): Promise<FieldPacket[]> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error: unknown, _rows: unknown, fields: FieldPacket[]) => {
      if (error !== null && error !== undefined) reject(failureOf(error, attempt));
      else resolve(fields);
    });
  });
}

function textRows(connection: Connection, sql: string, attempt: Attempt): Promise<TextRow[]> {
  return new Promise((resolve, reject) => {
    connection.query(
      { sql, rowsAsArray: false, typeCast: (field) => field.string('utf8') },
      (error: unknown, rows: unknown) => {
        if (error !== null && error !== undefined) reject(failureOf(error, attempt));
        else resolve(Array.isArray(rows) ? (rows as TextRow[]) : []);
      },
    );
  });
}

function factsOf(version: string): ServerFacts {
  const digits = /(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, ''));
  const number = digits ? Number(digits[1]) * 10_000 + Number(digits[2]) * 100 + Number(digits[3]) : 0;
  return { engine: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version, number };
}

/** Opens a session. The driver is never given a URL. */
export async function openSession(endpoint: ServerEndpoint): Promise<MysqlSession> {
  const attempt: Attempt = {
    attempted: 'connect to',
    on: `${endpoint.host}:${String(endpoint.port)}/${endpoint.database}`,
    connecting: true,
  };
  const connection = createConnection(optionsOf(endpoint));
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    for (const statement of SESSION) await textRows(connection, statement, attempt);
    const version = (await textRows(connection, 'SELECT VERSION() AS version', attempt))[0]?.version ?? '';
    const facts = factsOf(version);
    const limit = facts.engine === 'mariadb' ? 'max_statement_time' : 'max_execution_time';
    await textRows(connection, `SET SESSION ${limit} = 0`, attempt);
    return new MysqlSession(connection, facts, endpoint);
  } catch (error) {
    connection.on('error', () => undefined);
    destroyBoth(connection);
    throw failureOf(error, attempt);
  }
}
