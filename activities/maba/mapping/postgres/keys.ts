import type { CatalogueForeignKey, CatalogueIndex, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type {
  ForeignKeyMapping,
  IndexMapping,
  KeyMapping,
  ObjectName,
  TableMapping,
} from '../../../../contracts/mapping.js';
import type { RelationNames } from '../names.js';
import type { PostgresDrafting } from './columns.js';

export interface KeyNaming extends PostgresDrafting {
  readonly relations: RelationNames;
  /** Target of a source "schema.table" that is migrated. */
  readonly targets: ReadonlyMap<string, string>;
  readonly targetSchema: string;
}

export type NativeKeys = Pick<
  TableMapping,
  'primaryKey' | 'uniqueKeys' | 'indexes' | 'exclusions' | 'foreignKeys' | 'checks'
>;

/** Keys, indexes and constraints in PostgreSQL's own words. */
export function draftNativeKeys(naming: KeyNaming, table: CatalogueTable, target: ObjectName): NativeKeys {
  const place = qualified(table);
  const name = (wanted: string): string =>
    naming.relations.take(wanted, { table: target.name, from: `${place}.${wanted}` });
  const primaryKey = draftPrimary(naming, table, name);
  const exclusions = (table.standing?.exclusions ?? []).flatMap((key) => {
    const lacks = naming.needs.lacks(key.needs);
    if (lacks === undefined) return [{ name: name(key.name), definition: key.definition }];
    naming.notes.refuse(`${place}.${key.name}`, lacks);
    return [];
  });
  return {
    ...(primaryKey && { primaryKey }),
    uniqueKeys: table.indexes
      .filter((index) => index.constraint)
      .flatMap((key) => draftUnique(naming, { table, key, name })),
    indexes: table.indexes
      .filter((index) => !index.constraint)
      .flatMap((key) => draftIndex(naming, { table, key, name })),
    ...(exclusions.length > 0 && { exclusions }),
    foreignKeys: table.foreignKeys.flatMap((key) => draftForeignKey(naming, table, key)),
    checks: draftChecks(naming, table),
  };
}

const OVER_PERIODS = 'a key over periods is not migrated (yet)';

function draftPrimary(
  { notes }: KeyNaming,
  table: CatalogueTable,
  name: (wanted: string) => string,
): KeyMapping | undefined {
  const { primaryKey, standing } = table;
  if (primaryKey === undefined) return undefined;
  const { primaryKeyName = '', primaryKeyDefinition: definition = '' } = standing ?? {};
  if (definition === '') {
    notes.refuse(`${qualified(table)}.${primaryKeyName}`, OVER_PERIODS);
    return undefined;
  }
  return { name: name(primaryKeyName), columns: primaryKey.map((part) => part.column), definition };
}

interface OneKey {
  readonly table: CatalogueTable;
  readonly key: CatalogueIndex;
  readonly name: (wanted: string) => string;
}

function draftUnique({ notes, needs }: KeyNaming, { table, key, name }: OneKey): KeyMapping[] {
  const { definition = '' } = key;
  const lacks = definition === '' ? OVER_PERIODS : needs.lacks(key.needs);
  if (lacks === undefined) return [{ name: name(key.name), columns: key.parts.map((part) => part.column), definition }];
  notes.refuse(`${qualified(table)}.${key.name}`, lacks);
  return [];
}

function draftIndex({ notes, needs }: KeyNaming, { table, key, name }: OneKey): IndexMapping[] {
  const { definition = '' } = key;
  const lacks = definition === '' ? 'it is not valid in the source' : needs.lacks(key.needs);
  if (lacks !== undefined) {
    const label = `${qualified(table)}.${key.name}`;
    if (key.unique && definition !== '') notes.refuse(label, lacks);
    else notes.leave('index', label, lacks);
    return [];
  }
  const columns = key.parts
    .filter((part) => part.column !== '')
    .map((part) => ({ column: part.column, descending: false }));
  return [{ name: name(key.name), columns, definition, ...(key.unique && { unique: true }) }];
}

function draftForeignKey(naming: KeyNaming, table: CatalogueTable, key: CatalogueForeignKey): ForeignKeyMapping[] {
  const { notes, targets, targetSchema } = naming;
  const label = `${qualified(table)}.${key.name}`;
  const target = targets.get(`${key.targetSchema}.${key.targetTable}`);
  if (target === undefined || key.enforced === false) {
    const reason =
      target === undefined
        ? `it references ${key.targetTable}, which is not included`
        : 'the source does not enforce it, or it is over periods';
    notes.leave('foreign key', label, reason);
    return [];
  }
  return [
    {
      name: key.name,
      columns: [...key.columns],
      targetTable: { schema: targetSchema, name: target },
      targetColumns: [...key.targetColumns],
      onDelete: key.onDelete as ForeignKeyMapping['onDelete'],
      onUpdate: key.onUpdate as ForeignKeyMapping['onUpdate'],
      ...(key.match && { match: key.match }),
      ...(key.deferrable && { deferrable: key.deferrable }),
      ...(key.onDeleteColumns && { onDeleteColumns: [...key.onDeleteColumns] }),
      ...(key.validated === false && { validated: false }),
    },
  ];
}

function draftChecks({ notes, needs, sequences }: KeyNaming, table: CatalogueTable): TableMapping['checks'] {
  return table.checks.flatMap(({ name, expression, enforced, validated, needs: wanted }) => {
    const label = `${qualified(table)}.${name}`;
    if (enforced === false) {
      notes.leave('check', label, 'the source does not enforce it: its rows may break it');
      return [];
    }
    const lacks = needs.lacks(wanted) ?? sequences.lacks(expression);
    if (lacks === undefined) return [{ name, expression, ...(validated === false && { validated }) }];
    notes.refuse(label, lacks);
    return [];
  });
}

const CHUNK_KINDS: Readonly<Record<string, 'integer' | 'date' | 'timestamp' | 'uuid'>> = {
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  date: 'date',
  'timestamp without time zone': 'timestamp',
  uuid: 'uuid',
};

/** How rows are told apart, and where chunks are cut: the primary key, else a unique one without NULL. */
export function nativeRowKey(table: CatalogueTable): Pick<TableMapping, 'rowKey' | 'chunkKey'> {
  const solid = (columns: readonly string[]): boolean =>
    columns.length > 0 &&
    columns.every((name) =>
      table.columns.some((column) => column.name === name && !column.nullable && !column.generated),
    );
  const unique = table.indexes.filter((index) => index.unique && index.where === undefined && index.definition !== '');
  const rowKey = [table.primaryKey ?? [], ...unique.map((index) => index.parts)]
    .map((parts) => parts.map((part) => part.column))
    .find(solid);
  if (rowKey === undefined) return {};
  const [leading = ''] = rowKey;
  const column = table.columns.find(({ name }) => name === leading);
  const kind =
    column?.type.named === undefined ? CHUNK_KINDS[column?.type.declared.replace(/\(\d\)/, '') ?? ''] : undefined;
  return { rowKey, ...(kind && { chunkKey: { source: leading, target: leading, kind } }) };
}
