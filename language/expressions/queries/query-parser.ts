import { ExpressionParser } from '../parser.js';
import type { Cursor } from '../parser.js';
import { ExpressionProblem } from '../tokens.js';
import type { Dialect } from '../tokens.js';
import type { Expression } from '../tree.js';
import { list, orderings } from './lists.js';
import { isReserved, QueryOperands, startsQuery } from './query-operands.js';
import type { CommonTable, JoinKind, Query, QueryBody, Relation, Select, SelectItem } from './tree.js';

/** Longest text of a query, in characters. */
export const QUERY_CHARACTERS = 1_000_000;

export type ParsedQuery =
  | { readonly ok: true; readonly query: Query; readonly columns: readonly string[] }
  | { readonly ok: false; readonly problem: string; readonly at: number };

/**
 * Parses a SELECT, or the CREATE VIEW around one (then `columns` are the names that it gives, if any). Comments, second
 * statements and everything that is not in `tree.ts` are refused with their place.
 */
export function parseQuery(text: string, dialect: Dialect): ParsedQuery {
  try {
    const reader = new QueryReader(text, dialect);
    const operands = new QueryOperands(dialect, (cursor) => reader.query(cursor));
    const parser = new ExpressionParser(text, dialect, { operands, longest: QUERY_CHARACTERS });
    const { query, columns } = parser.reading((cursor) => ({
      columns: viewHead(cursor),
      query: reader.query(cursor),
    }));
    return { ok: true, query, columns };
  } catch (error) {
    if (error instanceof ExpressionProblem) return { ok: false, problem: error.problem, at: error.at };
    throw error;
  }
}

/** CREATE [TEMP] VIEW [IF NOT EXISTS] name [(columns)] AS, as SQLite keeps it. */
function viewHead(cursor: Cursor): string[] {
  if (!cursor.takeWord('create')) return [];
  if (!cursor.takeWord('temp')) cursor.takeWord('temporary');
  cursor.needWord('view');
  if (cursor.takeWord('if')) {
    cursor.needWord('not');
    cursor.needWord('exists');
  }
  name(cursor);
  if (cursor.takeSymbol('.')) name(cursor);
  const columns = cursor.isSymbol('(') ? nameList(cursor) : [];
  cursor.needWord('as');
  return columns;
}

export function name(cursor: Cursor): string {
  const token = cursor.peek();
  if (token.kind !== 'word' && token.kind !== 'quoted' && token.kind !== 'string') throw cursor.unexpected(token);
  cursor.take();
  return token.text;
}

export function nameList(cursor: Cursor): string[] {
  cursor.need('(');
  const names = [name(cursor)];
  while (cursor.takeSymbol(',')) names.push(name(cursor));
  cursor.need(')');
  return names;
}

export class QueryReader {
  readonly #text: string;
  readonly #dialect: Dialect;
  readonly #hasVariables: boolean;
  #into: string[] | undefined;

  /** `hasVariables`: it stands in a routine, and may put its row into variables. */
  constructor(text: string, dialect: Dialect, hasVariables = false) {
    this.#text = text;
    this.#dialect = dialect;
    this.#hasVariables = hasVariables;
  }

  /** Variables that the last query puts its row into. */
  takeInto(): readonly string[] | undefined {
    const into = this.#into;
    this.#into = undefined;
    return into;
  }

  query(cursor: Cursor): Query {
    return cursor.deeper(() => {
      const common = cursor.takeWord('with') ? this.#common(cursor) : [];
      const body = this.#sets(cursor);
      const orderBy = orderings(cursor);
      const limit = this.#limit(cursor);
      this.#intoHere(cursor);
      return { with: common, body, orderBy, ...limit };
    });
  }

