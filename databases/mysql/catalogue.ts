import type {
  Catalogue,
  CatalogueForeignKey,
  CatalogueIndex,
  CatalogueObject,
  CatalogueTable,
  KeyPart,
} from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { readCatalogueRows, type CatalogueRows } from './catalogue-queries.js';
import type { MysqlSession, TextRow } from './connect.js';
import { hiddenBy, readGrants, type Grants } from './grants.js';
import { rulesInStatement } from './show-create.js';
import { routineProgram, triggerProgram } from './programs.js';
import { quoteName, quoteTable } from './sql.js';
import { columnOf, unescapeClause } from './types.js';

/** Rows by the text under `key`, each group in the order of `place`. */
function grouped(rows: readonly TextRow[], key: string): Map<string, TextRow[]> {
  const groups = new Map<string, TextRow[]>();
  for (const row of rows) {
    const name = row[key] ?? '';
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  for (const group of groups.values()) group.sort((a, b) => Number(a.place ?? 0) - Number(b.place ?? 0));
  return groups;
}

function partOf(row: TextRow, method: string): KeyPart {
  const { expression, prefix } = row;
  return {
    column: row.column_name ?? '',
    ...(row.direction === 'D' && { descending: true }),
    ...(typeof prefix === 'string' && method !== 'spatial' && { prefix: Number(prefix) }),
    ...(typeof expression === 'string' && { expression: unescapeClause(expression) }),
  };
}

function indexesOf(rows: readonly TextRow[]): { primaryKey?: KeyPart[]; indexes: CatalogueIndex[] } {
  const indexes: CatalogueIndex[] = [];
  let primaryKey: KeyPart[] | undefined;
  for (const [name, parts] of grouped(rows, 'name')) {
    const method = (parts[0]?.method ?? 'btree').toLowerCase();
    const keyParts = parts.map((part) => partOf(part, method));
    if (name === 'PRIMARY') primaryKey = keyParts;
    else indexes.push({ name, unique: parts[0]?.non_unique === '0', method, parts: keyParts });
  }
  return { ...(primaryKey && { primaryKey }), indexes };
}

type Rules = ReadonlyMap<string, { readonly onDelete: string; readonly onUpdate: string }>;

function ruleKey(table: string, constraint: string): string {
  return `${table}\0${constraint}`;
}

/** ON DELETE and ON UPDATE of every foreign key; where the login may not see them, from SHOW CREATE TABLE. */
async function readRules(session: MysqlSession, rows: CatalogueRows): Promise<Rules> {
  const rules = new Map<string, { onDelete: string; onUpdate: string }>();
  for (const row of rows.rules) {
    const key = ruleKey(row.table_name ?? '', row.name ?? '');
    rules.set(key, { onDelete: row.on_delete ?? '', onUpdate: row.on_update ?? '' });
  }
  const hidden = rows.foreignKeys.filter((row) => !rules.has(ruleKey(row.table_name ?? '', row.name ?? '')));
  for (const table of new Set(hidden.map((row) => row.table_name ?? ''))) {
    const [created] = await session.query(`SHOW CREATE TABLE ${quoteName(session.database)}.${quoteName(table)}`, {
      attempted: 'read the catalogue of',
    });
    const unstated = session.facts.engine === 'mariadb' ? 'RESTRICT' : 'NO ACTION';
    for (const [name, rule] of rulesInStatement(created?.['Create Table'] ?? '', unstated))
      rules.set(ruleKey(table, name), rule);
  }
  return rules;
}

function foreignKeysOf(rows: readonly TextRow[], rules: Rules): CatalogueForeignKey[] {
  return [...grouped(rows, 'name')].map(([name, parts]) => {
    const [first] = parts;
    const rule = rules.get(ruleKey(first?.table_name ?? '', name));
    if (!first || !rule) {
      throw new CaravanFailure('INTERNAL', {
        attempted: 'read the rules of',
        on: name,
        seen: 'a foreign key without rules',
      });
    }
    return {
      name,
      columns: parts.map((part) => part.column_name ?? ''),
      targetSchema: first.target_schema ?? '',
      targetTable: first.target_table ?? '',
      targetColumns: parts.map((part) => part.target_column ?? ''),
      ...rule,
    };
  });
}

function partitioningOf(row: TextRow | undefined): Pick<CatalogueTable, 'partitioning'> {
  if (!row || (row.method ?? '') === 'SYSTEM_TIME') return {};
  return { partitioning: `${row.method ?? ''}(${row.expression ?? ''}), ${row.parts ?? ''} partitions` };
}

function tablesOf(session: MysqlSession, rows: CatalogueRows, rules: Rules): CatalogueTable[] {
  const columns = grouped(rows.columns, 'table_name');
  const indexes = grouped(rows.indexes, 'table_name');
  const foreignKeys = grouped(rows.foreignKeys, 'table_name');
  const checks = grouped(rows.checks, 'table_name');
  const mysql = session.facts.engine === 'mysql';
  const partitions = grouped(rows.partitions, 'table_name');
  const base = rows.tables.filter((row) => row.type === 'BASE TABLE' || row.type === 'SYSTEM VERSIONED');
  return base.map((row) => {
    const name = row.name ?? '';
    const comment = row.comment ?? '';
    const next = row.next_identity;
    return {
      schema: session.database,
      name,
      columns: (columns.get(name) ?? []).map((column) => columnOf(column, session.facts)),
      ...indexesOf(indexes.get(name) ?? []),
      foreignKeys: foreignKeysOf(foreignKeys.get(name) ?? [], rules),
      checks: (checks.get(name) ?? []).map((check) => ({
        name: check.name ?? '',
        expression: mysql ? unescapeClause(check.expression ?? '') : (check.expression ?? ''),
        ...(check.enforced === 'NO' && { enforced: false }),
      })),
      estimatedRows: Number(row.row_estimate ?? 0),
      estimatedBytes: Number(row.bytes ?? 0),
      transactional: row.transactions === 'YES',
      ...(comment !== '' && { comment }),
      ...partitioningOf(partitions.get(name)?.[0]),
      ...(row.type === 'SYSTEM VERSIONED' && { versioned: true }),
      ...(typeof next === 'string' && { nextIdentity: next }),
    };
  });
}

function objectsOf(schema: string, rows: CatalogueRows): CatalogueObject[] {
  const object = (kind: CatalogueObject['kind'], row: TextRow): CatalogueObject => {
    const text = row.definition ?? '';
    const heading = kind === 'trigger' ? `${row.timing ?? ''} ${row.event ?? ''} ON ${row.table_name ?? ''}: ` : '';
    return { kind, schema, name: row.name ?? '', ...(text !== '' && { definition: heading + text }) };
  };
  const parameters = grouped(rows.parameters, 'routine');
  return [
    ...rows.views.map((row) => object('view', row)),
    ...rows.routines.map((row) => ({
      ...object('routine', row),
      ...routineProgram(row, parameters.get(row.name ?? '') ?? []),
    })),
    ...rows.triggers.map((row) => ({ ...object('trigger', row), ...triggerProgram(row) })),
    ...rows.events.map((row) => object('event', row)),
    ...rows.tables.filter((row) => row.type === 'SEQUENCE').map((row) => object('sequence', row)),
  ];
}

/**
 * By grants; what the grants seem to refuse is tried, so that a grant form that we do not know refuses nothing. The server
 * hides columns without a grant, and refuses the star where it hides one; invisible columns are in no star.
 */
async function unreadableOf(
  session: MysqlSession,
  tables: readonly CatalogueTable[],
  grants: Grants,
): Promise<string[]> {
  const unreadable: string[] = [];
  for (const table of tables) {
    if (grants.has('SELECT', { schema: table.schema, table: table.name })) continue;
    try {
      const columns = ['*', ...table.columns.map((column) => quoteName(column.name))].join(', ');
      await session.query(`SELECT ${columns} FROM ${quoteTable(table)} LIMIT 0`);
    } catch (error) {
      if (!(error instanceof CaravanFailure) || error.code !== 'SELECT_MISSING') throw error;
      unreadable.push(`${table.schema}.${table.name}`);
    }
  }
  return unreadable;
}

export async function readCatalogue(session: MysqlSession): Promise<Catalogue> {
  const grants = await readGrants(session);
  const rows = await readCatalogueRows(session);
  const tables = tablesOf(session, rows, await readRules(session, rows));
  return {
    engine: session.facts.engine,
    serverVersion: session.facts.version,
    database: session.database,
    tables,
    objects: objectsOf(session.database, rows),
    cannotSee: hiddenBy(grants, session),
    unreadable: await unreadableOf(session, tables, grants),
  };
}
