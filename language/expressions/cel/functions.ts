/** Every function of the language, each total over JSON: it gives a value, or says what is wrong. */
export type CelValue = null | boolean | number | string | readonly CelValue[] | { readonly [name: string]: CelValue };

export const LIST_ITEMS = 10_000;
export const TEXT_CHARACTERS = 256 * 1024;

/** Thrown by functions, which do not know where they stand; the evaluator adds the offset. */
export class CelMistake extends Error {
  override readonly name = 'CelMistake';
}

export function typeOf(value: CelValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return 'map';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'text' : 'number';
}

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

export function isMap(value: CelValue): value is Readonly<Record<string, CelValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mistake(seen: string): never {
  throw new CelMistake(seen);
}

export function limitedText(text: string): string {
  return text.length <= TEXT_CHARACTERS ? text : mistake(`a text of more than ${String(TEXT_CHARACTERS)} characters`);
}

export function limitedList(items: readonly CelValue[]): readonly CelValue[] {
  return items.length <= LIST_ITEMS ? items : mistake(`a list of more than ${String(LIST_ITEMS)} items`);
}

export function finite(value: number): number {
  return Number.isFinite(value) ? value : mistake('the number is not finite');
}

function text(value: CelValue): string {
  return typeof value === 'string' ? value : mistake(`a text is needed, not a ${typeOf(value)}`);
}

function list(value: CelValue): readonly CelValue[] {
  return isList(value) ? value : mistake(`a list is needed, not a ${typeOf(value)}`);
}

/** As a text stands in a longer one. */
export function printed(value: CelValue): string {
  if (typeof value === 'string') return value;
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  return mistake(`a ${typeOf(value)} has no text form`);
}

/** A number as JSON writes one; JavaScript's other forms (hexadecimal, empty, Infinity) are none. */
function numberOf(value: CelValue): number {
  if (typeof value === 'number') return value;
  const given = text(value);
  if (given.length > 400 || !/^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(given))
    mistake('the text is no number');
  return finite(Number(given));
}

function size(value: CelValue): number {
  if (typeof value === 'string' || isList(value)) return value.length;
  return isMap(value) ? Object.keys(value).length : mistake(`a ${typeOf(value)} has no size`);
}

function range(value: CelValue): readonly number[] {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return mistake('a count is needed');
  if (value > LIST_ITEMS) return mistake(`a list of more than ${String(LIST_ITEMS)} items`);
  return Array.from({ length: value }, (_, at) => at);
}

/** Upper and lower case of ASCII only: what locales and Unicode versions do to the rest differs between hosts. */
function changeCase(value: CelValue, pattern: RegExp, by: number): string {
  return text(value).replace(pattern, (letter) => String.fromCharCode(letter.charCodeAt(0) + by));
}

function join(items: CelValue, separator: CelValue): string {
  const between = text(separator);
  let whole = '';
  list(items).forEach((item, at) => {
    whole = limitedText(whole + (at === 0 ? '' : between) + text(item));
  });
  return whole;
}

type CelFunction = (first: CelValue, second: CelValue) => CelValue;

/** By name: how many arguments, and what it gives. `f(x, y)` and `x.f(y)` are the same call. */
export const CEL_FUNCTIONS: ReadonlyMap<string, { readonly count: number; readonly run: CelFunction }> = new Map<
  string,
  { count: number; run: CelFunction }
>([
  ['size', { count: 1, run: size }],
  ['string', { count: 1, run: printed }],
  ['double', { count: 1, run: numberOf }],
  ['int', { count: 1, run: (value) => Math.trunc(numberOf(value)) }],
  ['range', { count: 1, run: range }],
  ['keys', { count: 1, run: (value) => (isMap(value) ? limitedList(Object.keys(value)) : mistake('a map is needed')) }],
  ['contains', { count: 2, run: (whole, part) => text(whole).includes(text(part)) }],
  ['startsWith', { count: 2, run: (whole, part) => text(whole).startsWith(text(part)) }],
  ['endsWith', { count: 2, run: (whole, part) => text(whole).endsWith(text(part)) }],
  ['lowerAscii', { count: 1, run: (value) => changeCase(value, /[A-Z]/g, 32) }],
  ['upperAscii', { count: 1, run: (value) => changeCase(value, /[a-z]/g, -32) }],
  ['trim', { count: 1, run: (value) => text(value).trim() }],
  ['split', { count: 2, run: (whole, by) => limitedList(text(whole).split(text(by), LIST_ITEMS + 1)) }],
  ['join', { count: 2, run: join }],
]);