  #common(cursor: Cursor): Query['with'] {
    const tables: CommonTable[] = [];
    const recursive = cursor.takeWord('recursive');
    do {
      const called = name(cursor);
      const columns = cursor.isSymbol('(') ? nameList(cursor) : [];
      cursor.needWord('as');
      cursor.need('(');
      tables.push({ name: called, columns, query: this.query(cursor), ...(recursive && { recursive }) });
      cursor.need(')');
    } while (cursor.takeSymbol(','));
    return tables;
  }

  #sets(cursor: Cursor): QueryBody {
    let left = this.#term(cursor);
    for (;;) {
      const op = setOperator(cursor);
      if (op === undefined) return left;
      left = { node: 'set', op, left, right: this.#term(cursor) };
    }
  }

  #term(cursor: Cursor): QueryBody {
    if (!cursor.isSymbol('(')) return this.#select(cursor);
    cursor.need('(');
    const query = this.query(cursor);
    cursor.need(')');
    return { node: 'query', query };
  }

  #select(cursor: Cursor): Select {
    cursor.needWord('select');
    if (this.#dialect === 'mysql') skipModifiers(cursor);
    const isRow = this.#dialect === 'mysql' && cursor.takeWord('distinctrow');
    const distinct = isRow || cursor.takeWord('distinct') || (cursor.takeWord('all'), false);
    if (this.#dialect === 'mysql') skipModifiers(cursor);
    const items = [this.#item(cursor)];
    while (cursor.takeSymbol(',')) items.push(this.#item(cursor));
    this.#intoHere(cursor);
    const from = cursor.takeWord('from') ? this.#from(cursor) : [];
    const where = cursor.takeWord('where') ? cursor.expression() : undefined;
    const groupBy = cursor.takeWord('group') ? (cursor.needWord('by'), list(cursor)) : [];
    const rollup = groupBy.length > 0 && cursor.takeWord('with') && (cursor.needWord('rollup'), true);
    const having = cursor.takeWord('having') ? cursor.expression() : undefined;
    return {
      ...{ node: 'select', distinct, items, from, groupBy },
      ...(rollup && { rollup }),
      ...(where && { where }),
      ...(having && { having }),
    };
  }

  /** INTO a, b. */
  #intoHere(cursor: Cursor): void {
    if (!this.#hasVariables || this.#into !== undefined || !cursor.takeWord('into')) return;
    const names = [name(cursor)];
    while (cursor.takeSymbol(',')) names.push(name(cursor));
    this.#into = names;
  }

  #item(cursor: Cursor): SelectItem {
    if (cursor.takeSymbol('*')) return { star: true };
    const first = cursor.peek();
    const star = (ahead: number): boolean => {
      const token = cursor.peek(ahead);
      return token.kind === 'symbol' && token.text === '*';
    };
    const dot = cursor.peek(1);
    if ((first.kind === 'word' || first.kind === 'quoted') && dot.text === '.' && dot.kind === 'symbol' && star(2)) {
      for (let taken = 0; taken < 3; taken += 1) cursor.take();
      return { star: true, table: first.text };
    }
    const expression = cursor.expression();
    const text = this.#text.slice(first.at, cursor.peek().at).trim();
    const alias = this.#alias(cursor);
    return { star: false, expression, text, ...(alias !== undefined && { alias }) };
  }

  #alias(cursor: Cursor): string | undefined {
    if (cursor.takeWord('as')) return name(cursor);
    const token = cursor.peek();
    if (token.kind === 'quoted' || (token.kind === 'word' && !isReserved(token.text))) return name(cursor);
    return undefined;
  }

  /** Tables behind FROM, and those that an UPDATE or a DELETE names. */
  relations(cursor: Cursor): Relation[] {
    return this.#from(cursor);
  }

  #from(cursor: Cursor): Relation[] {
    // MySQL's table of no columns.
    if (this.#dialect === 'mysql' && cursor.takeWord('dual')) return [];
    const relations = [this.#joined(cursor)];
    while (cursor.takeSymbol(',')) relations.push(this.#joined(cursor));
    return relations;
  }

  #joined(cursor: Cursor): Relation {
    let left = this.#relation(cursor);
    for (;;) {
      const natural = cursor.takeWord('natural');
      const kind = joinKind(cursor);
      if (kind === undefined) return left;
      const right = this.#relation(cursor);
      const on: { on?: Expression; using?: string[]; natural?: true } = natural ? { natural } : {};
      if (cursor.takeWord('on')) on.on = cursor.expression();
      else if (cursor.takeWord('using')) on.using = nameList(cursor);
      left = { node: 'join', kind, left, right, ...on };
    }
  }

  #relation(cursor: Cursor): Relation {
    return cursor.deeper(() => {
      if (cursor.isSymbol('(')) {
        if (startsQuery(cursor, 1)) return this.#derived(cursor);
        cursor.need('(');
        const inner = this.#joined(cursor);
        cursor.need(')');
        return inner;
      }
      const first = name(cursor);
      const second = cursor.takeSymbol('.') ? name(cursor) : undefined;
      const alias = this.#alias(cursor);
      if (this.#dialect === 'mysql') skipHints(cursor);
      const place = second === undefined ? { name: first } : { schema: first, name: second };
      return { node: 'table', ...place, ...(alias !== undefined && { alias }) };
    });
  }

  #derived(cursor: Cursor): Relation {
    cursor.need('(');
    const query = this.query(cursor);
    cursor.need(')');
    const alias = this.#alias(cursor);
    const columns = alias !== undefined && cursor.isSymbol('(') ? nameList(cursor) : [];
    return { node: 'derived', query, columns, ...(alias !== undefined && { alias }) };
  }

  /** LIMIT n [OFFSET m], and LIMIT m, n. */
  #limit(cursor: Cursor): Pick<Query, 'limit' | 'offset'> {
    if (!cursor.takeWord('limit')) return {};
    const first = cursor.expression();
    if (this.#dialect !== 'postgres' && cursor.takeSymbol(',')) return { offset: first, limit: cursor.expression() };
    if (!cursor.takeWord('offset')) return { limit: first };
    return { limit: first, offset: cursor.expression() };
  }
}

