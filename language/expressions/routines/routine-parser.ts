import { ExpressionParser } from '../parser.js';
import type { Cursor } from '../parser.js';
import { QueryOperands, startsQuery } from '../queries/query-operands.js';
import { name, QUERY_CHARACTERS, QueryReader } from '../queries/query-parser.js';
import { StatementReader } from '../queries/statement-parser.js';
import { ExpressionProblem } from '../tokens.js';
import type { Expression } from '../tree.js';
import { withoutComments } from './comments.js';
import { cursorOf, declaredType, handlerAction, variableOf } from './declarations.js';
import type { Arm, Block, DeclaredType, RoutineStatement } from './tree.js';

export type ParsedRoutine =
  | { readonly ok: true; readonly body: RoutineStatement }
  | { readonly ok: false; readonly problem: string; readonly at: number };

/** Symbols that stand between statements and nowhere in a query. */
const SYMBOLS = [':=', ';', ':'];

/** Parses the body of a function, a procedure or a trigger of MySQL. What is not in `tree.ts` is refused with its place. */
export function parseRoutine(text: string): ParsedRoutine {
  try {
    const blank = withoutComments(text);
    const reader = new QueryReader(blank, 'mysql', true);
    const operands = new QueryOperands('mysql', (cursor) => reader.query(cursor));
    const parser = new ExpressionParser(blank, 'mysql', { operands, longest: QUERY_CHARACTERS, symbols: SYMBOLS });
    const body = parser.reading((cursor) => {
      const statement = new RoutineReader(reader).statement(cursor);
      cursor.takeSymbol(';');
      return statement;
    });
    return { ok: true, body };
  } catch (error) {
    if (error instanceof ExpressionProblem) return { ok: false, problem: error.problem, at: error.at };
    throw error;
  }
}

/** A type as the information schema prints it; undefined where it is none of the language. */
export function parseType(text: string): DeclaredType | undefined {
  try {
    return new ExpressionParser(text, 'mysql').reading(declaredType);
  } catch (error) {
    if (error instanceof ExpressionProblem) return undefined;
    throw error;
  }
}

/** Words that end a list of statements. */
const ENDS = ['end', 'else', 'elseif', 'when', 'until'];

class RoutineReader {
  readonly #queries: QueryReader;
  readonly #changes: StatementReader;

  constructor(queries: QueryReader) {
    this.#queries = queries;
    this.#changes = new StatementReader(queries, 'mysql');
  }

  statement(cursor: Cursor): RoutineStatement {
    return cursor.deeper(() => this.#labelled(cursor) ?? this.#plain(cursor));
  }

  #labelled(cursor: Cursor): RoutineStatement | undefined {
    const colon = cursor.peek(1);
    const isLabel = colon.kind === 'symbol' && colon.text === ':';
    const label = isLabel ? name(cursor) : undefined;
    if (isLabel) cursor.need(':');
    if (cursor.takeWord('begin')) return this.#block(cursor, label);
    if (cursor.takeWord('while')) return this.#while(cursor, label);
    if (cursor.isWord('loop')) return this.#loop(cursor, label);
    if (cursor.isWord('repeat')) return this.#repeat(cursor, label);
    if (isLabel) throw cursor.unexpected(cursor.peek());
    return undefined;
  }

