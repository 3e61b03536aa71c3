import { parseExpression, printExpression } from '../../../language/expressions.js';
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
  const dialect = context.engine === 'sqlite' ? 'sqlite' : 'mysql';
  const parsed = parseExpression(text, dialect);
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

const JSON_VALID = /^\(*\s*json_valid\s*\(\s*[`"[]?([^`"\])]+)[`"\]]?\s*\)\s*(?:=\s*1\s*)?\)*$/i;

/** The column that a check keeps valid JSON, when that is all it says (MariaDB's JSON type is this). */
export function jsonCheckedColumn(text: string): string | undefined {
  return JSON_VALID.exec(text.trim())?.[1]?.trim();
}

export function knownColumns(
  columns: readonly { readonly mapping: KnownColumn['mapping']; readonly collation?: string }[],
): ReadonlyMap<string, KnownColumn> {
  return new Map(columns.map((column) => [column.mapping.source.toLowerCase(), column]));
}
