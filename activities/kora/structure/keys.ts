import { REFERENTIAL_ACTIONS } from '../../../contracts/existing.js';
import type { ExistingConstraint, ExistingIndex, ExistingTable } from '../../../contracts/existing.js';
import type { ForeignKeyMapping, IndexMapping, KeyMapping, TableMapping } from '../../../contracts/mapping.js';
import { onUpdateBody } from '../../../databases/postgres/on-update.js';
import type { Items } from './items.js';

/** Names of the target: what Caravan would call a column or table, to what it is called there. */
export interface Naming {
  readonly column: (drafted: string) => string | undefined;
  readonly table: (drafted: string) => string | undefined;
  /** Columns of another table, for what references them. */
  readonly columnOf: (table: string, drafted: string) => string | undefined;
}

export interface KeysCompared {
  readonly drafted: TableMapping;
  readonly existing: ExistingTable;
  readonly naming: Naming;
  readonly items: Items;
}

export function compareKeys(compared: KeysCompared): void {
  const { drafted, items } = compared;
  if (drafted.primaryKey !== undefined) comparePrimary(drafted.primaryKey, compared);
  for (const key of drafted.uniqueKeys) {
    const how = uniqueBy(key.columns, compared);
    const about = {
      code: 'unique_missing',
      how: `nothing in the target keeps ${key.columns.join(', ')} unique`,
    } as const;
    tell(items, ['unique key', key.name], how, about);
  }
  for (const key of drafted.foreignKeys) compareForeignKey(key, compared);
  for (const index of drafted.indexes) compareIndex(index, compared);
  for (const { name } of drafted.exclusions ?? []) {
    const there = compared.existing.constraints.some((one) => one.kind === 'x' && one.name === name);
    if (there) items.mapped('exclusion', name, 'one of its name; what it says is not compared');
    else items.missing('exclusion', name, { code: 'check_missing', how: 'the target has none of its name' });
  }
  compareOnUpdate(compared);
}

/** undefined: it is missing; "": the same. */
function tell(
  items: Items,
  [kind, name]: readonly [string, string],
  how: string | undefined,
  about: Parameters<Items['missing']>[2],
): void {
  if (how === undefined) items.missing(kind, name, about);
  else if (how === '') items.same(kind, name);
  else items.mapped(kind, name, how);
}

function comparePrimary(key: KeyMapping, compared: KeysCompared): void {
  const { existing, items, naming } = compared;
  const wanted = namesOf(key.columns, naming);
  const primary = existing.constraints.find(({ kind }) => kind === 'p');
  let how: string | undefined;
  if (wanted !== undefined && primary !== undefined && isSameList(primary.columns, wanted)) how = '';
  else if (wanted !== undefined && primary !== undefined && isSameSet(primary.columns, wanted))
    how = 'its columns stand in another order';
  else if (
    wanted?.every((name) => existing.columns.some((column) => column.name === name && !column.nullable)) === true
  )
    how = uniqueBy(key.columns, compared) === undefined ? undefined : 'a unique key of columns that are never NULL';
  const why = `the target has no primary key of ${key.columns.join(', ')}`;
  tell(items, ['primary key', key.name], how, { code: 'primary_key_missing', how: why });
}

/** How the target keeps columns unique; undefined where it does not. */
function uniqueBy(columns: readonly string[], { existing, naming }: KeysCompared): string | undefined {
  const wanted = namesOf(columns, naming);
  if (wanted === undefined) return undefined;
  const isValid = (one: ExistingConstraint): boolean => one.kind === 'u' || one.kind === 'p';
  if (existing.constraints.some((one) => isValid(one) && isSameList(one.columns, wanted))) return '';
  if (existing.constraints.some((one) => isValid(one) && isSameSet(one.columns, wanted)))
    return 'its columns stand in another order';
  const index = existing.indexes.find(
    ({ unique, valid, partial, columns: there }) =>
      unique && valid && !partial && isSameSet(there.map(columnOf), wanted),
  );
  return index && `the unique index "${index.name}"`;
}

