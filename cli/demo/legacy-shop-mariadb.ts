import type { ShopValue } from './legacy-shop-rows.js';
import type { ShopColumn, ShopTableSchema } from './legacy-shop-schema.js';
import { legacyShopRows, summarise, type ShopSummary, type ShopTable } from './legacy-shop-tables.js';

/** As much of a driver's connection as is needed: one session, statements one by one. */
export interface MariadbSession {
  query(sql: string): Promise<unknown>;
}

/** Statements stay well under the server's default max_allowed_packet (16 MB), and under a careful one (1 MB). */
const STATEMENT_CHARACTERS_MAX = 500_000;

/**
 * The same shop in MariaDB, in the session's current database, which should be empty. Old settings let the dirt in:
 * zero dates, 2 in tinyint(1), the empty string in an enum, orphans, rows against a check.
 */
export async function loadLegacyShopIntoMariadb(
  session: MariadbSession,
  options: { readonly seed?: number; readonly scale?: number } = {},
): Promise<ShopSummary> {
  for (const setting of SETTINGS) await session.query(`SET SESSION ${setting}`);
  const tables = legacyShopRows(options.seed ?? 1, options.scale ?? 1, 'mariadb');
  for (const table of tables) await session.query(createTable(table.schema));
  for (const table of tables) await fill(session, table);
  for (const sql of EXTRAS) await session.query(sql);
  return summarise(tables);
}

const SETTINGS = ["sql_mode = ''", 'foreign_key_checks = 0', 'check_constraint_checks = 0', "time_zone = '+00:00'"];

const EXTRAS = [
  `CREATE VIEW customer_totals AS SELECT c.id, c.email, count(o.id) AS orders, sum(o.total) AS total
   FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.email`,
  `CREATE TRIGGER orders_status_logged AFTER UPDATE ON orders FOR EACH ROW
   INSERT INTO audit_log (happened_at, actor, action) VALUES (unix_timestamp(), 'trigger', 'status')`,
];

function declaredType(column: ShopColumn): string {
  switch (column.type) {
    case 'id':
      return 'INT UNSIGNED AUTO_INCREMENT';
    case 'integer':
      return 'INT';
    case 'unix':
      return 'BIGINT';
    case 'money':
      return 'DECIMAL(10,2)';
    case 'flag':
      return 'TINYINT(1)';
    case 'real':
      return 'DOUBLE';
    case 'varchar':
      return `VARCHAR(${String(column.size)})`;
    case 'code':
      // Codes differ by case, as they do in SQLite.
      return `VARCHAR(${String(column.size)}) COLLATE utf8mb4_bin`;
    case 'enum':
      return `ENUM(${column.labels.map((label) => `'${label}'`).join(', ')})`;
    case 'date':
    case 'datetime':
    case 'text':
    case 'json':
    case 'blob':
      return column.type.toUpperCase();
  }
}

/** A key that refers to an id has the id's type. */
function columnType(schema: ShopTableSchema, column: ShopColumn): string {
  const refers = schema.references?.some((reference) => reference.column === column.name);
  return refers ? 'INT UNSIGNED' : declaredType(column);
}

function createTable(schema: ShopTableSchema): string {
  const lines = schema.columns.map((column) => {
    const end = column.default === undefined ? '' : ` DEFAULT ${column.default}`;
    return `\`${column.name}\` ${columnType(schema, column)} ${column.required ? 'NOT NULL' : 'NULL'}${end}`;
  });
  if (schema.key) lines.push(`PRIMARY KEY (${schema.key.join(', ')})`);
  for (const columns of schema.unique ?? []) lines.push(`UNIQUE KEY (${columns.join(', ')})`);
  for (const columns of schema.indexes ?? []) {
    lines.push(`KEY ${schema.name}_by_${columns.join('_')} (${columns.join(', ')})`);
  }
  for (const { column, table, onDelete } of schema.references ?? []) {
    lines.push(`FOREIGN KEY (${column}) REFERENCES ${table} (id)${onDelete ? ` ON DELETE ${onDelete}` : ''}`);
  }
  for (const check of schema.checks ?? []) lines.push(`CONSTRAINT ${check.name} CHECK (${check.sql})`);
  return `CREATE TABLE ${schema.name} (\n  ${lines.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;
}

async function fill(session: MariadbSession, table: ShopTable): Promise<void> {
  const head = `INSERT INTO ${table.schema.name} VALUES `;
  let rows: string[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (rows.length > 0) await session.query(head + rows.join(','));
    rows = [];
    size = 0;
  };
  await session.query('START TRANSACTION');
  for await (const batch of table.batches()) {
    for (const row of batch) {
      const literal = `(${row.map(literalOf).join(',')})`;
      rows.push(literal);
      size += literal.length;
      if (size >= STATEMENT_CHARACTERS_MAX) await flush();
    }
  }
  await flush();
  await session.query('COMMIT');
}

const ESCAPES: Readonly<Record<string, string>> = { '\0': '\\0', "'": "\\'", '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

/** Needs a session without NO_BACKSLASH_ESCAPES, which the settings above see to. */
function literalOf(value: ShopValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return `x'${Buffer.from(value).toString('hex')}'`;

  return `'${value.replace(/[\0'\\\n\r]/g, (character) => ESCAPES[character] ?? character)}'`;
}
