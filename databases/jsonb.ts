/** Deepest nesting that is read. */
const DEPTH_MAX = 2000;
/** Digits of a `numeric` before and behind the point. */
const WHOLE_MAX = 131_072;
const SCALE_MAX = 16_383;

const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/**
 * The text that PostgreSQL's jsonb has for a JSON: keys in its order, numbers as numeric prints them, no needless
 * blanks. Undefined where jsonb takes none of it, or would keep less than it says: of two equal keys it keeps one.
 */
export function jsonbText(text: string): string | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    return reader.isAtEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoJsonb) return undefined;
    throw error;
  }
}

class NoJsonb extends Error {}

type Token = 'punctuation' | 'string' | 'number' | 'word';

class Reader {
  readonly #text: string;
  #at = 0;
  #kind: Token = 'word';

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    this.#take(BLANKS);
    return this.#at === this.#text.length;
  }

  value(depth: number, first = this.#next()): string {
    if (depth > DEPTH_MAX) throw new NoJsonb();
    switch (this.#kind) {
      case 'string':
        return printed(stringOf(first));
      case 'number':
        return numberOf(first);
      case 'word':
        return first;
      case 'punctuation':
        if (first === '{') return this.#object(depth);
        if (first === '[') return this.#array(depth);
        throw new NoJsonb();
    }
  }

  #array(depth: number): string {
    const items: string[] = [];
    for (let token = this.#next(); ; token = this.#next()) {
      if (items.length === 0 && this.#is(token, ']')) return '[]';
      items.push(this.value(depth + 1, token));
      const behind = this.#next();
      if (this.#is(behind, ']')) return `[${items.join(', ')}]`;
      if (!this.#is(behind, ',')) throw new NoJsonb();
    }
  }

  #object(depth: number): string {
    const members = new Map<string, string>();
    for (let token = this.#next(); ; token = this.#next()) {
      if (members.size === 0 && this.#is(token, '}')) return '{}';
      if (this.#kind !== 'string') throw new NoJsonb();
      const key = stringOf(token);
      if (members.has(key) || !this.#is(this.#next(), ':')) throw new NoJsonb();
      members.set(key, this.value(depth + 1));
      const behind = this.#next();
      if (this.#is(behind, '}')) return `{${inOrder(members).join(', ')}}`;
      if (!this.#is(behind, ',')) throw new NoJsonb();
    }
  }

  #is(token: string, wanted: string): boolean {
    return this.#kind === 'punctuation' && token === wanted;
  }

  #next(): string {
    this.#take(BLANKS);
    const character = this.#text.charAt(this.#at);
    if (character === '"') return this.#string();
    if ('{}[],:'.includes(character) && character !== '') {
      this.#kind = 'punctuation';
      this.#at += 1;
      return character;
    }
    this.#kind = character === '-' || (character >= '0' && character <= '9') ? 'number' : 'word';
    const token = this.#take(this.#kind === 'number' ? NUMBER : WORD);
    if (token === '') throw new NoJsonb();
    return token;
  }

  #string(): string {
    const from = this.#at;
    let to = from + 1;
    while (to < this.#text.length && this.#text[to] !== '"') to += this.#text[to] === '\\' ? 2 : 1;
    this.#kind = 'string';
    this.#at = to + 1;
    return this.#text.slice(from, to + 1);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

/** Shorter keys stand first, and those of one length by their bytes. */
function inOrder(members: ReadonlyMap<string, string>): string[] {
  return [...members]
    .map(([key, value]) => ({ key, bytes: Buffer.from(key), value }))
    .sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes))
    .map(({ key, value }) => `${printed(key)}: ${value}`);
}

/** What the string says. PostgreSQL has no U+0000, and no half of a surrogate pair. */
function stringOf(token: string): string {
  const text = parsed(token);
  if (text.includes('\0') || !text.isWellFormed()) throw new NoJsonb();
  return text;
}

function parsed(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new NoJsonb();
  }
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function printed(text: string): string {
  const escaped = text.replace(
    /["\\\x00-\x1f]/g,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** As `numeric` prints it: no exponent, and as many digits behind the point as were written. */
function numberOf(token: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  if (power.replace(/^[+-]?0*/, '').length > 6) throw new NoJsonb();
  const exponent = Number(power);
  const scale = Math.max(0, fraction.length - exponent);
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const places = fraction.length - exponent;
  if (scale > SCALE_MAX || (digits !== '0' && digits.length - places > WHOLE_MAX)) throw new NoJsonb();
  const isZero = /^0*$/.test(digits);
  const all = isZero
    ? '0'.repeat(scale + 1)
    : places < 0
      ? digits + '0'.repeat(-places)
      : digits.padStart(scale + 1, '0');
  const point = all.length - scale;
  const plain = scale === 0 ? all : `${all.slice(0, point)}.${all.slice(point)}`;
  return isZero ? plain : sign + plain;
}
