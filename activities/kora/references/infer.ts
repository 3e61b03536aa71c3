import type { Reference, RelatedTable } from '../../../databases/checked.js';
import { isSameWord, saysKey, subjectOf, wordsOf } from './names.js';

/** A key that names and types suggest; whether it is one the values say. */
export interface Candidate extends Reference {
  readonly reasons: readonly string[];
}

/**
 * Columns that seem to refer to a table, though nothing declares it: by a name that says so, in a type that the other
 * table's key has. A column has one candidate at most, the one that its name fits best.
 */
export function candidateKeys(tables: readonly RelatedTable[], declared: readonly Reference[]): Candidate[] {
  const kept = tables.flatMap(({ name, constraints }) =>
    constraints.filter(({ kind }) => kind === 'f').map(({ columns }) => ({ table: name, columns })),
  );
  const known = new Set(
    [...declared, ...kept].flatMap(({ table, columns }) => columns.map((column) => `${table}\0${column}`)),
  );
  const keys = tables.flatMap(keysOf);
  return tables.flatMap((table) =>
    table.columns.flatMap((column) => {
      if (known.has(`${table.name}\0${column.name}`)) return [];
      const fits = keys.flatMap((key) => fitOf({ table, column }, key) ?? []);
      const best = fits.toSorted((one, other) => other.score - one.score);
      // Two that fit alike are a guess between them, and none is made.
      if (best[0] === undefined || best[0].score === best[1]?.score) return [];
      return [best[0].candidate];
    }),
  );
}

interface Key {
  readonly table: RelatedTable;
  readonly column: RelatedTable['columns'][number];
}

/** Single columns that are kept unique. */
function keysOf(table: RelatedTable): Key[] {
  const unique = new Set<string>();
  for (const { kind, columns } of table.constraints) {
    const [only] = columns;
    if ((kind === 'p' || kind === 'u') && columns.length === 1 && only !== undefined) unique.add(only);
  }
  for (const { unique: isUnique, valid, partial, columns } of table.indexes) {
    const [only] = columns;
    if (isUnique && valid && !partial && columns.length === 1 && only !== undefined)
      unique.add(only.replace(/ desc$/, ''));
  }
  return table.columns.filter(({ name }) => unique.has(name)).map((column) => ({ table, column }));
}

interface Fit {
  readonly score: number;
  readonly candidate: Candidate;
}

function fitOf({ table, column }: Key, key: Key): Fit | undefined {
  if (familyOf(column.type) === undefined || familyOf(column.type) !== familyOf(key.column.type)) return undefined;
  if (table === key.table && column.name === key.column.name) return undefined;
  const named = namedFor({ table, column }, key);
  if (named === undefined) return undefined;
  const type = column.type === key.column.type ? `both are ${column.type}` : `${column.type} and ${key.column.type}`;
  const reference = {
    table: table.name,
    columns: [column.name],
    referenced: key.table.name,
    referencedColumns: [key.column.name],
  };
  const isPrimary = key.table.constraints.some(({ kind, columns }) => kind === 'p' && columns[0] === key.column.name);
  return {
    score: named.score + (isPrimary ? 0.1 : 0) + (column.type === key.column.type ? 0.01 : 0),
    candidate: { ...reference, reasons: [named.reason, type] },
  };
}

const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^int[248]$/, 'integer'],
  [/^(?:text|varchar|bpchar|citext)$/, 'text'],
  [/^uuid$/, 'uuid'],
];

/** Types that refer to one another; of others nobody makes keys. */
function familyOf(type: string): string | undefined {
  return FAMILIES.find(([pattern]) => pattern.test(type))?.[1];
}

/** Why the column's name says that it means the other table's key, and how surely. */
function namedFor({ table, column }: Key, key: Key): { readonly score: number; readonly reason: string } | undefined {
  const subject = subjectOf(column.name);
  const target = wordsOf(key.table.name);
  const isWhole = isSameWords(subject, target);
  const isTail = subject.length > target.length && isSameWords(subject.slice(-target.length), target);
  const keyWords = wordsOf(key.column.name);
  const isPlainKey = keyWords.length === 1 || isSameWords(subjectOf(key.column.name), target);
  if (!saysKey(column.name) || !endsAlike(column.name, key.column.name)) return undefined;
  if (isWhole && isPlainKey && table !== key.table) return { score: 3, reason: `it is named for ${key.table.name}` };
  if (isTail && isPlainKey) return { score: 2, reason: `its name ends in that of ${key.table.name}` };
  if (table === key.table && isPlainKey && subject.join(' ') === 'parent')
    return { score: 2, reason: 'it is named for a parent' };
  if (column.name === key.column.name && keyWords.length > 1 && table !== key.table && !isKeyOf(table, column.name))
    return { score: 1, reason: `the key of ${key.table.name} has the same name` };
  return undefined;
}

/** "customer_code" means a code, and no id. */
function endsAlike(column: string, key: string): boolean {
  const [own, other] = [wordsOf(column).at(-1) ?? '', wordsOf(key).at(-1) ?? ''];
  return (
    own === other ||
    !/^(?:code|number|no|nr|uuid|guid|id)$/.test(own) ||
    !/^(?:code|number|no|nr|uuid|guid|id)$/.test(other)
  );
}

function isKeyOf({ constraints }: RelatedTable, column: string): boolean {
  return constraints.some(({ kind, columns }) => kind === 'p' && columns.length === 1 && columns[0] === column);
}

function isSameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, at) => isSameWord(word, other[at] ?? ''));
}
