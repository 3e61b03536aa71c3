import type { Catalogue } from '../../../contracts/catalogue.js';
import { parseExpression, printExpression } from '../../../language/expressions.js';
import type { Expression } from '../../../language/expressions.js';
import { Translator } from './translate.js';
import type { KnownColumn, TranslateContext } from './typed.js';
import { Untranslatable } from './typed.js';

export type TranslatedCheck =
  | { readonly state: 'made'; readonly expression: string }
  /** The target's types keep what it says. */
  | { readonly state: 'covered' }
  | { readonly state: 'refused'; readonly reason: string };

/** A check of the source as a check of the target. */
export function translateCheck(text: string, context: TranslateContext): TranslatedCheck {
  const parsed = parseExpression(text, dialectOf(context.engine));
  if (!parsed.ok) return { state: 'refused', reason: parsed.problem };
  try {
    const condition = new Translator(context).condition(parsed.expression);
    if (condition.node === 'boolean' && condition.value) return { state: 'covered' };
    return { state: 'made', expression: printExpression(condition) };
  } catch (error) {
    if (error instanceof Untranslatable) return { state: 'refused', reason: error.message };
    throw error;
  }
}

/** The column that a check keeps valid JSON, when that is all it says (MariaDB's JSON type is this). */
export function jsonCheckedColumn(text: string, engine: Catalogue['engine']): string | undefined {
  if (!/json_valid/i.test(text)) return undefined;
  const parsed = parseExpression(text, dialectOf(engine));
  const call = parsed.ok ? withoutEqualsOne(parsed.expression) : undefined;
  if (call?.node !== 'call' || call.name !== 'json_valid' || call.args.length !== 1) return undefined;
  const [column] = call.args;
  return column?.node === 'column' ? column.name : undefined;
}

function withoutEqualsOne(expression: Expression): Expression {
  if (expression.node !== 'binary' || expression.op !== '=') return expression;
  const { left, right } = expression;
  return right.node === 'number' && right.text === '1' ? left : expression;
}

function dialectOf(engine: Catalogue['engine']): 'sqlite' | 'mysql' {
  return engine === 'sqlite' ? 'sqlite' : 'mysql';
}

export function knownColumns(
  columns: readonly { readonly mapping: KnownColumn['mapping']; readonly collation?: string }[],
): ReadonlyMap<string, KnownColumn> {
  return new Map(columns.map((column) => [column.mapping.source.toLowerCase(), column]));
}
