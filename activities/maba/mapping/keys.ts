import type { CatalogueIndex, CatalogueTable, SourceEngine } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import { findByName } from './choose-type.js';
import type { DraftedColumn } from './column.js';
import type { DraftedIndex } from './indexes.js';
import { collated, columnObstacle, columnOf, draftIndex } from './indexes.js';
import type { Notes } from './notes.js';

/** Keys of one table before their names are known: names are shared by the whole schema. */
export interface DraftedKeys {
  readonly primary?: { readonly columns: string[] };
  readonly unique: { readonly from: string; readonly wanted: string | undefined; readonly columns: string[] }[];
  readonly indexes: {
    readonly from: string;
    readonly wanted: string | undefined;
    readonly drafted: DraftedIndex;
  }[];
}

export interface KeyDrafting {
  readonly engine: SourceEngine;
  readonly table: CatalogueTable;
  readonly columns: readonly DraftedColumn[];
  readonly notes: Notes;
  readonly keepsPrimaryKey: boolean;
}

/** Why the parts cannot be a key, which is over plain columns; undefined where they can. */
function obstacle(
  drafting: KeyDrafting,
  { parts, where }: Pick<CatalogueIndex, 'parts' | 'where'>,
): string | undefined {
  if (where !== undefined) return 'it is a partial index';
  for (const part of parts) {
    if (part.expression !== undefined && collated(part) === undefined) return 'it is over an expression';
    if (part.prefix !== undefined) return `only a prefix of ${part.column} is in it`;
    const why = columnObstacle(drafting, part);
    if (why !== undefined) return why;
  }
  return parts.length === 0 ? 'it has no columns' : undefined;
}

function targets(drafting: KeyDrafting, parts: CatalogueIndex['parts']): string[] {
  return parts.map((part) => columnOf(drafting, part.column)?.mapping.target ?? part.column);
}

/** Names that an engine makes by itself say nothing; the mapping then makes one from table and columns. */
function wantedName(name: string): string | undefined {
  return name === '' || name.startsWith('sqlite_autoindex_') ? undefined : name;
}

function draftPrimary(drafting: KeyDrafting): DraftedKeys['primary'] {
  const { table, notes } = drafting;
  const parts = table.primaryKey;
  if (!parts || parts.length === 0) return undefined;
  const why = obstacle(drafting, { parts });
  if (why !== undefined) {
    notes.refuse(`${qualified(table)} (primary key)`, why);
    return undefined;
  }
  return { columns: targets(drafting, parts) };
}

export function draftKeys(drafting: KeyDrafting): DraftedKeys {
  const { table, notes } = drafting;
  const primary = draftPrimary(drafting);
  const unique: DraftedKeys['unique'] = [];
  const indexes: DraftedKeys['indexes'] = [];
  if (primary && !drafting.keepsPrimaryKey) {
    unique.push({ from: `${qualified(table)} (primary key)`, wanted: undefined, columns: primary.columns });
    notes.leave(
      'primary key',
      qualified(table),
      'its columns hold NULL in some rows: a unique key takes its place, so that no row is lost',
    );
  }
  for (const index of table.indexes) {
    const from = `${qualified(table)}.${index.name}`;
    const wanted = wantedName(index.name);
    if (index.unique && obstacle(drafting, index) === undefined) {
      unique.push({ from, wanted, columns: targets(drafting, index.parts) });
      continue;
    }
    const drafted = draftIndex(drafting, index);
    if (!('left' in drafted)) indexes.push({ from, wanted, drafted });
    else if (index.unique) notes.refuse(from, drafted.left);
    else notes.leave('index', from, drafted.left);
  }
  return { ...(primary && drafting.keepsPrimaryKey && { primary }), unique, indexes };
}

const CHUNK_KINDS = new Set(['integer', 'date', 'timestamp']);

/** How rows are told apart, and where chunks are cut. */
export function rowAndChunkKey(drafting: KeyDrafting, keys: DraftedKeys): Pick<TableMapping, 'rowKey' | 'chunkKey'> {
  const { engine, table } = drafting;
  const usable = (names: readonly string[]): DraftedColumn[] | undefined => {
    const columns = names.map((name) => drafting.columns.find(({ mapping }) => mapping.target === name));
    const solid = (column: DraftedColumn | undefined): column is DraftedColumn =>
      column !== undefined && !column.mapping.sourceNullable && !column.mapping.nullable && column.odd === 0;
    return columns.every(solid) ? columns : undefined;
  };
  const primary = keys.primary && primaryColumns(drafting, keys.primary.columns);
  const key = primary ?? keys.unique.map(({ columns }) => usable(columns)).find((columns) => columns !== undefined);
  if (!key) {
    if (engine !== 'sqlite' || table.rowid !== true || findByName(table.columns, 'rowid')) return {};
    return { rowKey: ['rowid'], chunkKey: { source: 'rowid', kind: 'integer' } };
  }
  const rowKey = key.map(({ column }) => column.name);
  // The rows of a file are in no order of their keys.
  if (engine === 'csv') return { rowKey };
  const [leading] = key;
  if (
    !leading ||
    leading.isRecast ||
    leading.odd > 0 ||
    leading.mapping.sourceNullable ||
    !CHUNK_KINDS.has(leading.mapping.kind)
  )
    return { rowKey };
  const kind = leading.mapping.kind as 'integer' | 'date' | 'timestamp';
  return { rowKey, chunkKey: { source: leading.column.name, target: leading.mapping.target, kind } };
}

/** SQLite lets NULL into a primary key that is not the rowid: then rows are not told apart by it. */
function primaryColumns(drafting: KeyDrafting, names: readonly string[]): DraftedColumn[] | undefined {
  const columns = names.map((name) => drafting.columns.find(({ mapping }) => mapping.target === name));
  const solid = (column: DraftedColumn | undefined): column is DraftedColumn =>
    column !== undefined && (!column.mapping.sourceNullable || column.nulls === 0);
  return columns.every(solid) ? columns : undefined;
}

/** Wanted name of a key or index without one, in PostgreSQL's own manner. */
export function madeName(table: string, columns: readonly string[], suffix: 'key' | 'idx' | 'fkey'): string {
  return `${table}_${columns.join('_')}_${suffix}`;
}
