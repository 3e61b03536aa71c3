import { REFERENTIAL_ACTIONS } from '../../../contracts/existing.js';
import type {
  Catalogue,
  CatalogueCheck,
  CatalogueColumn,
  CatalogueForeignKey,
  CatalogueIndex,
  CatalogueNeed,
  CataloguePartitioning,
  CatalogueSequence,
  CatalogueTable,
  TableStanding,
} from '../../../contracts/catalogue.js';
import type { Row, Session } from '../connect.js';
import { readObjects } from './catalogue-objects.js';
import { readCatalogueRows } from './catalogue-queries.js';
import type { CatalogueRows } from './catalogue-queries.js';
import { checkText, collationOfRow, madeTypes, typeOfRow } from './catalogue-types.js';
import { hiddenFrom } from './grants.js';
import { jsonList, needsOf, rowsBy } from './rows.js';

/** Rows of the catalogue, found by the table they belong to. */
class Grouped {
  readonly columns;
  readonly constraints;
  readonly indexes;
  readonly sequences: readonly { readonly tableOid: string | null; readonly sequence: CatalogueSequence }[];
  readonly partitions;
  readonly #needs;

  constructor(rows: CatalogueRows) {
    const table = (row: Row): string => row['table_oid'] ?? '';
    this.columns = rowsBy(rows.columns, table);
    this.constraints = rowsBy(rows.constraints, table);
    this.indexes = rowsBy(rows.indexes, table);
    this.partitions = rowsBy(rows.partitions, table);
    this.#needs = rowsBy(rows.needs, (row) => `${(row['class'] ?? '').replace('pg_catalog.', '')} ${row['oid'] ?? ''}`);
    const tables = new Map(rows.tables.map((row) => [row['oid'] ?? '', row]));
    this.sequences = rows.sequences.map((row) => ({
      tableOid: row['table_oid'] ?? null,
      sequence: sequenceOf(row, tables.get(row['table_oid'] ?? '')),
    }));
  }

