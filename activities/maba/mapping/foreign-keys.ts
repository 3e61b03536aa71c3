import type { CatalogueTable } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { ColumnMapping, ForeignKeyMapping, ObjectName } from '../../../contracts/mapping.js';
import type { ResolvedForeignKey, Survey } from './choose-type.js';
import { resolveForeignKey } from './choose-type.js';
import type { DraftedColumn } from './column.js';
import type { DraftedKeys } from './keys.js';
import { madeName } from './keys.js';
import { applyRule, constraintName } from './names.js';
import type { IdentifierRule } from './names.js';
import type { Notes } from './notes.js';

/** A drafted table as others see it that reference it. */
export interface ReferencedTable {
  readonly target: ObjectName;
  readonly columns: readonly DraftedColumn[];
  readonly keys: DraftedKeys;
}

export interface ForeignKeyDrafting {
  readonly survey: Survey;
  readonly table: CatalogueTable;
  readonly own: ReferencedTable;
  /** By source "schema.table". */
  readonly all: ReadonlyMap<string, ReferencedTable>;
  readonly rule: IdentifierRule;
  /** Constraint names of this table that are taken. */
  readonly taken: Set<string>;
  readonly notes: Notes;
}

const ACTIONS = new Set(['NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT']);

function action(text: string): ForeignKeyMapping['onDelete'] {
  const upper = text.toUpperCase().replaceAll('_', ' ').trim();
  return (ACTIONS.has(upper) ? upper : 'NO ACTION') as ForeignKeyMapping['onDelete'];
}

/** Families of types whose members PostgreSQL can join with a foreign key. */
function family(column: ColumnMapping): string {
  if (column.kind === 'integer' || column.kind === 'decimal') return 'number';
  if (column.kind === 'float4' || column.kind === 'float8') return 'float';
  return column.kind === 'enum' ? `enum ${column.type}` : column.kind;
}

/** PostgreSQL widens integers to numeric by itself, and never back. */
function joins(own: ColumnMapping, parent: ColumnMapping): boolean {
  if (family(own) !== family(parent)) return false;
  const numeric = (column: ColumnMapping): boolean => column.type.startsWith('numeric');
  return !numeric(own) || numeric(parent);
}

function mappedColumns(
  table: ReferencedTable,
  names: readonly { readonly name: string }[],
): ColumnMapping[] | undefined {
  const columns = names.map(({ name }) => table.columns.find(({ column }) => column.name === name)?.mapping);
  return columns.every((column) => column !== undefined) ? columns : undefined;
}

function isKey(table: ReferencedTable, columns: readonly string[]): boolean {
  const wanted = [...columns].sort().join('\0');
  const keys = [table.keys.primary?.columns, ...table.keys.unique.map((key) => key.columns)];
  return keys.some((key) => key !== undefined && [...key].sort().join('\0') === wanted);
}

function describe(table: CatalogueTable, key: { readonly name: string; readonly columns: readonly string[] }): string {
  return `${qualified(table)}.${key.name === '' ? `(${key.columns.join(', ')})` : key.name}`;
}

function draftOne(drafting: ForeignKeyDrafting, resolved: ResolvedForeignKey): ForeignKeyMapping | undefined {
  const { notes, own, table } = drafting;
  const { key, parent } = resolved;
  const label = describe(table, key);
  const other = drafting.all.get(qualified(parent));
  const columns = mappedColumns(own, resolved.columns);
  const parentColumns = other && mappedColumns(other, resolved.parentColumns);
  // What made the columns or the table fail is refused by its own name already.
  if (!other || !columns || !parentColumns) return undefined;
  const misfit = columns.findIndex((column, at) => !joins(column, parentColumns[at] ?? column));
  if (misfit >= 0) {
    const [one, two] = [columns[misfit], parentColumns[misfit]];
    notes.refuse(
      label,
      `its columns have types that PostgreSQL does not compare (${one?.type ?? ''}, ${two?.type ?? ''})`,
    );
    return undefined;
  }
  const targetColumns = parentColumns.map((column) => column.target);
  if (!isKey(other, targetColumns)) {
    notes.refuse(label, `the columns that it references in ${qualified(parent)} are no key`);
    return undefined;
  }
  const names = columns.map((column) => column.target);
  const wanted = key.name === '' ? madeName(own.target.name, names, 'fkey') : applyRule(key.name, drafting.rule);
  return {
    name: constraintName(wanted, label, drafting.taken),
    columns: names,
    targetTable: { ...other.target },
    targetColumns,
    onDelete: action(key.onDelete),
    onUpdate: action(key.onUpdate),
  };
}

export function draftForeignKeys(drafting: ForeignKeyDrafting): ForeignKeyMapping[] {
  const { survey, table, notes } = drafting;
  return table.foreignKeys.flatMap((key) => {
    const resolved = resolveForeignKey(survey.catalogue, table, key);
    if (!('missing' in resolved)) {
      const drafted = draftOne(drafting, resolved);
      return drafted ? [drafted] : [];
    }
    if (resolved.missing === 'table') {
      notes.leave('foreign key', describe(table, key), `it references ${key.targetTable}, which is not included`);
    } else {
      notes.refuse(describe(table, key), `it references columns that ${key.targetTable} does not have`);
    }
    return [];
  });
}