const MODIFIERS = [
  ...['sql_no_cache', 'sql_cache', 'sql_calc_found_rows', 'sql_small_result', 'sql_big_result', 'sql_buffer_result'],
  ...['high_priority', 'straight_join'],
];

/** Words that change how MySQL runs it, and not what it gives. */
function skipModifiers(cursor: Cursor): void {
  while (MODIFIERS.some((word) => cursor.takeWord(word)));
}

/** USE INDEX (a), FORCE KEY FOR ORDER BY (b) and their kin. */
function skipHints(cursor: Cursor): void {
  while (['use', 'force', 'ignore'].some((word) => cursor.isWord(word))) {
    cursor.take();
    if (!cursor.takeWord('index')) cursor.needWord('key');
    if (cursor.takeWord('for') && !cursor.takeWord('join')) {
      cursor.take();
      cursor.needWord('by');
    }
    cursor.need('(');
    while (!cursor.isSymbol(')')) if (cursor.take().kind === 'end') throw cursor.unexpected(cursor.peek());
    cursor.need(')');
    cursor.takeSymbol(',');
  }
}

function setOperator(cursor: Cursor): Extract<QueryBody, { node: 'set' }>['op'] | undefined {
  if (cursor.takeWord('union')) {
    if (cursor.takeWord('all')) return 'UNION ALL';
    cursor.takeWord('distinct');
    return 'UNION';
  }
  if (cursor.takeWord('intersect')) return 'INTERSECT';
  if (cursor.takeWord('except')) return 'EXCEPT';
  return undefined;
}

function joinKind(cursor: Cursor): JoinKind | undefined {
  if (cursor.takeWord('join') || cursor.takeWord('straight_join')) return 'INNER';
  for (const kind of ['inner', 'cross', 'left', 'right', 'full'] as const) {
    if (!cursor.isWord(kind)) continue;
    cursor.take();
    cursor.takeWord('outer');
    cursor.needWord('join');
    return kind.toUpperCase() as JoinKind;
  }
  return undefined;
}
