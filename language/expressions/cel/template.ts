import { ExpressionProblem } from '../tokens.js';
import type { CelEvaluator } from './evaluate.js';
import type { CelValue } from './functions.js';
import { CelMistake, limitedText, printed } from './functions.js';
import { CelParser } from './parser.js';
import type { Cel } from './tree.js';

export const OPEN = '${{';
export const CLOSE = '}}';
/** Expressions in one text. */
const PARTS = 100;

/** A text cut into what stands as it is and what is evaluated. `$${{` stands for `${{`. */
export type TemplatePart = { readonly text: string } | { readonly cel: Cel };

/** The parts of a text, or undefined when there is nothing to evaluate or unescape. @throws ExpressionProblem */
export function templateParts(text: string): readonly TemplatePart[] | undefined {
  if (!text.includes(OPEN)) return undefined;
  const parts: TemplatePart[] = [];
  let from = 0;
  for (let at = text.indexOf(OPEN); at >= 0; at = text.indexOf(OPEN, from)) {
    if (parts.length > 2 * PARTS) throw new ExpressionProblem(`more than ${String(PARTS)} expressions`, at);
    if (text.charAt(at - 1) === '$' && at > from) {
      parts.push({ text: text.slice(from, at - 1) + OPEN });
      from = at + OPEN.length;
      continue;
    }
    if (at > from) parts.push({ text: text.slice(from, at) });
    const parser = new CelParser(text, at + OPEN.length, CLOSE);
    parts.push({ cel: parser.whole() });
    from = parser.end;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** One expression alone keeps its type; in a longer text its printed form is put in. @throws ExpressionProblem */
export function filledTemplate(parts: readonly TemplatePart[], evaluator: CelEvaluator): CelValue {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && 'cel' in only) return evaluator.value(only.cel);
  let whole = '';
  for (const part of parts) {
    try {
      whole = limitedText(whole + ('cel' in part ? printed(evaluator.value(part.cel)) : part.text));
    } catch (error) {
      if (error instanceof CelMistake) throw new ExpressionProblem(error.message, 'cel' in part ? part.cel.at : 0);
      throw error;
    }
  }
  return whole;
}
