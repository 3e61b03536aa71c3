import type { Placeholder, Workload, WorkloadQuery } from '../../contracts/workload.js';
import { classify } from './classify.js';
import type { Dialect, Piece } from './scan.js';
import { meaningful, nameOf, scan } from './scan.js';
import { namedTables } from './tables.js';

const COMPARISONS = new Set([
  '=',
  '<>',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '<=>',
  'like',
  'ilike',
  'rlike',
  'regexp',
  'in',
  'between',
]);

/** Placeholders of a text, each with the column that it is compared with or put into, where that can be seen. */
export function placeholdersOf(sql: string, dialect: Dialect): Placeholder[] {
  const words = meaningful(scan(sql, dialect));
  const tables = namedTables(words, dialect);
  const inserted = insertedColumns(words);
  return words.flatMap((piece, at): Placeholder[] => {
    if (piece.kind !== 'placeholder') return [];
    const before = words[at - 1]?.text.toLowerCase() ?? '';
    const limit =
      before === 'limit' || before === 'offset' || (before === ',' && words[at - 3]?.text.toLowerCase() === 'limit');
    const column = limit ? undefined : (comparedColumn(words, at) ?? inserted.get(at));
    const [only] = tables;
    const table =
      column?.table === undefined
        ? tables.length === 1
          ? only?.name
          : undefined
        : tableOf(column.table, words, tables);
    return [
      {
        marker: piece.text,
        at: piece.at,
        ...(limit && { limit }),
        ...(column !== undefined && { column: column.name }),
        ...(column !== undefined && table !== undefined && { table }),
      },
    ];
  });
}

interface Named {
  readonly table?: string;
  readonly name: string;
}

/** The column left of the comparison, or right of it. */
function comparedColumn(words: readonly Piece[], at: number): Named | undefined {
  let place = at - 1;
  // IN (?, ?, ?), BETWEEN ? AND ?, and an interval or a cast in front of it.
  while (place > 0 && [',', '(', 'and'].includes(words[place]?.text.toLowerCase() ?? '')) {
    const inList = words[place]?.text.toLowerCase();
    // Another condition begins here: what is compared stands to the right.
    if (inList === 'and' && words[place - 2]?.text.toLowerCase() !== 'between') break;
    place -= 1;
    if (words[place]?.kind === 'placeholder') place -= 1;
  }
  const operator = words[place]?.text.toLowerCase() ?? '';
  if (COMPARISONS.has(operator)) {
    const left = words[place - 1]?.text.toLowerCase() === 'not' ? place - 2 : place - 1;
    return columnEndingAt(words, left);
  }
  const next = words[at + 1]?.text.toLowerCase() ?? '';
  return COMPARISONS.has(next) ? columnStartingAt(words, at + 2) : undefined;
}

function columnEndingAt(words: readonly Piece[], at: number): Named | undefined {
  const piece = words[at];
  if (piece === undefined || (piece.kind !== 'word' && piece.kind !== 'name')) return undefined;
  const table = words[at - 1]?.text === '.' ? words[at - 2] : undefined;
  return { name: nameOf(piece), ...(table && { table: nameOf(table) }) };
}

function columnStartingAt(words: readonly Piece[], at: number): Named | undefined {
  const piece = words[at];
  if (piece === undefined || (piece.kind !== 'word' && piece.kind !== 'name')) return undefined;
  const column = words[at + 1]?.text === '.' ? words[at + 2] : undefined;
  return column ? { name: nameOf(column), table: nameOf(piece) } : { name: nameOf(piece) };
}

/** The table behind an alias. */
function tableOf(alias: string, words: readonly Piece[], tables: ReturnType<typeof namedTables>): string | undefined {
  const same = (name: string): boolean => name.toLowerCase() === alias.toLowerCase();
  const found = tables.find(({ name, last }) => {
    const after = words[last + 1];
    const called = after?.text.toLowerCase() === 'as' ? words[last + 2] : after;
    return (called !== undefined && same(nameOf(called))) || same(name);
  });
  return found?.name;
}

/** INSERT INTO t (a, b) VALUES (?, ?): each placeholder with its column. */
function insertedColumns(words: readonly Piece[]): ReadonlyMap<number, Named> {
  const columns = new Map<number, Named>();
  const values = words.findIndex(({ kind, text }) => kind === 'word' && /^values?$/iu.test(text));
  const open = words.findIndex(({ text }) => text === '(');
  if (values < 0 || open < 0 || open > values) return columns;
  const names = words
    .slice(open + 1, values - 1)
    .filter(({ kind }) => kind === 'word' || kind === 'name')
    .map(nameOf);
  let position = 0;
  let depth = 0;
  for (let at = values + 1; at < words.length; at += 1) {
    const { text, kind } = words[at] ?? { text: '', kind: 'symbol' };
    if (text === '(') [depth, position] = depth === 0 ? [1, 0] : [depth + 1, position];
    else if (text === ')') depth -= 1;
    else if (text === ',' && depth === 1) position += 1;
    const name = names[position];
    if (kind === 'placeholder' && depth === 1 && name !== undefined) columns.set(at, { name });
  }
  return columns;
}

/** A query that gets the values that it lacks is classed anew: only now it is seen what it is. */
export function withValues(
  query: WorkloadQuery,
  literals: readonly string[],
  { dialect, readAt }: Pick<Workload, 'dialect' | 'readAt'>,
): WorkloadQuery {
  const { placeholders = [], id, shape, translated, count, seconds, database, transaction } = query;
  const sql = filled(query.sql, placeholders, literals);
  const classed = classify({ sql, dialect, atMs: Date.parse(readAt) });
  const { run, class: kind, tables, order, limited, reason, detail } = classed;
  return {
    ...{ id, shape, sql: query.sql, translated, count, run, class: kind, tables, orderBy: order, limited },
    synthetic: true,
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
    ...(seconds !== undefined && { seconds }),
    ...(database !== undefined && { database }),
    ...(transaction !== undefined && { transaction }),
  };
}

/** The text with literals in place of its placeholders; `literals` by their order, each as SQL of the source. */
export function filled(sql: string, placeholders: readonly Placeholder[], literals: readonly string[]): string {
  let made = '';
  let from = 0;
  placeholders.forEach(({ at, marker }, position) => {
    made += sql.slice(from, at) + (literals[position] ?? marker);
    from = at + marker.length;
  });
  return made + sql.slice(from);
}
