import type { SourceEngine } from '../../../contracts/catalogue.js';
import type { Expression } from '../../../language/expressions.js';
import { DEFAULT_COLLATED, nodesOf } from '../../../language/expressions.js';
import type { Typed } from './typed.js';
import { fail, neverZero, textOf, TRUE } from './typed.js';

export interface Call {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly engine: SourceEngine;
  /** Translates an argument. */
  readonly value: (argument: Expression) => Typed;
}

/** A function of the source as one of the target that gives the same; what has none fails by name. */
export function translateCall(call: Call): Typed {
  const own = CALLS.get(call.name);
  if (own) return own(call);
  const simple = SIMPLE.get(call.name);
  if (call.args.length !== simple?.args) return fail(`the function "${call.name}"`);
  const args = call.args.map((argument, at) => {
    if (simple.of === 'number') return numberOf(call.value(argument));
    const text = textOf(call.value(argument));
    return at === 0 && CASED.has(simple.name) ? plainly(text, argument, call.value) : text;
  });
  return { expression: { node: 'call', name: simple.name, args }, sort: simple.of };
}

/** What these give depends on the collation of the text, which in the source is another for a column of a key. */
const CASED = new Set(['lower', 'upper', 'replace']);

/** The text under the database's own collation, where a column in it has another. */
export function plainly(text: Expression, source: Expression, value: Call['value']): Expression {
  for (const node of nodesOf(source)) {
    if (node.node === 'column' && value(node).column?.mapping.collation !== undefined)
      return { node: 'cast', operand: text, type: DEFAULT_COLLATED };
  }
  return text;
}

function numberOf(value: Typed): Expression {
  if (value.sort !== 'number') fail('arithmetic on something that is no number in the target');
  return value.expression;
}

/** Whole numbers and decimals read alike in both; other values do not. */
function spoken(value: Typed): Expression {
  const kind = value.column?.mapping.kind;
  if (kind === 'integer' || kind === 'decimal') return { node: 'cast', operand: value.expression, type: 'text' };
  return textOf(value);
}

/** MySQL's gives NULL when one of its arguments is, as || does. */
function concat({ args, value }: Call): Typed {
  const [first, ...others] = args.map((argument) => spoken(value(argument)));
  if (first === undefined) return fail('a concatenation of nothing');
  const expression = others.reduce<Expression>((left, right) => ({ node: 'binary', op: '||', left, right }), first);
  return { expression, sort: 'text' };
}

/** Arguments of one sort; the first of them that is known decides. */
function alike({ name, args, value }: Call, as: string): Typed {
  const values = args.map((argument) => value(argument));
  const sort = values.find((each) => each.sort !== 'null')?.sort;
  if (sort === undefined || sort === 'other') return fail(`the function "${name}" on such values`);
  if (values.some((each) => each.sort !== sort && each.sort !== 'null')) return fail(`"${name}" of several types`);
  const inner = values.map((each) => (sort === 'text' && each.sort === 'text' ? textOf(each) : each.expression));
  return { expression: { node: 'call', name: as, args: inner }, sort };
}

function length({ name, args, engine, value }: Call): Typed {
  const [first] = args;
  if (!first || args.length !== 1) return fail(`the function "${name}"`);
  const argument = value(first);
  const bytes = argument.sort === 'bytes' || name === 'octet_length' || (name === 'length' && engine !== 'sqlite');
  const operand = argument.sort === 'bytes' ? argument.expression : textOf(argument);
  return {
    expression: { node: 'call', name: bytes ? 'octet_length' : 'char_length', args: [operand] },
    sort: 'number',
  };
}

function jsonValid({ args, value }: Call): Typed {
  const [first] = args;
  const kind = first && value(first).column?.mapping.kind;
  return kind === 'json' ? TRUE : fail('json_valid on a column that is not json in the target');
}

/** A part of a day in a calendar; of a moment in time it would depend on the zone. */
function datePart({ name, args, value }: Call): Typed {
  const [first] = args;
  const argument = first && value(first);
  const kind = argument?.column?.mapping.kind;
  if (!argument || (kind !== 'date' && kind !== 'timestamp')) return fail(`the function "${name}" on such a value`);
  const part: Expression = { node: 'string', value: name === 'dayofmonth' ? 'day' : name };
  const operand: Expression = { node: 'call', name: 'date_part', args: [part, argument.expression] };
  return { expression: { node: 'cast', operand, type: 'integer' }, sort: 'number' };
}

const FLOATS = new Set(['float4', 'float8']);

/** Both round decimals away from zero; floating numbers they round each in its own way. */
function round({ args, value }: Call): Typed {
  const [first, digits] = args;
  if (!first || args.length > 2 || (digits && digits.node !== 'number')) return fail('the function "round"');
  for (const node of nodesOf(first)) {
    if (node.node === 'column' && FLOATS.has(value(node).column?.mapping.kind ?? ''))
      fail('rounding a floating number');
  }
  const operand: Expression = { node: 'cast', operand: numberOf(value(first)), type: 'numeric' };
  return { expression: { node: 'call', name: 'round', args: digits ? [operand, digits] : [operand] }, sort: 'number' };
}

/** The first or last characters; a number that is none, or is negative, means other things on each side. */
function end({ name, args, value }: Call): Typed {
  const [first, count] = args;
  if (!first || args.length !== 2 || count?.node !== 'number') return fail(`the function "${name}"`);
  return { expression: { node: 'call', name, args: [textOf(value(first)), count] }, sort: 'text' };
}

function mod({ args, value }: Call): Typed {
  const [left, right] = args;
  if (!left || !right || args.length !== 2) return fail('the function "mod"');
  const divisor = neverZero(numberOf(value(right)));
  return { expression: { node: 'binary', op: '%', left: numberOf(value(left)), right: divisor }, sort: 'number' };
}

const CALLS: ReadonlyMap<string, (call: Call) => Typed> = new Map<string, (call: Call) => Typed>([
  ['concat', concat],
  ['coalesce', (call) => alike(call, 'coalesce')],
  ['ifnull', (call) => alike(call, 'coalesce')],
  ['nullif', (call) => alike(call, 'nullif')],
  ['json_valid', jsonValid],
  ...['length', 'char_length', 'character_length', 'octet_length'].map((name) => [name, length] as const),
  ...['year', 'month', 'day', 'dayofmonth'].map((name) => [name, datePart] as const),
  ['mod', mod],
  ['round', round],
  ['left', end],
  ['right', end],
]);

const SIMPLE = new Map<string, { readonly name: string; readonly args: number; readonly of: 'text' | 'number' }>([
  ['lower', { name: 'lower', args: 1, of: 'text' }],
  ['lcase', { name: 'lower', args: 1, of: 'text' }],
  ['upper', { name: 'upper', args: 1, of: 'text' }],
  ['ucase', { name: 'upper', args: 1, of: 'text' }],
  ['trim', { name: 'btrim', args: 1, of: 'text' }],
  ['ltrim', { name: 'ltrim', args: 1, of: 'text' }],
  ['rtrim', { name: 'rtrim', args: 1, of: 'text' }],
  ['replace', { name: 'replace', args: 3, of: 'text' }],
  ['abs', { name: 'abs', args: 1, of: 'number' }],
]);
