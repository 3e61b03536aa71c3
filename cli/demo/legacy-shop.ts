import { rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { ShopColumn, ShopTableSchema } from './legacy-shop-schema.js';
import { legacyShopRows, summarise, type ShopSummary, type ShopTable } from './legacy-shop-tables.js';

export interface LegacyShopOptions {
  /** The file is made anew. */
  readonly path: string;
  /** Default 1. */
  readonly seed?: number;
  /** Default 1: 345,000 rows. */
  readonly scale?: number;
}

/**
 * A shop's database as years of use leave it: the demo's source. Deterministic; the summary counts the dirt, so that
 * a report can be held against it.
 */
export async function buildLegacyShop(options: LegacyShopOptions): Promise<ShopSummary> {
  await rm(options.path, { force: true });
  const database = new DatabaseSync(options.path, { enableForeignKeyConstraints: false });
  try {
    // Speed of building only; the finished file is an ordinary one. Checks are off, as an old import had them.
    database.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA ignore_check_constraints = ON');
    const tables = legacyShopRows(options.seed ?? 1, options.scale ?? 1);
    for (const table of tables) database.exec(createTable(table.schema));
    database.exec('BEGIN');
    for (const table of tables) await fill(database, table);
    for (const table of tables) for (const sql of createIndexes(table.schema)) database.exec(sql);
    for (const sql of EXTRAS) database.exec(sql);
    database.exec('COMMIT; PRAGMA journal_mode = DELETE');
    return summarise(tables);
  } finally {
    database.close();
  }
}

/** What is no table, or no plain index: named by the plan as not migrated. */
const EXTRAS = [
  `CREATE VIEW customer_totals AS SELECT c.id, c.email, count(o.id) AS orders, sum(o.total) AS total
   FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id`,
  `CREATE VIEW late_shipments AS SELECT id, order_id FROM shipments WHERE delivered_on > date(shipped_at + 864000, 'unixepoch')`,
  `CREATE TRIGGER orders_status_logged AFTER UPDATE OF status ON orders BEGIN
     INSERT INTO audit_log (happened_at, actor, action) VALUES (unixepoch(), 'trigger', 'status');
   END`,
  `CREATE INDEX products_by_lower_name ON products (lower(name))`,
  `CREATE INDEX orders_open ON orders (ordered_at) WHERE status IN ('new', 'paid')`,
];

/** The types that such databases really declare; SQLite takes any. */
function declaredType(column: ShopColumn): string {
  switch (column.type) {
    case 'id':
    case 'integer':
    case 'unix':
      return 'INTEGER';
    case 'money':
      return 'NUMERIC(10,2)';
    case 'flag':
      return 'BOOLEAN';
    case 'varchar':
      return `NVARCHAR(${String(column.size)})`;
    case 'code':
      return `VARCHAR(${String(column.size)})`;
    case 'enum':
      return 'VARCHAR(20)';
    case 'real':
    case 'date':
    case 'datetime':
    case 'text':
    case 'json':
    case 'blob':
      return column.type.toUpperCase();
  }
}

function createTable(schema: ShopTableSchema): string {
  const single = schema.key?.length === 1 ? schema.key[0] : undefined;
  // Orders never give a number twice, which is what AUTOINCREMENT is for.
  const identity = schema.name === 'orders' ? ' PRIMARY KEY AUTOINCREMENT' : ' PRIMARY KEY';
  const lines = schema.columns.map((column) => {
    const parts = [`"${column.name}" ${declaredType(column)}`];
    if (column.required) parts.push('NOT NULL');
    if (column.default !== undefined) parts.push(`DEFAULT ${column.default}`);
    if (column.type === 'enum')
      parts.push(`CHECK ("${column.name}" IN (${column.labels.map((l) => `'${l}'`).join(', ')}))`);
    return parts.join(' ') + (column.name === single ? identity : '');
  });
  if (schema.key && !single) lines.push(`PRIMARY KEY (${schema.key.join(', ')})`);
  for (const columns of schema.unique ?? []) lines.push(`UNIQUE (${columns.join(', ')})`);
  for (const { column, table, onDelete } of schema.references ?? []) {
    lines.push(`FOREIGN KEY (${column}) REFERENCES ${table} (id)${onDelete ? ` ON DELETE ${onDelete}` : ''}`);
  }
  for (const check of schema.checks ?? []) lines.push(`CONSTRAINT ${check.name} CHECK (${check.sql})`);
  const end = schema.name === 'stock' ? ') WITHOUT ROWID' : ')';
  return `CREATE TABLE ${schema.name} (\n  ${lines.join(',\n  ')}\n${end}`;
}

function createIndexes(schema: ShopTableSchema): string[] {
  return (schema.indexes ?? []).map(
    (columns) => `CREATE INDEX ${schema.name}_by_${columns.join('_')} ON ${schema.name} (${columns.join(', ')})`,
  );
}

async function fill(database: DatabaseSync, table: ShopTable): Promise<void> {
  // Bytes that are bound to a text column are text that is no valid UTF-8.
  const values = table.schema.columns.map(({ type }) => (type === 'text' ? 'CAST(? AS TEXT)' : '?'));
  const insert = database.prepare(`INSERT INTO ${table.schema.name} VALUES (${values.join(', ')})`);
  for await (const batch of table.batches()) for (const row of batch) insert.run(...row);
}