function compareForeignKey(key: ForeignKeyMapping, { existing, items, naming }: KeysCompared): void {
  const columns = namesOf(key.columns, naming);
  const target = naming.table(key.targetTable.name);
  const referenced = key.targetColumns.map((name) => naming.columnOf(key.targetTable.name, name));
  const found = existing.constraints.find(
    (one) =>
      one.kind === 'f' &&
      one.referenced === target &&
      columns !== undefined &&
      isSamePairs([one.columns, one.referencedColumns], [columns, referenced]),
  );
  if (found === undefined) {
    const how = `nothing in the target ties ${key.columns.join(', ')} to ${key.targetTable.name}`;
    items.missing('foreign key', key.name, { code: 'foreign_key_missing', how });
    return;
  }
  const actions = [
    ['ON DELETE', key.onDelete, REFERENTIAL_ACTIONS[found.onDelete ?? ''] ?? ''],
    ['ON UPDATE', key.onUpdate, REFERENTIAL_ACTIONS[found.onUpdate ?? ''] ?? ''],
  ] as const;
  const other = actions.filter(([, wanted, there]) => !isSameAction(wanted, there));
  if (!found.validated && key.validated !== false) {
    const how = 'the target has never looked at its old rows (NOT VALID)';
    items.differs('foreign key', key.name, { code: 'foreign_key_not_valid', how });
  } else if (other.length > 0) {
    const how = other.map(([when, wanted, there]) => `${when} is ${there} instead of ${wanted}`).join(', ');
    items.differs('foreign key', key.name, { code: 'foreign_key_differs', how });
  } else items.same('foreign key', key.name);
}

/** They differ only in the moment when a key that is deferred is looked at. */
function isSameAction(wanted: string, there: string): boolean {
  const plain = (action: string): string => (action === 'RESTRICT' ? 'NO ACTION' : action);
  return plain(wanted) === plain(there);
}

function compareIndex(index: IndexMapping, compared: KeysCompared): void {
  const { existing, items } = compared;
  const why = { code: 'index_missing', how: 'the target has no index that serves the same' } as const;
  const how = existing.indexes
    .filter(({ valid }) => valid)
    .map((there) => servesAs(index, there, compared))
    .filter((answer) => answer !== undefined)
    .toSorted((a, b) => a.length - b.length)[0];
  tell(items, [index.unique === true ? 'unique index' : 'index', index.name], how, why);
}

/** How an index of the target serves as this one: by its columns and their order, never by its name. */
function servesAs(index: IndexMapping, there: ExistingIndex, { naming }: KeysCompared): string | undefined {
  if (index.definition !== undefined) return there.name === index.name ? 'one of its name' : undefined;
  if (there.method !== (index.method ?? 'btree') || there.partial !== (index.where !== undefined)) return undefined;
  if (index.unique === true && !there.unique) return undefined;
  const wanted = index.columns.map((part) => ('column' in part ? naming.column(part.column) : ''));
  const flags = index.columns.map(({ descending }) => descending);
  const names = there.columns.map(columnOf);
  const isSame = wanted.every((name, at) => name === names[at]);
  if (!isSame || (index.unique === true && names.length !== wanted.length)) return undefined;
  const turned = flags.map((flag, at) => flag !== (there.columns[at] ?? '').endsWith(' desc'));
  if (turned.some((one) => one !== turned[0])) return undefined;
  const isExact = names.length === wanted.length && turned[0] !== true;
  const parts = [
    ...(isExact ? [] : [`the index "${there.name}", which serves the same searches`]),
    ...(wanted.includes('') ? ['its expression is compared by its place alone'] : []),
    ...(index.where === undefined ? [] : ['its condition is not compared']),
  ];
  return parts.join('; ');
}

function columnOf(part: string): string {
  return part.replace(/ desc$/, '');
}

function compareOnUpdate({ drafted, existing, items }: KeysCompared): void {
  if (drafted.onUpdate === undefined) return;
  const { name } = drafted.onUpdate;
  const how = 'no trigger of the target sets the clock when a row changes';
  const body = onUpdateBody(drafted);
  const enabled = existing.triggers.filter((trigger) => trigger.enabled);
  if (enabled.some((trigger) => trigger.body === body)) items.same('on update', name);
  else if (enabled.length > 0) {
    items.mapped('on update', name, 'the table has a trigger; what it does is not compared');
  } else items.missing('on update', name, { code: 'on_update_missing', how });
}

function namesOf(columns: readonly string[], naming: Naming): string[] | undefined {
  const names = columns.map((column) => naming.column(column));
  return names.every((name) => name !== undefined) ? names : undefined;
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, at) => name === other[at]);
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return isSameList(one.toSorted(), other.toSorted());
}

type Pairs = readonly [readonly (string | undefined)[], readonly (string | undefined)[]];

/** A foreign key is a set of pairs. */
function isSamePairs(one: Pairs, other: Pairs): boolean {
  const words = ([columns, referenced]: Pairs): string[] =>
    columns.map((column, at) => `${column ?? ''}\0${referenced[at] ?? ''}`);
  return isSameSet(words(one), words(other));
}
