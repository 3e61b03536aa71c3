import type { MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { WorkloadOrder, WorkloadQuery } from '../../../../contracts/workload.js';
import type { Piece } from '../../../../language/workload/scan.js';
import { meaningful, nameOf, scan } from '../../../../language/workload/scan.js';
import { namedTables } from '../../../../language/workload/tables.js';
import { quote } from '../scope.js';
import type { Translated } from './outcome.js';
import type { KnownTables } from './tables.js';

/**
 * From PostgreSQL to PostgreSQL a statement stays as it is, but for names: tables lose their schema (the search path finds
 * the target's), and renamed tables and columns have their new names.
 */
export function translatePostgres(
  query: WorkloadQuery,
  { tables, migration }: { readonly tables: KnownTables; readonly migration: MigrationMapping },
): Translated {
  const known = tables.resolve(query);
  if ('reason' in known) return known;
  const involved = migration.tables.filter(({ source }) => known.tables.includes(`${source.schema}.${source.name}`));
  const columns = renamedColumns(involved);
  if (columns === undefined) {
    return { reason: 'not_translated', detail: 'a column has another name in one of its tables only', ...known };
  }
  const sql = renamed(query.run, { tables, columns, known: known.tables });
  return { sql, tables: known.tables, order: orderOf(query.run, involved) };
}

/** Old names of columns with their new ones; undefined where a name means two. */
function renamedColumns(involved: readonly TableMapping[]): ReadonlyMap<string, string> | undefined {
  const names = new Map<string, string>();
  for (const { source, target } of involved.flatMap((table) => table.columns)) {
    if ((names.get(source) ?? target) !== target) return undefined;
    names.set(source, target);
  }
  return names;
}

interface Renaming {
  readonly tables: KnownTables;
  readonly columns: ReadonlyMap<string, string>;
  /** "schema.name" of the tables that it names. */
  readonly known: readonly string[];
}

function renamed(run: string, { tables, columns, known }: Renaming): string {
  const pieces = scan(run, 'postgres');
  const words = meaningful(pieces);
  const made = new Map<number, string>();
  const moved = new Map<string, string>();
  for (const { schema, name, first, last } of namedTables(words, 'postgres')) {
    const table = known.find(
      (each) => each.endsWith(`.${name}`) && (schema === undefined || each === `${schema}.${name}`),
    );
    const target = table === undefined ? undefined : tables.target(table);
    if (target === undefined) continue;
    if (target.name !== name) moved.set(name, target.name);
    if (schema === undefined && target.name === name) continue;
    for (let at = first; at <= last; at += 1) made.set(words[at]?.at ?? -1, '');
    made.set(words[first]?.at ?? -1, quote(target.name));
  }
  words.forEach((piece, at) => {
    if (made.has(piece.at) || (piece.kind !== 'word' && piece.kind !== 'name')) return;
    const name = nameOf(piece);
    const isPrefix = words[at + 1]?.text === '.';
    const other = isPrefix ? moved.get(name) : isCalled(words, at) ? undefined : columns.get(name);
    if (other !== undefined && other !== name) made.set(piece.at, quote(other));
  });
  return pieces.map((piece) => made.get(piece.at) ?? piece.text).join('');
}

/** A function's name, or a name that AS gives. */
function isCalled(words: readonly Piece[], at: number): boolean {
  return words[at + 1]?.text === '(' || words[at - 1]?.text.toLowerCase() === 'as';
}

/** By the words alone: its columns are known only where the list of them is plain. */
function orderOf(run: string, involved: readonly TableMapping[]): WorkloadOrder {
  const words = meaningful(scan(run, 'postgres'));
  if (words[0]?.text.toLowerCase() !== 'select') return { fixed: words.some(isOrder) ? 'partial' : 'none', keys: [] };
  const from = atTop(words, (word) => word === 'from');
  const order = atTop(words, (word, at) => word === 'order' && words[at + 1]?.text.toLowerCase() === 'by');
  if (order === undefined) return { fixed: 'none', keys: [] };
  const end =
    atTop(words, (word, at) => at > order && ['limit', 'offset', 'fetch', 'for'].includes(word)) ?? words.length;
  const listed = words.slice(1, from ?? order);
  // Behind a star nobody knows at which place a column stands.
  const items = listed.some(({ text }) => text === '*') ? [] : split(listed).map(outputName);
  const parts = split(words.slice(order + 2, end));
  const keys = parts.map((part) => {
    const descending = part.some(({ text }) => text.toLowerCase() === 'desc');
    const output = outputAt(part, items);
    return { descending, text: true, ...(output !== undefined && { output }) };
  });
  const isPlain = !words.some(({ text }) => ['group', 'union', 'distinct', 'join'].includes(text.toLowerCase()));
  const [only] = involved;
  const key = involved.length === 1 && isPlain ? only?.primaryKey?.columns : undefined;
  const named = new Set(parts.map((part) => outputName(plainKey(part))));
  // ORDER BY means an alias before a column.
  const isAliased = split(listed).some((item) => plainKey(item).length === 0 && key?.includes(outputName(item) ?? ''));
  const isTotal = !isAliased && key !== undefined && key.length > 0 && key.every((column) => named.has(column));
  return { fixed: isTotal ? 'total' : 'partial', keys };
}

function isOrder({ text }: Piece): boolean {
  return text.toLowerCase() === 'order';
}

/** The place of a word outside of all parentheses. */
function atTop(words: readonly Piece[], is: (word: string, at: number) => boolean): number | undefined {
  let depth = 0;
  const found = words.findIndex(({ text }, at) => {
    if (text === '(') depth += 1;
    else if (text === ')') depth -= 1;
    return depth === 0 && is(text.toLowerCase(), at);
  });
  return found < 0 ? undefined : found;
}

/** At commas outside of all parentheses. */
function split(words: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word.text === '(') depth += 1;
    else if (word.text === ')') depth -= 1;
    if (word.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

/** How a column of the result is called; undefined where a star stands before it or its name is not plain. */
function outputName(item: readonly Piece[]): string | undefined {
  const last = item.at(-1);
  return last?.kind === 'word' || last?.kind === 'name' ? nameOf(last) : undefined;
}

/** Without the words that say only the direction; nothing where it is more than a name or a place. */
function plainKey(part: readonly Piece[]): Piece[] {
  const words = part.filter(({ text }) => !['asc', 'desc', 'nulls', 'first', 'last'].includes(text.toLowerCase()));
  return words.length === 1 || (words.length === 3 && words[1]?.text === '.') ? words : [];
}

function outputAt(part: readonly Piece[], items: readonly (string | undefined)[]): number | undefined {
  const words = plainKey(part);
  const last = words.at(-1);
  if (last === undefined) return undefined;
  if (words.length === 1 && last.kind === 'number') return Number(last.text) - 1;
  const found = items.flatMap((item, at) => (item === nameOf(last) ? [at] : []));
  return found.length === 1 ? found[0] : undefined;
}
