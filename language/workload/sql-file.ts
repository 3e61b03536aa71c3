import { pieceAt } from './scan.js';
import type { Dialect } from './scan.js';
import { GrowingText } from './recorded.js';
import type { LogEntry } from './recorded.js';

/** Behind so many characters a piece is taken as it stands, although its end may come with the next bytes. */
const LOOKED_AHEAD = 256;
const SESSION = 'file';

/**
 * A file of statements with a semicolon between them. A text or comment that spans pieces of the stream is put together
 * by its quotes only, so that memory stays constant however long a statement is.
 */
export async function* readSqlFile(bytes: AsyncIterable<Uint8Array>, dialect: Dialect): AsyncGenerator<LogEntry> {
  const decoder = new TextDecoder('utf-8');
  const splitter = new Splitter(dialect);
  for await (const chunk of bytes) yield* splitter.push(decoder.decode(chunk, { stream: true }));
  yield* splitter.push(decoder.decode());
  yield* splitter.end();
}

/** Where the splitter stands: outside of everything, or inside what ends with a closing text. */
interface Inside {
  readonly close: string;
  readonly backslash: boolean;
  /** Doubled, the closing quote stands for itself. */
  readonly doubles: boolean;
  /** Of PostgreSQL's comments. */
  depth: number;
  readonly nested: boolean;
}

class Splitter {
  readonly #dialect: Dialect;
  #rest = '';
  #delimiter = ';';
  #inside: Inside | undefined;
  #statement = new GrowingText();
  #line = 1;
  #lineStart = true;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  *push(text: string): Generator<LogEntry> {
    this.#rest += text;
    yield* this.#run(false);
  }

  *end(): Generator<LogEntry> {
    yield* this.#run(true);
    const unclosed = this.#inside !== undefined && this.#inside.close !== '\n';
    if (unclosed) yield { kind: 'broken', line: this.#line };
    else yield* this.#finish();
  }

  *#run(isLast: boolean): Generator<LogEntry> {
    let at = 0;
    const end = isLast ? this.#rest.length : this.#rest.length - LOOKED_AHEAD;
    while (at < end) {
      const step = this.#inside ? this.#skip(this.#inside, at, end) : undefined;
      if (step !== undefined) {
        at = step;
        continue;
      }
      const commanded = this.#command(at, isLast);
      if (commanded !== undefined) {
        at = commanded;
        continue;
      }
      if (this.#rest.startsWith(this.#delimiter, at)) {
        yield* this.#finish();
        at += this.#delimiter.length;
        continue;
      }
      at = this.#piece(at);
    }
    this.#rest = this.#rest.slice(at);
  }

  /** `DELIMITER $$` of MySQL's client, on a line of its own. */
  #command(at: number, isLast: boolean): number | undefined {
    if (this.#dialect !== 'mysql' || !this.#lineStart) return undefined;
    const found = /^[ \t]*delimiter[ \t]+(\S{1,16})[ \t]*(\r?\n|$)/iu.exec(this.#rest.slice(at, at + LOOKED_AHEAD));
    if (!found || (found[2] === '' && !isLast)) return undefined;
    this.#delimiter = found[1] ?? ';';
    this.#line += 1;
    return at + found[0].length;
  }

  /** One piece outside of quotes; of one that opens quotes only the opening. */
  #piece(at: number): number {
    const inside = this.#opened(at);
    const whole = inside?.text ?? pieceAt(this.#rest.slice(at, at + LOOKED_AHEAD), 0, this.#dialect).text;
    // A space or a word may hold the delimiter of MySQL's client.
    const cut = this.#delimiter === ';' ? -1 : whole.indexOf(this.#delimiter);
    const text = cut > 0 ? whole.slice(0, cut) : whole;
    if (inside) this.#inside = inside.inside;
    this.#take(text);
    return at + text.length;
  }

  #opened(at: number): { readonly text: string; readonly inside: Inside } | undefined {
    const dialect = this.#dialect;
    const first = this.#rest.charAt(at);
    const two = this.#rest.slice(at, at + 2);
    const plain = { doubles: false, backslash: false, depth: 1, nested: false };
    if (two === '/*') return { text: two, inside: { ...plain, close: '*/', nested: dialect === 'postgres' } };
    if (two === '--' && (dialect !== 'mysql' || /^\s?$/u.test(this.#rest.charAt(at + 2))))
      return { text: two, inside: { ...plain, close: '\n' } };
    if (first === '#' && dialect === 'mysql') return { text: first, inside: { ...plain, close: '\n' } };
    if (first === "'" || first === '"' || (first === '`' && dialect !== 'postgres')) {
      const before = this.#rest.charAt(at - 1);
      const escapes = dialect === 'mysql' ? first !== '`' : dialect === 'postgres' && /[eE]/u.test(before);
      return { text: first, inside: { ...plain, close: first, doubles: true, backslash: escapes && first !== '`' } };
    }
    if (first === '[' && dialect === 'sqlite') return { text: first, inside: { ...plain, close: ']' } };
    if (first !== '$' || dialect !== 'postgres') return undefined;
    const tag = /^\$(?:[\p{L}_][\p{L}\p{N}_]{0,62})?\$/u.exec(this.#rest.slice(at, at + 70))?.[0];
    return tag === undefined ? undefined : { text: tag, inside: { ...plain, close: tag } };
  }

  /** Goes on inside quotes; undefined only where it was not inside any. */
  #skip(inside: Inside, from: number, end: number): number {
    let at = from;
    while (at < end) {
      if (inside.backslash && this.#rest.charAt(at) === '\\') at += 2;
      else if (inside.nested && this.#rest.startsWith('/*', at)) {
        inside.depth += 1;
        at += 2;
      } else if (!this.#rest.startsWith(inside.close, at)) at += 1;
      else if (inside.doubles && this.#rest.charAt(at + 1) === inside.close) at += 2;
      else {
        at += inside.close.length;
        inside.depth -= 1;
        if (inside.depth > 0) continue;
        this.#inside = undefined;
        break;
      }
    }
    this.#take(this.#rest.slice(from, at));
    return at;
  }

  #take(text: string): void {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#line += 1;
    this.#lineStart = /\n[ \t]*$/u.test(text) || (this.#lineStart && /^[ \t]*$/u.test(text));
    this.#statement.add(text, { cut: false, binary: text.includes('\uFFFD') });
  }

  *#finish(): Generator<LogEntry> {
    const statement = this.#statement;
    this.#statement = new GrowingText();
    // What is only a comment is no statement, and one in front of a statement is none of it.
    let at = 0;
    while (at < statement.text.length) {
      const { kind, text } = pieceAt(statement.text, at, this.#dialect);
      const isCode = this.#dialect === 'mysql' && /^\/\*M?!/u.test(text);
      if (kind !== 'space' && (kind !== 'comment' || isCode)) break;
      at += text.length;
    }
    if (at >= statement.text.length) return;
    yield { kind: 'statement', sql: statement.text.slice(at).trim(), session: SESSION, ...statement.flags };
  }
}