  #plain(cursor: Cursor): RoutineStatement {
    const token = cursor.peek();
    if (startsQuery(cursor, 0)) return this.#select(cursor);
    if (['insert', 'replace', 'update', 'delete'].some((word) => cursor.isWord(word))) {
      const statement = this.#changes.statement(cursor);
      if (statement.node === 'query') throw cursor.unexpected(token);
      return { node: 'change', statement };
    }
    if (cursor.takeWord('set')) return this.#set(cursor);
    if (cursor.takeWord('if')) return this.#if(cursor);
    if (cursor.takeWord('case')) return this.#case(cursor);
    if (cursor.takeWord('return')) return { node: 'return', value: cursor.expression() };
    if (cursor.takeWord('leave')) return { node: 'leave', label: name(cursor) };
    if (cursor.takeWord('iterate')) return { node: 'iterate', label: name(cursor) };
    if (cursor.takeWord('signal')) return signal(cursor);
    if (cursor.takeWord('call')) return call(cursor);
    if (cursor.takeWord('open')) return { node: 'open', cursor: name(cursor) };
    if (cursor.takeWord('close')) return { node: 'close', cursor: name(cursor) };
    if (cursor.takeWord('fetch')) return fetch(cursor);
    const word = token.kind === 'word' ? token.text.toUpperCase() : undefined;
    throw word === undefined
      ? cursor.unexpected(token)
      : new ExpressionProblem(`the statement ${word} has no translation`, token.at);
  }

  #select(cursor: Cursor): RoutineStatement {
    const query = this.#queries.query(cursor);
    const into = this.#queries.takeInto();
    if (cursor.isWord('for') || cursor.isWord('lock')) throw new ExpressionProblem('a lock', cursor.peek().at);
    return { node: 'select', query, ...(into && { into }) };
  }

  #set(cursor: Cursor): RoutineStatement {
    const all: RoutineStatement[] = [];
    do {
      const path = [name(cursor)];
      while (cursor.takeSymbol('.')) path.push(name(cursor));
      if (!cursor.takeSymbol(':=')) cursor.need('=');
      all.push({ node: 'set', path, value: cursor.expression() });
    } while (cursor.takeSymbol(','));
    const [only] = all;
    return all.length === 1 && only ? only : { node: 'block', variables: [], cursors: [], body: all };
  }

  #body(cursor: Cursor): RoutineStatement[] {
    const body: RoutineStatement[] = [];
    while (!ENDS.some((word) => cursor.isWord(word))) {
      body.push(this.statement(cursor));
      cursor.need(';');
    }
    return body;
  }

  #block(cursor: Cursor, label: string | undefined): Block {
    if (cursor.takeWord('not')) throw new ExpressionProblem('BEGIN NOT ATOMIC', cursor.peek().at);
    const variables: Block['variables'][number][] = [];
    const cursors: Block['cursors'][number][] = [];
    let handler: Block['handler'];
    while (cursor.takeWord('declare')) {
      const { at } = cursor.peek();
      const action = handlerAction(cursor);
      if (action !== undefined) {
        if (handler !== undefined) throw new ExpressionProblem('several handlers in one block', at);
        handler = { action, body: this.statement(cursor) };
      } else {
        const declared = cursorOf(cursor, (inner) => this.#queries.query(inner));
        if (declared) cursors.push(declared);
        else variables.push(variableOf(cursor));
      }
      cursor.need(';');
    }
    const body = this.#body(cursor);
    cursor.needWord('end');
    endLabel(cursor, label);
    return {
      ...{ node: 'block', variables, cursors, body },
      ...(label !== undefined && { label }),
      ...(handler && { handler }),
    };
  }

  #while(cursor: Cursor, label: string | undefined): RoutineStatement {
    const when = cursor.expression();
    cursor.needWord('do');
    const body = this.#body(cursor);
    return { node: 'while', when, body, ...ended(cursor, 'while', label) };
  }

  #loop(cursor: Cursor, label: string | undefined): RoutineStatement {
    cursor.needWord('loop');
    const body = this.#body(cursor);
    return { node: 'loop', body, ...ended(cursor, 'loop', label) };
  }

  #repeat(cursor: Cursor, label: string | undefined): RoutineStatement {
    cursor.needWord('repeat');
    const body = this.#body(cursor);
    cursor.needWord('until');
    const until = cursor.expression();
    return { node: 'repeat', until, body, ...ended(cursor, 'repeat', label) };
  }

  #arm(cursor: Cursor): Arm {
    const when = cursor.expression();
    cursor.needWord('then');
    return { when, body: this.#body(cursor) };
  }

  #if(cursor: Cursor): RoutineStatement {
    const arms = [this.#arm(cursor)];
    while (cursor.takeWord('elseif')) arms.push(this.#arm(cursor));
    const otherwise = cursor.takeWord('else') ? this.#body(cursor) : undefined;
    cursor.needWord('end');
    cursor.needWord('if');
    return { node: 'if', arms, ...(otherwise && { otherwise }) };
  }

  #case(cursor: Cursor): RoutineStatement {
    const operand = cursor.isWord('when') ? undefined : cursor.expression();
    const arms: Arm[] = [];
    while (cursor.takeWord('when')) arms.push(this.#arm(cursor));
    const otherwise = cursor.takeWord('else') ? this.#body(cursor) : undefined;
    cursor.needWord('end');
    cursor.needWord('case');
    return { node: 'case', arms, ...(operand && { operand }), ...(otherwise && { otherwise }) };
  }
}

function endLabel(cursor: Cursor, label: string | undefined): void {
  const token = cursor.peek();
  if (label !== undefined && (token.kind === 'word' || token.kind === 'quoted')) name(cursor);
}

function ended(cursor: Cursor, word: string, label: string | undefined): { readonly label?: string } {
  cursor.needWord('end');
  cursor.needWord(word);
  endLabel(cursor, label);
  return label === undefined ? {} : { label };
}

/** SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = …. */
function signal(cursor: Cursor): RoutineStatement {
  cursor.needWord('sqlstate');
  cursor.takeWord('value');
  const { kind, text, at } = cursor.take();
  if (kind !== 'string' || !/^[0-9A-Z]{5}$/u.test(text)) throw new ExpressionProblem('a SQLSTATE is expected', at);
  // Warnings and "no row" are handled, and end nothing.
  if (/^0[012]/u.test(text)) throw new ExpressionProblem('a signal that is no error', at);
  if (!cursor.takeWord('set')) return { node: 'signal', state: text };
  if (!cursor.takeWord('message_text')) throw cursor.unexpected(cursor.peek());
  cursor.need('=');
  const message = cursor.expression();
  if (cursor.isSymbol(',')) throw new ExpressionProblem('a signal that says more than its text', cursor.peek().at);
  return { node: 'signal', state: text, message };
}

function call(cursor: Cursor): RoutineStatement {
  const called = name(cursor);
  if (cursor.isSymbol('.')) throw new ExpressionProblem('a procedure of another database', cursor.peek().at);
  const args: Expression[] = [];
  if (cursor.takeSymbol('(') && !cursor.takeSymbol(')')) {
    do args.push(cursor.expression());
    while (cursor.takeSymbol(','));
    cursor.need(')');
  }
  return { node: 'call', name: called, args };
}

function fetch(cursor: Cursor): RoutineStatement {
  if (cursor.takeWord('next')) cursor.needWord('from');
  else cursor.takeWord('from');
  const called = name(cursor);
  cursor.needWord('into');
  const into = [name(cursor)];
  while (cursor.takeSymbol(',')) into.push(name(cursor));
  return { node: 'fetch', cursor: called, into };
}
