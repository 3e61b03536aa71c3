import { ExpressionParser } from '../parser.js';
import type { Cursor } from '../parser.js';
import { ExpressionProblem } from '../tokens.js';
import type { Dialect } from '../tokens.js';
import type { Expression } from '../tree.js';
import { list, orderings } from './lists.js';
import { QueryOperands, startsQuery } from './query-operands.js';
import { name, nameList, QUERY_CHARACTERS, QueryReader } from './query-parser.js';
import type { Assignment, Conflict, Delete, Insert, Statement, Update } from './statements.js';

export type ParsedStatement =
  | { readonly ok: true; readonly statement: Statement }
  | { readonly ok: false; readonly problem: string; readonly at: number };

/** Parses a SELECT, INSERT, REPLACE, UPDATE or DELETE. Everything else is refused with its place. */
export function parseStatement(text: string, dialect: Dialect): ParsedStatement {
  try {
    const reader = new QueryReader(text, dialect);
    const operands = new QueryOperands(dialect, (cursor) => reader.query(cursor));
    const parser = new ExpressionParser(text, dialect, { operands, longest: QUERY_CHARACTERS });
    return { ok: true, statement: parser.reading((cursor) => new StatementReader(reader, dialect).statement(cursor)) };
  } catch (error) {
    if (error instanceof ExpressionProblem) return { ok: false, problem: error.problem, at: error.at };
    throw error;
  }
}

export class StatementReader {
  readonly #reader: QueryReader;
  readonly #dialect: Dialect;

  constructor(reader: QueryReader, dialect: Dialect) {
    this.#reader = reader;
    this.#dialect = dialect;
  }

  statement(cursor: Cursor): Statement {
    if (cursor.takeWord('insert')) return this.#insert(cursor, 'insert');
    if (cursor.takeWord('replace')) return this.#insert(cursor, 'replace');
    if (cursor.takeWord('update')) return this.#update(cursor);
    if (cursor.takeWord('delete')) return this.#delete(cursor);
    return { node: 'query', query: this.#reader.query(cursor) };
  }

  #insert(cursor: Cursor, said: Insert['verb']): Insert {
    for (const word of ['low_priority', 'delayed', 'high_priority']) cursor.takeWord(word);
    const or = this.#or(cursor);
    const verb = or === 'replace' ? 'replace' : said;
    const ignore = cursor.takeWord('ignore') || or === 'ignore';
    if (!cursor.takeWord('into') && this.#dialect !== 'mysql') throw cursor.unexpected(cursor.peek());
    const first = name(cursor);
    const second = cursor.takeSymbol('.') ? name(cursor) : undefined;
    const place = second === undefined ? { table: first } : { schema: first, table: second };
    const head = { node: 'insert', verb, ignore, ...place } as const;
    if (this.#dialect === 'mysql' && cursor.takeWord('set')) {
      const all = this.#assignments(cursor);
      const columns = all.map(({ path }) => path.at(-1) ?? '');
      return { ...head, columns, rows: [all.map(({ value }) => value)], ...this.#end(cursor) };
    }
    const columns = cursor.isSymbol('(') && !startsQuery(cursor, 1) ? columnList(cursor) : undefined;
    return { ...head, ...(columns && { columns }), ...this.#source(cursor), ...this.#end(cursor) };
  }

  /** SQLite: INSERT OR IGNORE. */
  #or(cursor: Cursor): string | undefined {
    if (this.#dialect !== 'sqlite' || !cursor.takeWord('or')) return undefined;
    const word = cursor.take().text.toLowerCase();
    // The others only say how much is undone when it fails.
    return word;
  }

  #source(cursor: Cursor): Pick<Insert, 'rows' | 'query'> {
    if (startsQuery(cursor, 0)) return { query: this.#reader.query(cursor) };
    if (cursor.takeWord('default')) {
      cursor.needWord('values');
      return { rows: [[]] };
    }
    if (!cursor.takeWord('values')) cursor.needWord('value');
    const rows: Expression[][] = [];
    do {
      cursor.takeWord('row');
      cursor.need('(');
      rows.push(cursor.isSymbol(')') ? [] : list(cursor));
      cursor.need(')');
    } while (cursor.takeSymbol(','));
    return { rows };
  }

  #end(cursor: Cursor): Pick<Insert, 'alias' | 'conflict'> {
    const alias = this.#dialect === 'mysql' && cursor.takeWord('as') ? name(cursor) : undefined;
    const conflict = this.#conflict(cursor);
    return { ...(alias !== undefined && { alias }), ...(conflict && { conflict }) };
  }

  #conflict(cursor: Cursor): Conflict | undefined {
    if (!cursor.takeWord('on')) return undefined;
    if (cursor.takeWord('duplicate')) {
      cursor.needWord('key');
      cursor.needWord('update');
      return { assignments: this.#assignments(cursor) };
    }
    cursor.needWord('conflict');
    const columns = cursor.isSymbol('(') ? nameList(cursor) : undefined;
    cursor.needWord('do');
    const known = columns ? { columns } : {};
    if (cursor.takeWord('nothing')) return { ...known, assignments: [] };
    cursor.needWord('update');
    cursor.needWord('set');
    const assignments = this.#assignments(cursor);
    const where = cursor.takeWord('where') ? cursor.expression() : undefined;
    return { ...known, assignments, ...(where && { where }) };
  }

  #assignments(cursor: Cursor): Assignment[] {
    const all: Assignment[] = [];
    do {
      const path = [name(cursor)];
      while (cursor.takeSymbol('.')) path.push(name(cursor));
      cursor.need('=');
      all.push({ path, value: cursor.expression() });
    } while (cursor.takeSymbol(','));
    return all;
  }

  #update(cursor: Cursor): Update {
    cursor.takeWord('low_priority');
    const ignore = cursor.takeWord('ignore') || this.#or(cursor) === 'ignore';
    const from = this.#reader.relations(cursor);
    cursor.needWord('set');
    const assignments = this.#assignments(cursor);
    return { node: 'update', ignore, from, assignments, ...conditions(cursor) };
  }

