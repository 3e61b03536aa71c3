import { RESERVED_NAMES } from '../contracts/definition.js';
import type { DefinitionProblem, Path, Position, ReadDocument } from './read.js';
import { DEPTH, LOCATED, TOO_DEEP } from './read.js';

/** Where the parts of a value stand; made only when somebody asks. */
interface Place {
  readonly at: number;
  readonly parts: Map<string, { readonly keyAt: number; readonly place: Place }>;
}

class JsonSyntax extends Error {
  override readonly name = 'JsonSyntax';
  readonly at: number;
  constructor(at: number) {
    super('no JSON');
    this.at = at;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS: readonly (readonly [string, null | boolean])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** JSON.parse keeps the last of two equal keys, rounds numbers and knows no place; hence a reader of our own. */
class JsonReader {
  readonly problems: { at: number; message: string; hint: string }[] = [];
  isTooDeep = false;
  readonly #text: string;
  readonly #tracks: boolean;
  #at = 0;
  #place: Place | undefined;

  constructor(text: string, tracks: boolean) {
    this.#text = text;
    this.#tracks = tracks;
  }

  /** @throws JsonSyntax */
  whole(): { value: unknown; place: Place | undefined } {
    const value = this.#value(0);
    const place = this.#place;
    this.#spaces();
    if (this.#at < this.#text.length) throw new JsonSyntax(this.#at);
    return { value, place };
  }

  #spaces(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #take(symbol: string): boolean {
    this.#spaces();
    if (this.#text.charAt(this.#at) !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #need(symbol: string): void {
    if (!this.#take(symbol)) throw new JsonSyntax(this.#at);
  }

  #add(at: number, message: string, hint: string): void {
    if (this.problems.length < LOCATED) this.problems.push({ at, message, hint });
  }

  #value(depth: number): unknown {
    this.#spaces();
    const at = this.#at;
    this.#place = this.#tracks ? { at, parts: new Map() } : undefined;
    const first = this.#text.charAt(at);
    if (first === '"') return this.#string();
    if (first === '{' || first === '[') {
      if (depth >= DEPTH) {
        this.isTooDeep = true;
        this.#add(at, TOO_DEEP.message, TOO_DEEP.hint);
        throw new JsonSyntax(at);
      }
      this.#at += 1;
      return first === '{' ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    const word = WORDS.find(([name]) => this.#text.startsWith(name, at));
    if (word === undefined) return this.#number(at);
    this.#at += word[0].length;
    return word[1];
  }

  #number(at: number): number {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) throw new JsonSyntax(at);
    this.#at += found.length;
    const value = Number(found);
    if (!Number.isFinite(value)) this.#add(at, 'the number is not finite', 'use a finite number');
    else if (!Number.isSafeInteger(value) && /^-?[0-9]+$/.test(found))
      this.#add(at, 'the number is too large to be kept as it is', 'put it in quotes');
    return value;
  }

  #string(): string {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === 0x5c) at += 1;
      else if (code === 0x22) {
        this.#at = at + 1;
        return this.#decoded(start, at + 1);
      }
    }
    throw new JsonSyntax(start);
  }

  #decoded(start: number, end: number): string {
    try {
      const text = JSON.parse(this.#text.slice(start, end)) as string;
      if (!text.isWellFormed()) this.#add(start, 'a text with half a character', 'correct the \\u escape');
      return text;
    } catch {
      throw new JsonSyntax(start);
    }
  }

  #array(depth: number): unknown[] {
    const own = this.#place;
    const values: unknown[] = [];
    if (!this.#take(']')) {
      do {
        values.push(this.#value(depth));
        if (own && this.#place) own.parts.set(String(values.length - 1), { keyAt: this.#place.at, place: this.#place });
      } while (this.#take(','));
      this.#need(']');
    }
    this.#place = own;
    return values;
  }

  #object(depth: number): Record<string, unknown> {
    const own = this.#place;
    const values: Record<string, unknown> = {};
    if (!this.#take('}')) {
      do {
        this.#spaces();
        const keyAt = this.#at;
        if (this.#text.charAt(keyAt) !== '"') throw new JsonSyntax(keyAt);
        const key = this.#string();
        this.#need(':');
        const value = this.#value(depth);
        if (RESERVED_NAMES.has(key)) this.#add(keyAt, `the key "${key}" is reserved`, 'choose another name');
        else if (Object.hasOwn(values, key))
          this.#add(keyAt, `the key "${key.slice(0, 100)}" is given twice`, 'keep one of them');
        else values[key] = value;
        if (own && this.#place) own.parts.set(key, { keyAt, place: this.#place });
      } while (this.#take(','));
      this.#need('}');
    }
    this.#place = own;
    return values;
  }
}

/** Offsets to lines and columns: the starts of the lines, found once. */
function lineTable(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

function offsetIn(whole: Place, path: Path, key?: string): number {
  let place = whole;
  for (const name of path) {
    const part = place.parts.get(String(name));
    if (part === undefined) return place.at;
    ({ place } = part);
  }
  return key === undefined ? place.at : (place.parts.get(key)?.keyAt ?? place.at);
}

/** `isJson` is false when the text is none; then its problem says where it stops to be. */
export function readJson(text: string): ReadDocument {
  const reader = new JsonReader(text, false);
  let lines: ((offset: number) => Position) | undefined;
  const at = (offset: number): Position => (lines ??= lineTable(text))(offset);
  const told = (): DefinitionProblem[] =>
    reader.problems.map(({ at: offset, message, hint }) => ({ ...at(offset), path: '', message, hint }));
  try {
    const { value } = reader.whole();
    let whole: Place | undefined;
    const positionOf = (path: Path, key?: string): Position => {
      whole ??= new JsonReader(text, true).whole().place;
      return at(whole === undefined ? 0 : offsetIn(whole, path, key));
    };
    return { value, problems: told(), isJson: true, positionOf };
  } catch (error) {
    if (!(error instanceof JsonSyntax)) throw error;
    const problems = reader.isTooDeep
      ? told()
      : [{ ...at(error.at), path: '', message: 'it is no JSON from here on', hint: 'correct the JSON' }];
    return { value: undefined, problems, isJson: reader.isTooDeep, positionOf: () => ({ line: 1, column: 1 }) };
  }
}
