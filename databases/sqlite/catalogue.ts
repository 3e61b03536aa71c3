import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type {
  Catalogue,
  CatalogueColumn,
  CatalogueForeignKey,
  CatalogueIndex,
  CatalogueObject,
  CatalogueTable,
  KeyPart,
} from '../../contracts/catalogue.js';
import { ROWID_NAMES, tableShape, type TableShape } from './bounds.js';
import { allRows, firstRow, quoteName, yieldTurn } from './connect.js';
import { parseDeclaredType } from './declared-type.js';
import { parseCreateIndex, parseCreateTable, parseDefault, type TableDefinition } from './definitions.js';
import { estimateSizes, type TableSizes } from './sizes.js';

interface Listed {
  readonly name: string;
  readonly type: string;
}

/** The whole catalogue. Tables are "main"; virtual tables and their shadow tables are objects. */
export async function readCatalogue(database: DatabaseSync, file: string): Promise<Catalogue> {
  const listed = listTables(database);
  const names = listed.filter((entry) => entry.type === 'table').map((entry) => entry.name);
  const sizes = await estimateSizes(database, { names, bytes: (await stat(file)).size });
  const tables: CatalogueTable[] = [];
  for (const name of names) {
    tables.push(readTable(database, name, sizes));
    await yieldTurn();
  }
  return {
    engine: 'sqlite',
    serverVersion: String(firstRow(database, 'SELECT sqlite_version()')?.[0]),
    database: basename(file),
    tables,
    objects: listObjects(database, listed),
    cannotSee: [],
    unreadable: [],
  };
}

