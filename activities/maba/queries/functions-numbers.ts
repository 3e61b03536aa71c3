import { arg, asFloat, only } from './function-rules.js';
import type { Rule } from './function-rules.js';

function float(name: string, arguments_ = 1): Rule {
  return (args) => ({ sql: `${name}(${only(args, arguments_).map(asFloat).join(', ')})`, sort: 'float' });
}

/** MySQL gives NULL where PostgreSQL fails. */
function logarithm(base: number | undefined): Rule {
  return (args) => {
    const [first, second] = only(args, 1, base === undefined ? 2 : 1);
    const number = asFloat(second ?? arg(args, 0));
    const bottom = second === undefined ? base : undefined;
    const above =
      second !== undefined && first !== undefined
        ? ` / nullif(ln(${asFloat(first)}), 0)`
        : bottom === undefined
          ? ''
          : ` / ln(${String(bottom)})`;
    return { sql: `(CASE WHEN ${number} > 0 THEN ln(${number})${above} END)`, sort: 'float' };
  };
}

export const MYSQL_NUMBERS: Readonly<Record<string, Rule>> = {
  pow: float('power', 2),
  power: float('power', 2),
  exp: float('exp'),
  ln: logarithm(undefined),
  log: logarithm(undefined),
  log10: logarithm(10),
  log2: logarithm(2),
  pi: (args) => ({ sql: `${only(args, 0).length === 0 ? 'pi' : ''}()`, sort: 'float' }),
  sin: float('sin'),
  cos: float('cos'),
  tan: float('tan'),
  cot: float('cot'),
  asin: float('asin'),
  acos: float('acos'),
  atan: float('atan'),
  atan2: float('atan2', 2),
  degrees: float('degrees'),
  radians: float('radians'),
};
