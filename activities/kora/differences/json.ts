/**
 * A JSON text in one form, as jsonb keeps it: without blanks, members in one order, of equal names the last. Numbers
 * keep their digits. Undefined: it is no JSON.
 */
export function plainJson(text: string): string | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value();
    return reader.isAtEnd() ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const DEPTH_MAX = 2000;

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#blanks();
    return this.#at === this.#text.length;
  }

  value(): string {
    this.#blanks();
    if (this.#depth > DEPTH_MAX) throw new SyntaxError('too deep');
    const first = this.#text[this.#at];
    if (first === '{') return this.#nested(() => this.#object());
    if (first === '[') return this.#nested(() => this.#array());
    if (first === '"') return this.#string();
    return this.#word(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y);
  }

  #nested(read: () => string): string {
    this.#depth += 1;
    this.#at += 1;
    const read_ = read();
    this.#depth -= 1;
    return read_;
  }

  #object(): string {
    const members = new Map<string, string>();
    for (let more = !this.#takes('}'); more; more = this.#goesOn('}')) {
      this.#blanks();
      const name = this.#string();
      if (!this.#takes(':')) throw new SyntaxError('no colon');
      members.set(name, this.value());
    }
    const sorted = [...members].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([name, value]) => `${name}:${value}`).join(',')}}`;
  }

  #array(): string {
    const items: string[] = [];
    for (let more = !this.#takes(']'); more; more = this.#goesOn(']')) items.push(this.value());
    return `[${items.join(',')}]`;
  }

  /** A comma, or the end. */
  #goesOn(end: string): boolean {
    if (this.#takes(',')) return true;
    if (this.#takes(end)) return false;
    throw new SyntaxError('neither comma nor end');
  }

  #string(): string {
    return JSON.stringify(JSON.parse(this.#raw(/"(?:[^"\\]|\\.)*"/y)));
  }

  #word(pattern: RegExp): string {
    const raw = this.#raw(pattern);
    return /^[-\d]/.test(raw) ? plainNumber(raw) : raw;
  }

  #raw(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new SyntaxError('another sign');
    this.#at += found.length;
    return found;
  }

  #takes(sign: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (/[ \t\n\r]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }
}

/** "1.50" and "15e-1" are one number; its sign, its digits and the place of the point tell it. */
function plainNumber(raw: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(raw) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const cut = digits.replace(/0+$/, '');
  if (cut === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - cut.length);
  return `${sign}${cut}e${String(power)}`;
}
