import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';

/** A database of another shape than the bench's table, and what tells that it arrived whole. */
export interface Shape {
  /** Statements for MariaDB that make the tables and their rows; `scale` is their number of rows, or of tables. */
  readonly statements: (scale: number) => Iterable<string>;
  /** One value that both servers compute of all that was made, by code of their own. */
  readonly checks: (scale: number) => { readonly mariadb: string; readonly postgres: string };
}

const THIRD = 100;
const thirds = (part: (at: number) => string): string[] => Array.from({ length: THIRD }, (_, at) => part(at));

const WIDE_COLUMNS = [
  ...thirds((at) => `i${String(at)}`),
  ...thirds((at) => `d${String(at)}`),
  ...thirds((at) => `t${String(at)}`),
];

/** Rows of 300 columns: whole numbers, decimals, texts; every seventh value is NULL. */
export const WIDE: Shape = {
  *statements(rows) {
    yield `CREATE TABLE wide (id INT PRIMARY KEY, ${[
      ...thirds((at) => `i${String(at)} INT`),
      ...thirds((at) => `d${String(at)} DECIMAL(12,3)`),
      ...thirds((at) => `t${String(at)} VARCHAR(15)`),
    ].join(', ')}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`;
    const value = (text: string, at: number): string => `IF((seq + ${String(at)}) % 7 = 0, NULL, ${text})`;
    yield `INSERT INTO wide SELECT seq, ${[
      ...thirds((at) => value(`CAST((seq * ${String(at + 17)}) % 1000003 AS SIGNED) - 500000`, at)),
      ...thirds((at) => value(`CAST((seq * ${String(at + 31)}) % 99999989 AS DECIMAL(12,3)) / 1000`, at)),
      ...thirds((at) => value(`CONCAT('é', seq, '-${String(at)}')`, at)),
    ].join(', ')} FROM seq_1_to_${String(rows)}`;
  },
  checks: () => {
    const texts = (type: string): string =>
      ['id', ...WIDE_COLUMNS].map((column) => `coalesce(cast(${column} AS ${type}), '~')`).join(', ');
    // PostgreSQL's functions take 100 arguments.
    const [theirs, ours] = [
      `md5(concat_ws('|', ${texts('CHAR CHARACTER SET utf8mb4')}))`,
      `md5(array_to_string(ARRAY[${texts('text')}], '|'))`,
    ];
    return {
      mariadb: `SELECT concat(count(*), ' ', sum(cast(conv(left(${theirs}, 15), 16, 10) AS UNSIGNED))) AS seen FROM wide`,
      postgres: `SELECT count(*) || ' ' || sum(('x' || left(${ours}, 15))::bit(60)::bigint) AS seen FROM public.wide`,
    };
  },
};

/** Bytes of each long value: 64 MiB. */
export const LOB_BYTES = 64 * 1024 * 1024;

/** Rows with a binary value and a text of 64 MiB each. */
export const LOB: Shape = {
  *statements(rows) {
    yield 'CREATE TABLE lob (id INT PRIMARY KEY, bytes LONGBLOB NOT NULL, words LONGTEXT NOT NULL)';
    for (let row = 1; row <= rows; row += 1) {
      const seed = `SHA2('${String(row)}', 512)`;
      yield `INSERT INTO lob VALUES (${String(row)}, REPEAT(UNHEX(${seed}), ${String(LOB_BYTES / 64)}), REPEAT(LEFT(CONCAT('é', ${seed}), 63), ${String(LOB_BYTES / 64)}))`;
    }
  },
  checks: () => ({
    mariadb:
      "SELECT group_concat(id, md5(bytes), md5(words), ' ', length(bytes), ' ', length(words) ORDER BY id) AS seen FROM lob",
    postgres:
      "SELECT string_agg(id || md5(bytes) || md5(words) || ' ' || length(bytes) || ' ' || octet_length(words), ',' ORDER BY id) AS seen FROM public.lob",
  }),
};

const ROWS_OF_SMALL = 10;

/** Small tables, each with a key, an index, and a foreign key to the one before. */
export const MANY: Shape = {
  *statements(tables) {
    for (let at = 1; at <= tables; at += 1) {
      const [name, before] = [`t${String(at)}`, `t${String(Math.max(1, at - 1))}`];
      yield `CREATE TABLE ${name} (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, before_id INT, KEY by_name (name), FOREIGN KEY (before_id) REFERENCES ${before} (id))`;
      yield `INSERT INTO ${name} SELECT seq, CONCAT('row ', seq, ' of ${name}'), ${at === 1 ? 'NULL' : 'seq'} FROM seq_1_to_${String(ROWS_OF_SMALL)}`;
    }
  },
  checks: (tables) => {
    const of = (schema: string): string =>
      Array.from({ length: tables }, (_, at) => `SELECT id, name, before_id FROM ${schema}t${String(at + 1)}`).join(
        ' UNION ALL ',
      );
    const summed = (length: string): string =>
      `count(*), ' ', sum(id), ' ', sum(coalesce(before_id, 0)), ' ', sum(${length}(name))`;
    return {
      mariadb: `SELECT concat(${summed('char_length')}) AS seen FROM (${of('')}) AS every_row`,
      postgres: `SELECT concat(${summed('length')}) AS seen FROM (${of('public.')}) AS every_row`,
    };
  },
};

/** Makes it in MariaDB; what the source itself says of it. */
export async function makeShape(url: string, shape: Shape, scale: number): Promise<string> {
  const connection = await connect(url);
  try {
    await connection.query('SET SESSION group_concat_max_len = 1000000, foreign_key_checks = 1');
    for (const statement of shape.statements(scale)) await connection.query(statement);
    const [rows] = await connection.query<RowDataPacket[]>(shape.checks(scale).mariadb);
    return String(rows[0]?.['seen']);
  } finally {
    await connection.end();
  }
}

async function connect(url: string): Promise<Connection> {
  const { hostname, port, username, password, pathname } = new URL(url.replace(/^mariadb:/, 'http:'));
  return createConnection({
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
    charset: 'utf8mb4',
  });
}
