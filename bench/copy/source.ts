import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createConnection } from 'mysql2';
import type { Connection, RowDataPacket } from 'mysql2';
import { startMariadb } from '../../platform/local-stack/mariadb-server.js';
import { checksumSqlMariadb } from './checksum.js';
import type { Checksum } from './checksum.js';
import { MARIADB_TABLE, TABLE, rowPieces } from './rows.js';

export interface BenchSource {
  /** URL of a database with `rows` rows, in the server's memory; made once. */
  database(rows: number): Promise<{ readonly url: string; readonly checksum: Checksum }>;
  /** URL of a new database without tables. */
  empty(name: string): Promise<string>;
  urlOf(name: string): string;
  readonly pid: number;
  dispose(): Promise<void>;
}

/** The rows must fit: the source is warm. */
const SETTINGS = {
  'innodb-buffer-pool-size': '1G',
  'innodb-log-file-size': '1G',
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-doublewrite': '0',
  'local-infile': '1',
  // A long value travels in one packet.
  'max-allowed-packet': '1G',
};

/** A MariaDB of its own under `folder`. */
export async function openSource(folder: string): Promise<BenchSource> {
  const server = await startMariadb({ dataFolder: join(folder, 'mariadb'), settings: SETTINGS });
  const urlOf = (name: string): string => {
    const url = Object.assign(new URL(server.url.replace(/^mariadb:/, 'http:')), { pathname: `/${name}` });
    return url.toString().replace(/^http:/, 'mariadb:');
  };
  const databases = new Map<number, ReturnType<BenchSource['database']>>();
  const make: BenchSource['database'] = async (rows) => {
    const name = `rows_${String(rows)}`;
    await load(server.url, name, rows);
    const checksum = await checksumOf(server.url, name);
    return { url: urlOf(name), checksum };
  };
  return {
    pid: server.pid ?? 0,
    urlOf,
    empty: async (name) => {
      const connection = connect(server.url);
      try {
        await run(connection, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
        return urlOf(name);
      } finally {
        connection.destroy();
      }
    },
    database: (rows) => {
      const made = databases.get(rows) ?? make(rows);
      databases.set(rows, made);
      return made;
    },
    dispose: () => server.dispose(),
  };
}

/** Makes the table and streams the rows into it. */
async function load(url: string, name: string, rows: number): Promise<void> {
  const connection = connect(url);
  try {
    await run(connection, `CREATE DATABASE ${name}`);
    await run(connection, `USE ${name}`);
    await run(connection, MARIADB_TABLE);
    await run(connection, 'SET unique_checks = 0, foreign_key_checks = 0');
    await new Promise<void>((resolve, reject) => {
      connection.query(
        {
          sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${TABLE} CHARACTER SET utf8mb4`,
          infileStreamFactory: () => Readable.from(rowPieces(rows), { objectMode: false, highWaterMark: 1 << 20 }),
        },
        (error) => {
          if (error) reject(error);
          else resolve();
        },
      );
    });
    await run(connection, `ALTER TABLE ${TABLE} ADD KEY (account), ADD KEY (ordered_at), ADD KEY (city)`);
    await run(connection, `ANALYZE TABLE ${TABLE}`);
  } finally {
    connection.destroy();
  }
}

/** Reads every row, so it also warms the server's memory. */
async function checksumOf(url: string, name: string): Promise<Checksum> {
  const connection = connect(url);
  try {
    const [row] = await run(connection, checksumSqlMariadb(`${name}.${TABLE}`));
    return { rows: String(row?.['rows']), sum: String(row?.['sum']) };
  } finally {
    connection.destroy();
  }
}

function connect(url: string): Connection {
  const { hostname, port, username, password } = new URL(url);
  return createConnection({ host: hostname, port: Number(port), user: username, password, charset: 'utf8mb4' });
}

function run(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error: Error | null, rows: unknown) => {
      if (error) reject(error);
      else resolve(Array.isArray(rows) ? (rows as RowDataPacket[]) : []);
    });
  });
}