  /** DELETE FROM t …, DELETE a, b FROM …, DELETE FROM a, b USING …. */
  #delete(cursor: Cursor): Delete {
    cursor.takeWord('low_priority');
    cursor.takeWord('quick');
    const ignore = cursor.takeWord('ignore');
    if (!cursor.takeWord('from')) {
      const targets = targetList(cursor);
      cursor.needWord('from');
      return { node: 'delete', ignore, targets, from: this.#reader.relations(cursor), ...conditions(cursor) };
    }
    if (this.#dialect === 'mysql' && isTargetList(cursor)) {
      const targets = targetList(cursor);
      cursor.needWord('using');
      return { node: 'delete', ignore, targets, from: this.#reader.relations(cursor), ...conditions(cursor) };
    }
    return { node: 'delete', ignore, from: this.#reader.relations(cursor), ...conditions(cursor) };
  }
}

/** Names, and behind them USING. */
function isTargetList(cursor: Cursor): boolean {
  for (let ahead = 0; ; ahead += 1) {
    const { kind, text } = cursor.peek(ahead);
    if (kind === 'word' && text.toLowerCase() === 'using') return ahead > 0;
    const isPart = kind === 'word' || kind === 'quoted' || (kind === 'symbol' && ['.', ',', '*'].includes(text));
    if (!isPart || ['where', 'order', 'limit', 'as', 'join'].includes(text.toLowerCase())) return false;
  }
}

function targetList(cursor: Cursor): string[] {
  const targets: string[] = [];
  do {
    let target = name(cursor);
    while (cursor.takeSymbol('.')) if (!cursor.takeSymbol('*')) target = name(cursor);
    targets.push(target);
  } while (cursor.takeSymbol(','));
  return targets;
}

/** (a, t.b), or nothing. */
function columnList(cursor: Cursor): string[] {
  cursor.need('(');
  const columns: string[] = [];
  while (!cursor.isSymbol(')')) {
    let column = name(cursor);
    while (cursor.takeSymbol('.')) column = name(cursor);
    columns.push(column);
    if (!cursor.takeSymbol(',')) break;
  }
  cursor.need(')');
  return columns;
}

function conditions(cursor: Cursor): Pick<Update, 'where' | 'orderBy' | 'limit'> {
  const where = cursor.takeWord('where') ? cursor.expression() : undefined;
  const orderBy = orderings(cursor);
  const limit = cursor.takeWord('limit') ? cursor.expression() : undefined;
  return { orderBy, ...(where && { where }), ...(limit && { limit }) };
}
