import { ExpressionProblem } from '../tokens.js';
import type { CelEvaluator } from './evaluate.js';
import type { CelValue } from './functions.js';
import { CelMistake, limitedText } from './functions.js';
import { CelParser } from './parser.js';
import { CLOSE, OPEN } from './template.js';
import type { Cel } from './tree.js';

/** What is made of the expressions of a text that are filled in now. */
export interface PartialFill {
  readonly evaluator: CelEvaluator;
  /** True: it is filled in. False: it stays as it is written, for later. @throws ExpressionProblem */
  readonly isNow: (cel: Cel) => boolean;
  /** Of an expression that is all of its text. */
  readonly whole: (value: CelValue) => CelValue;
  /** Of one inside of a longer text. @throws CelMistake */
  readonly inner: (value: CelValue) => string;
}

/** A text with some of its `${{ … }}` filled in; `$${{` stays as it is, for whoever fills in the rest. */
export function filledPartly(text: string, { evaluator, isNow, whole, inner }: PartialFill): CelValue {
  let made = '';
  let from = 0;
  for (let at = text.indexOf(OPEN); at >= 0; at = text.indexOf(OPEN, from)) {
    made += text.slice(from, at);
    if (text.charAt(at - 1) === '$' && at > from) {
      made += OPEN;
      from = at + OPEN.length;
      continue;
    }
    const parser = new CelParser(text, at + OPEN.length, CLOSE);
    const cel = parser.whole();
    from = parser.end;
    if (!isNow(cel)) made += text.slice(at, from);
    else if (at === 0 && from === text.length) return whole(evaluator.value(cel));
    else made = joined(made, () => inner(evaluator.value(cel)), cel);
  }
  return made + text.slice(from);
}

function joined(text: string, more: () => string, { at }: Cel): string {
  try {
    return limitedText(text + more());
  } catch (error) {
    if (error instanceof CelMistake) throw new ExpressionProblem(error.message, at);
    throw error;
  }
}
