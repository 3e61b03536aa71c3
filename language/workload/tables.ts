import type { Dialect, Piece } from './scan.js';
import { nameOf } from './scan.js';

/** A table as a statement names it. */
export interface NamedTable {
  readonly schema?: string;
  readonly name: string;
  /** Places of its first and last piece. */
  readonly first: number;
  readonly last: number;
}

const BEFORE = new Set(['from', 'join', 'straight_join', 'into', 'update', 'table', 'using']);
const AFTER_INSERT = new Set(['low_priority', 'delayed', 'high_priority', 'ignore', 'only', 'lateral', 'or']);
const NOT_TABLES = new Set(['select', 'values', 'lateral', 'set', 'dual', 'unnest', 'on', 'where', 'json_table']);

/** Tables behind FROM, JOIN, INTO, UPDATE, and behind commas of a FROM; names of WITH are none. */
export function namedTables(pieces: readonly Piece[], dialect: Dialect): NamedTable[] {
  const common = commonNames(pieces);
  const tables: NamedTable[] = [];
  /** For every open parenthesis, and for none: a list of tables stands there. */
  const lists = [false];
  /** `extract(year FROM x)`, `trim(both FROM x)`, `substring(x FROM 1)` have a FROM of their own. */
  const calls = [false];
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at];
    if (piece === undefined) continue;
    const word = piece.kind === 'word' ? piece.text.toLowerCase() : piece.kind === 'symbol' ? piece.text : '';
    if (word === '(') {
      const opensList = lists.at(-1) === true && expectsTable(pieces, at);
      lists.push(opensList);
      calls.push(isCall(pieces, at));
      if (opensList) push(tables, tableAt(pieces, at + 1), common);
    } else if (word === ')') {
      lists.pop();
      calls.pop();
      if (lists.length === 0) lists.push(false);
      if (calls.length === 0) calls.push(false);
    } else if (word === ',' && lists.at(-1) === true) push(tables, tableAt(pieces, at + 1), common);
    else if (BEFORE.has(word) && !(word === 'from' && calls.at(-1) === true)) {
      if (word === 'update' && ['for', 'key', 'on'].includes(pieces[at - 1]?.text.toLowerCase() ?? '')) continue;
      const before = pieces[at - 1]?.text.toLowerCase() ?? '';
      if (word === 'from' && before === 'distinct') continue;
      // SELECT STRAIGHT_JOIN a, convert(a USING b), JOIN t USING (a): no table follows.
      if (word === 'straight_join' && ['select', 'distinct', 'sql_no_cache'].includes(before)) continue;
      if (word === 'using' && (pieces[0]?.text.toLowerCase() !== 'delete' || calls.length > 1)) continue;
      lists[lists.length - 1] = true;
      push(tables, tableAt(pieces, skipWords(pieces, at + 1)), common);
    } else if (ENDS_LIST.has(word)) lists[lists.length - 1] = false;
    else if (word === 'insert' || word === 'replace') {
      // INSERT t VALUES, without INTO, is MySQL's.
      const target = skipWords(pieces, at + 1);
      if (at === 0 && dialect === 'mysql' && pieces[target]?.text.toLowerCase() !== 'into')
        push(tables, tableAt(pieces, target), common);
    }
  }
  return tables;
}

const ENDS_LIST = new Set(
  'where group order having limit set values select on returning union intersect except window for fetch offset'.split(
    ' ',
  ),
);

function push(tables: NamedTable[], table: NamedTable | undefined, common: ReadonlySet<string>): void {
  if (table === undefined) return;
  if (table.schema === undefined && common.has(table.name.toLowerCase())) return;
  tables.push(table);
}

/** A parenthesis that stands where a table could, and opens no query. */
function expectsTable(pieces: readonly Piece[], at: number): boolean {
  const before = pieces[at - 1];
  const word = before?.text.toLowerCase() ?? '';
  const opens = ['from', 'join', 'straight_join', ',', '('].includes(word);
  return opens && !['select', 'with', 'values'].includes(pieces[at + 1]?.text.toLowerCase() ?? '');
}

/** A parenthesis behind a word that is a function's name, and not what a query may stand behind. */
function isCall(pieces: readonly Piece[], at: number): boolean {
  const before = pieces[at - 1];
  return (
    before?.kind === 'word' &&
    ['extract', 'trim', 'substring', 'substr', 'overlay', 'position'].includes(before.text.toLowerCase())
  );
}

function skipWords(pieces: readonly Piece[], from: number): number {
  let at = from;
  while (pieces[at]?.kind === 'word' && AFTER_INSERT.has(pieces[at]?.text.toLowerCase() ?? '')) {
    at += pieces[at]?.text.toLowerCase() === 'or' ? 2 : 1;
  }
  return at;
}

function tableAt(pieces: readonly Piece[], first: number): NamedTable | undefined {
  const piece = pieces[first];
  if (piece === undefined || (piece.kind !== 'word' && piece.kind !== 'name')) return undefined;
  if (piece.kind === 'word' && NOT_TABLES.has(piece.text.toLowerCase())) return undefined;
  let last = first;
  const path = [nameOf(piece)];
  while (pieces[last + 1]?.text === '.') {
    const part = pieces[last + 2];
    if (part === undefined || (part.kind !== 'word' && part.kind !== 'name')) break;
    path.push(nameOf(part));
    last += 2;
  }
  // A function in FROM.
  if (pieces[last + 1]?.text === '(' && piece.kind === 'word' && !isInsertHead(pieces, first)) return undefined;
  const [name = '', schema] = path.reverse();
  return { name, ...(schema !== undefined && { schema }), first, last };
}

/** INSERT INTO t (a, b). */
function isInsertHead(pieces: readonly Piece[], first: number): boolean {
  const before = pieces[first - 1]?.text.toLowerCase() ?? '';
  return ['into', 'insert', 'replace', 'ignore'].includes(before);
}

/** Names that WITH gives. */
function commonNames(pieces: readonly Piece[]): Set<string> {
  const names = new Set<string>();
  pieces.forEach((piece, at) => {
    if (piece.kind !== 'word' && piece.kind !== 'name') return;
    const before = pieces[at - 1]?.text.toLowerCase() ?? '';
    if (!['with', 'recursive', ','].includes(before)) return;
    let after = at + 1;
    if (pieces[after]?.text === '(') while (after < pieces.length && pieces[after]?.text !== ')') after += 1;
    if (pieces[after]?.text === ')') after += 1;
    if (pieces[after]?.text.toLowerCase() !== 'as') return;
    const inner = ['materialized', 'not'].includes(pieces[after + 1]?.text.toLowerCase() ?? '') ? after + 2 : after + 1;
    const opens = pieces[inner]?.text === '(' || pieces[inner + 1]?.text === '(';
    if (opens && pieces.some(({ kind, text }) => kind === 'word' && text.toLowerCase() === 'with'))
      names.add(nameOf(piece).toLowerCase());
  });
  return names;
}