  needs(kind: 'pg_attrdef' | 'pg_constraint' | 'pg_class', oid: string | null | undefined): CatalogueNeed[] {
    return needsOf(this.#needs.get(`${kind} ${oid ?? ''}`));
  }
}

function sequenceOf(row: Row, table: Row | undefined): CatalogueSequence {
  const text = (name: string): string => row[name] ?? '';
  return {
    schema: text('schema'),
    name: text('name'),
    type: text('type'),
    start: text('start'),
    increment: text('increment'),
    min: text('min'),
    max: text('max'),
    cache: text('cache'),
    cycle: row['cycle'] === 't',
    next: row['next'] ?? text('start'),
    ...(table && {
      ownedBy: { schema: table['schema'] ?? '', table: table['name'] ?? '', column: text('column_name') },
    }),
    ...(row['visible'] === 'f' && { hidden: true }),
  };
}

function columnOf(row: Row, grouped: Grouped): CatalogueColumn {
  const { expression, comment, generated } = row;
  const collation = collationOfRow(row);
  const needs = grouped.needs('pg_attrdef', row['default_oid']);
  const identity =
    row['identity'] === ''
      ? undefined
      : grouped.sequences.find(
          ({ tableOid, sequence }) => tableOid === row['table_oid'] && sequence.ownedBy?.column === row['name'],
        );
  const isGenerated = generated === 's' || generated === 'v';
  return {
    name: row['name'] ?? '',
    type: typeOfRow(row),
    nullable: row['not_null'] !== 't',
    ...(expression != null && !isGenerated && { default: { kind: 'expression', text: expression, needs } }),
    ...(isGenerated && { generated: { expression: expression ?? '', stored: generated === 's', needs } }),
    ...(identity && {
      autoIncrement: true,
      identity: { always: row['identity'] === 'a', sequence: identity.sequence },
    }),
    ...(collation !== undefined && { collation }),
    ...(comment != null && { comment }),
  };
}

function foreignKeyOf(row: Row): CatalogueForeignKey {
  const deleteColumns = jsonList(row['delete_columns']);
  return {
    name: row['name'] ?? '',
    columns: jsonList(row['columns']),
    targetSchema: row['target_schema'] ?? '',
    targetTable: row['target_table'] ?? '',
    targetColumns: jsonList(row['target_columns']),
    onDelete: REFERENTIAL_ACTIONS[row['on_delete'] ?? ''] ?? 'NO ACTION',
    onUpdate: REFERENTIAL_ACTIONS[row['on_update'] ?? ''] ?? 'NO ACTION',
    ...(row['match'] === 'f' && { match: 'FULL' }),
    ...(row['deferrable'] === 't' && { deferrable: row['deferred'] === 't' ? 'DEFERRED' : 'IMMEDIATE' }),
    ...(deleteColumns.length > 0 && { onDeleteColumns: deleteColumns }),
    ...(row['validated'] === 'f' && { validated: false }),
    ...((row['enforced'] === 'false' || row['period'] === 'true') && { enforced: false }),
  };
}

function checkOf(row: Row, grouped: Grouped): CatalogueCheck {
  return {
    name: row['name'] ?? '',
    expression: checkText(row['definition'] ?? ''),
    needs: grouped.needs('pg_constraint', row['oid']),
    ...(row['validated'] === 'f' && { validated: false }),
    ...(row['enforced'] === 'false' && { enforced: false }),
  };
}

/** "CREATE INDEX … ON … USING btree (a) WHERE …" from USING on: what names the table is in front of it. */
function behindUsing(definition: string, method: string): string {
  const at = definition.indexOf(` USING ${method} `);
  return at < 0 ? '' : definition.slice(at + ' USING '.length);
}

function indexOf(row: Row, grouped: Grouped): CatalogueIndex {
  const method = row['method'] ?? '';
  const { predicate } = row;
  return {
    name: row['name'] ?? '',
    unique: row['is_unique'] === 't',
    method,
    parts: jsonList(row['columns']).map((column) => ({ column, ...(column === '' && { expression: '' }) })),
    ...(predicate != null && { where: predicate }),
    definition: row['valid'] === 't' ? behindUsing(row['definition'] ?? '', method) : '',
    needs: grouped.needs('pg_class', row['oid']),
  };
}

function uniqueConstraint(row: Row, grouped: Grouped): CatalogueIndex {
  return {
    name: row['name'] ?? '',
    unique: true,
    method: 'btree',
    parts: jsonList(row['columns']).map((column) => ({ column })),
    // Keys over periods are new in 18, and not migrated (yet).
    definition: row['period'] === 'true' ? '' : (row['definition'] ?? ''),
    constraint: true,
    needs: grouped.needs('pg_class', row['index_oid']),
  };
}

function partitioningOf(rows: readonly Row[], grouped: Grouped): CataloguePartitioning | undefined {
  const [root, ...parts] = rows;
  if (root === undefined) return undefined;
  return {
    key: root['key'] ?? '',
    needs: grouped.needs('pg_class', root['oid']),
    parts: parts.map((part) => ({
      schema: part['schema'] ?? '',
      name: part['name'] ?? '',
      parent: part['parent'] ?? '',
      bound: part['bound'] ?? '',
      ...(part['key'] != null && { key: part['key'] }),
      foreign: part['kind'] === 'f',
      needs: grouped.needs('pg_class', part['oid']),
    })),
  };
}

function standingOf(row: Row, constraints: readonly Row[], grouped: Grouped): TableStanding {
  const primary = constraints.find((constraint) => constraint['kind'] === 'p');
  const partitioning = partitioningOf(grouped.partitions.get(row['oid'] ?? '') ?? [], grouped);
  return {
    ...(partitioning && { partitioning }),
    partitions: Number(row['partitions'] ?? 0),
    inherits: row['inherits'] === 't',
    ...(primary && {
      primaryKeyName: primary['name'] ?? '',
      primaryKeyDefinition: primary['period'] === 'true' ? '' : (primary['definition'] ?? ''),
    }),
    exclusions: constraints
      .filter((constraint) => constraint['kind'] === 'x')
      .map((constraint) => ({
        name: constraint['name'] ?? '',
        definition: constraint['definition'] ?? '',
        needs: [
          ...grouped.needs('pg_constraint', constraint['oid']),
          ...grouped.needs('pg_class', constraint['index_oid']),
        ],
      })),
  };
}

function tableOf(row: Row, grouped: Grouped): CatalogueTable {
  const oid = row['oid'] ?? '';
  const constraints = grouped.constraints.get(oid) ?? [];
  const of = (kind: string): Row[] => constraints.filter((constraint) => constraint['kind'] === kind);
  const [primary] = of('p');
  const { comment } = row;
  return {
    schema: row['schema'] ?? '',
    name: row['name'] ?? '',
    columns: (grouped.columns.get(oid) ?? []).map((column) => columnOf(column, grouped)),
    ...(primary && { primaryKey: jsonList(primary['columns']).map((column) => ({ column })) }),
    indexes: [
      ...of('u').map((constraint) => uniqueConstraint(constraint, grouped)),
      ...(grouped.indexes.get(oid) ?? []).map((index) => indexOf(index, grouped)),
    ],
    foreignKeys: of('f').map(foreignKeyOf),
    checks: of('c').map((check) => checkOf(check, grouped)),
    estimatedRows: Number(row['rows'] ?? 0),
    estimatedBytes: Number(row['bytes'] ?? 0),
    // Rows of a foreign partition are of another server.
    transactional: row['foreign_parts'] === '0',
    ...(comment != null && { comment }),
    standing: standingOf(row, constraints, grouped),
  };
}

export async function readCatalogue(session: Session, database: string): Promise<Catalogue> {
  const rows = await readCatalogueRows(session);
  const grouped = new Grouped(rows);
  const [server] = await session.rows(`SELECT current_setting('server_version') AS version`);
  return {
    engine: 'postgres',
    serverVersion: server?.['version'] ?? '',
    database,
    tables: rows.tables.map((row) => tableOf(row, grouped)),
    objects: await readObjects(session),
    types: madeTypes(rows),
    sequences: grouped.sequences.map(({ sequence }) => sequence),
    cannotSee: hiddenFrom(rows, await loginOf(session)),
    unreadable: rows.tables
      .filter((row) => row['readable'] !== 't')
      .map((row) => `${row['schema'] ?? ''}.${row['name'] ?? ''}`),
  };
}

async function loginOf(session: Session): Promise<string> {
  const [row] = await session.rows('SELECT quote_ident(current_user) AS login');
  return row?.['login'] ?? '';
}
