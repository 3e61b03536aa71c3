import { CaravanFailure } from '../../contracts/failures.js';
import type { ColumnMapping, MadeType, MigrationMapping } from '../../contracts/mapping.js';
import { PLACES } from '../../contracts/mapping.js';
import { qualified } from './identifiers.js';

/**
 * Types, defaults and checks come from a plan that a person may edit. They were validated before; these guards make
 * sure that nothing but one type or one expression gets into a statement, whatever was validated.
 */

const WORDS = String.raw`[a-z_][a-z0-9_]*(?: [a-z][a-z0-9_]*)*`;
const MODIFIER = String.raw`\(\s*-?\d+(?:\s*,\s*-?\d+)?\s*\)`;
const BUILT_IN = new RegExp(
  String.raw`^${WORDS}\s*(?:${MODIFIER})?(?: ${WORDS}\s*(?:${MODIFIER})?)?(?:\s*\[\d*\])*$`,
  'i',
);
const NAMED = /^(?:"((?:[^"\0]|"")+)"|([^"[\]]+?))\s*((?:\[\d*\])*)$/;

/** SQL of a column's type; a type of the plan is qualified with `schema`. */
export function typeSql(column: ColumnMapping, types: MigrationMapping['types'], schema: string): string {
  if (column.kind === 'native') return nativeTypeSql(column.type, types, schema);
  // A name may begin or end with blanks.
  if (column.kind === 'enum' && types.some((type) => type.name === column.type)) return qualified(schema, column.type);
  const text = column.type.trim();
  const named = NAMED.exec(text);
  if (named !== null) {
    const name = named[1]?.replaceAll('""', '"') ?? named[2] ?? '';
    const mayBeOurs = named[1] !== undefined || column.kind === 'enum' || column.kind === 'text_array';
    if (mayBeOurs && types.some((type) => type.name === name)) return `${qualified(schema, name)}${named[3] ?? ''}`;
  }
  // A type of PostGIS is found by the search path.
  if (BUILT_IN.test(text) || PLACES.pattern.test(text)) return text;
  throw refusedPart('use the type', column.type, 'it is neither a type of the plan nor a built-in type');
}

const NATIVE_NAMED = /^"((?:[^"\0]|"")+)"(\([\w ,.+-]*\))?((?:\[\])*)$/;

/** SQL of a type that PostgreSQL printed: built in, of the plan, or of an extension, which the search path finds. */
export function nativeTypeSql(text: string, types: readonly MadeType[], schema: string): string {
  const [, quotedName, modifier = '', array = ''] = NATIVE_NAMED.exec(text) ?? [];
  if (quotedName === undefined) {
    if (BUILT_IN.test(text)) return text;
    throw refusedPart('use the type', text, 'it is no type that PostgreSQL prints');
  }
  const name = quotedName.replaceAll('""', '"');
  return types.some((type) => type.name === name) ? `${qualified(schema, name)}${modifier}${array}` : text;
}

/** PostgreSQL's own words for a part of a statement: they begin as they must, and end where they end. */
export function wordsSql(text: string, begins: RegExp): string {
  const fault = begins.test(text) ? faultOfExpression(text) : 'it does not begin as it must';
  if (fault !== undefined) throw refusedPart('use the definition', text, fault);
  return text;
}

/** One expression in parentheses, so that nothing of it can reach the statement around it. */
export function expressionSql(expression: string): string {
  const fault = faultOfExpression(expression);
  if (fault !== undefined) throw refusedPart('use the expression', expression, fault);
  return `(${expression})`;
}

/** Walks the tokens that matter: strings, quoted names, dollar quotes, comments, parentheses, semicolons. */
export function faultOfExpression(text: string): string | undefined {
  if (text.trim() === '') return 'it is empty';
  if (text.includes('\0')) return 'it holds a NUL character';
  let depth = 0;
  let escapes = false;
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const string = STRING.exec(rest);
    if (string !== null) {
      // A literal continued on the next line keeps the escape rule of its first part.
      escapes = string[1] !== undefined || (escapes && continues(text.slice(0, at)));
      const end = endOfString(text, at + (string[1]?.length ?? 0) + 1, escapes);
      if (end === undefined) return 'a string does not end';
      at = end;
      continue;
    }
    const token = TOKEN.exec(rest)?.[0] ?? rest.charAt(0);
    if (token === '"') return 'a quoted name does not end';
    if (token === '--' || token === '/*' || token === '*/') return 'it holds a comment';
    if (token === ';') return 'it holds a semicolon';
    if (DOLLAR.test(token)) return 'it holds a dollar-quoted string';
    if (token === '(') depth += 1;
    if (token === ')' && (depth -= 1) < 0) return 'parentheses do not match';
    at += token.length;
  }
  return depth === 0 ? undefined : 'parentheses do not match';
}

const STRING = /^([eE](?='))?'/;
const DOLLAR = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$$/;
const TOKEN =
  /^(?:"(?:[^"]|"")*"|--|\/\*|\*\/|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*(?!')|\s+|[\s\S])/;

function continues(before: string): boolean {
  return /'\s*\n\s*$/.test(before);
}

function endOfString(text: string, from: number, escapes: boolean): number | undefined {
  for (let at = from; at < text.length; at += 1) {
    if (escapes && text[at] === '\\') at += 1;
    else if (text[at] === "'") {
      if (text[at + 1] !== "'") return at + 1;
      at += 1;
    }
  }
  return undefined;
}

export function refusedPart(attempted: string, on: string, seen: string): CaravanFailure {
  return new CaravanFailure('PLAN_INVALID', { attempted, on: on.slice(0, 200), seen });
}