/** From sqlite_schema, so that a virtual table whose module is not here is listed too. */
function listTables(database: DatabaseSync): Listed[] {
  const kinds = new Map(
    allRows(database, "SELECT name, type FROM pragma_table_list WHERE schema = 'main'") as [string, string][],
  );
  const rows = allRows(
    database,
    "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  ) as [string, string][];
  return rows.map(([name, sql]) => {
    const virtual = /^\s*CREATE\s+VIRTUAL\s/i.test(sql);
    return { name, type: virtual ? 'virtual' : kinds.get(name) === 'shadow' ? 'shadow' : 'table' };
  });
}

function listObjects(database: DatabaseSync, listed: readonly Listed[]): CatalogueObject[] {
  const rows = allRows(
    database,
    "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'view', 'trigger') ORDER BY type DESC, name",
  ) as ['table' | 'view' | 'trigger', string, string][];
  const virtual = new Set(listed.filter((entry) => entry.type !== 'table').map((entry) => entry.name));
  return rows
    .filter(([type, name]) => type !== 'table' || virtual.has(name))
    .map(([type, name, definition]) => ({
      kind: type === 'table' ? 'virtual table' : type,
      schema: 'main',
      name,
      definition,
    }));
}

function readTable(database: DatabaseSync, name: string, sizes: TableSizes): CatalogueTable {
  const sql = String(firstRow(database, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", name)?.[0]);
  const definition = parseCreateTable(sql);
  const shape = tableShape(database, name);
  const primaryKey = primaryKeyOf(database, name);
  const columns = readColumns(database, name, { definition, shape, key: primaryKey.map((part) => part.column) });
  const next = shape.rowidColumn === undefined ? undefined : nextIdentity(database, name, shape.rowidColumn);
  // A column that hides the word "rowid" leaves no key by that name.
  const hidden = columns.some((column) => column.name.toLowerCase() === ROWID_NAMES[0]);
  return {
    schema: 'main',
    name,
    columns,
    ...(primaryKey.length > 0 && { primaryKey }),
    indexes: readIndexes(database, name, columns),
    foreignKeys: readForeignKeys(database, name),
    checks: nameChecks(name, definition),
    estimatedRows: sizes.rows.get(name) ?? 0,
    estimatedBytes: sizes.bytes.get(name) ?? 0,
    transactional: true,
    ...(next !== undefined && { nextIdentity: next }),
    rowid: shape.rowidName !== undefined && !hidden,
  };
}

interface ColumnContext {
  readonly definition: TableDefinition;
  readonly shape: TableShape;
  readonly key: readonly string[];
}

function readColumns(database: DatabaseSync, table: string, context: ColumnContext): CatalogueColumn[] {
  const rows = allRows(
    database,
    'SELECT name, type, "notnull", dflt_value, hidden FROM pragma_table_xinfo(?1, \'main\') ORDER BY cid',
    table,
  ) as [string, string, bigint, string | null, bigint][];
  return rows.map(([name, declared, notNull, defaultText, hidden]) => {
    const parsed = context.definition.columns.get(name.toLowerCase());
    const isKey = context.key.includes(name);
    const generated = { expression: parsed?.generated ?? '', stored: hidden === 3n };
    return {
      name,
      type: parseDeclaredType(declared),
      nullable: notNull === 0n && !(isKey && !holdsNull(database, table, { name, shape: context.shape })),
      ...(defaultText !== null && { default: parseDefault(defaultText) }),
      ...(name === context.shape.rowidColumn && { autoIncrement: true }),
      ...((hidden === 2n || hidden === 3n) && { generated }),
      ...(parsed?.collation !== undefined && { collation: parsed.collation }),
    };
  });
}

/** SQLite lets key columns of an ordinary table hold NULL; whether this one does is asked of its index. */
function holdsNull(database: DatabaseSync, table: string, column: { name: string; shape: TableShape }): boolean {
  if (column.shape.rowidColumn === column.name || column.shape.rowidName === undefined) return false;
  const sql = `SELECT 1 FROM main.${quoteName(table)} WHERE ${quoteName(column.name)} IS NULL LIMIT 1`;
  return firstRow(database, sql) !== undefined;
}

function primaryKeyOf(database: DatabaseSync, table: string): KeyPart[] {
  const index = firstRow(database, "SELECT name FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'", table);
  const descending = new Set(
    index
      ? allRows(
          database,
          'SELECT name FROM pragma_index_xinfo(?1) WHERE "key" = 1 AND "desc" = 1',
          index[0] ?? null,
        ).flat()
      : [],
  );
  const rows = allRows(database, "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0 ORDER BY pk", table) as [
    string,
  ][];
  return rows.map(([column]) => ({ column, ...(descending.has(column) && { descending: true }) }));
}

function readIndexes(database: DatabaseSync, table: string, columns: readonly CatalogueColumn[]): CatalogueIndex[] {
  const rows = allRows(
    database,
    `SELECT l.name, l."unique", s.sql FROM pragma_index_list(?1, 'main') l
     LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = l.name WHERE l.origin <> 'pk' ORDER BY l.seq DESC`,
    table,
  ) as [string, bigint, string | null][];
  return rows.map(([name, unique, sql]) => {
    const definition = parseCreateIndex(sql ?? '');
    const parts = allRows(
      database,
      'SELECT cid, name, "desc", coll FROM pragma_index_xinfo(?1) WHERE "key" = 1 ORDER BY seqno',
      name,
    ) as [bigint, string | null, bigint, string][];
    return {
      name,
      unique: unique === 1n,
      method: 'btree',
      parts: parts.map(([cid, column, descending, collation], at) => {
        const direction = descending === 1n ? { descending: true } : {};
        if (cid === -1n) return { column: 'rowid', ...direction };
        if (column === null) return { column: '', expression: definition.parts[at] ?? '', ...direction };
        // A part under another collation than its column's is not a plain column part.
        const own = columns.find((candidate) => candidate.name === column)?.collation ?? 'BINARY';
        if (own.toUpperCase() === collation.toUpperCase()) return { column, ...direction };
        return { column, expression: `${quoteName(column)} COLLATE ${collation}`, ...direction };
      }),
      ...(definition.where !== undefined && { where: definition.where }),
    };
  });
}

function readForeignKeys(database: DatabaseSync, table: string): CatalogueForeignKey[] {
  const rows = allRows(
    database,
    // Written in any case; names here are as the target table spells them.
    `SELECT f.id, coalesce(t.name, f."table"), f."from", coalesce(c.name, f."to"), f.on_update, f.on_delete
     FROM pragma_foreign_key_list(?1, 'main') f
     LEFT JOIN sqlite_schema t ON t.type = 'table' AND t.name = f."table" COLLATE NOCASE
     LEFT JOIN pragma_table_xinfo(f."table", 'main') c ON c.name = f."to" COLLATE NOCASE ORDER BY f.id DESC, f.seq`,
    table,
  ) as [bigint, string, string, string | null, string, string][];
  const keys = new Map<bigint, CatalogueForeignKey & { columns: string[]; targetColumns: string[] }>();
  for (const [id, targetTable, from, to, onUpdate, onDelete] of rows) {
    const key = keys.get(id) ?? {
      ...{ name: '', columns: [], targetSchema: 'main', targetTable, targetColumns: [] },
      ...{ onDelete, onUpdate },
    };
    key.columns.push(from);
    if (to !== null) key.targetColumns.push(to);
    keys.set(id, key);
  }
  return [...keys.values()];
}

/** Unnamed checks get the names that PostgreSQL would give them, since a constraint is spoken of by its name. */
function nameChecks(table: string, definition: TableDefinition): { name: string; expression: string }[] {
  const taken = new Set(definition.checks.map((check) => check.name));
  return definition.checks.map(({ name, expression, column }) => {
    if (name !== '') return { name, expression };
    const stem = [table, column, 'check'].filter((part) => part !== undefined).join('_');
    let free = stem;
    for (let count = 1; taken.has(free); count++) free = `${stem}${String(count)}`;
    taken.add(free);
    return { name: free, expression };
  });
}

/** Greatest value ever given, or there now, and one more. At the end of 64 bits there is none. */
function nextIdentity(database: DatabaseSync, table: string, column: string): string | undefined {
  const max = firstRow(database, `SELECT max(${quoteName(column)}) FROM main.${quoteName(table)}`)?.[0];
  const known = firstRow(database, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
  const given = known && firstRow(database, 'SELECT seq FROM sqlite_sequence WHERE name = ?1', table)?.[0];
  let next = 1n;
  for (const value of [max, given]) if (typeof value === 'bigint' && value >= next) next = value + 1n;
  return next > 0x7fffffffffffffffn ? undefined : next.toString();
}
