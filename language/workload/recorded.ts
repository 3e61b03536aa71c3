/** Longest text of a statement that is replayed, in characters; a longer one is counted and let go. */
export const STATEMENT_CHARACTERS = 1_000_000;

/** One statement of a log, in the order of the log. */
export interface Recorded {
  readonly kind: 'statement';
  readonly sql: string;
  /** Connection that ran it. */
  readonly session: string;
  readonly database?: string;
  /** When it began: milliseconds since 1970. */
  readonly atMs?: number;
  readonly seconds?: number;
  /** Only its beginning is kept, or the log has no more. */
  readonly tooLong?: true;
  /** It holds bytes that are no text. */
  readonly binary?: true;
  /** The server kept only its beginning. */
  readonly cut?: true;
  /** Times that it ran, where the record stands for several. */
  readonly times?: number;
}

export type LogEntry =
  | Recorded
  /** A line or record that is none. */
  | { readonly kind: 'broken'; readonly line: number }
  /** The connection ended: what it had begun is over. */
  | { readonly kind: 'closed'; readonly session: string };

/** A text that is put together of lines, of which no more is kept than a statement may have. */
export class GrowingText {
  #text = '';
  #tooLong = false;
  #binary = false;

  add(text: string, line: { readonly cut: boolean; readonly binary: boolean }): void {
    if (line.cut) this.#tooLong = true;
    if (line.binary) this.#binary = true;
    if (this.#text.length + text.length > STATEMENT_CHARACTERS) {
      this.#tooLong = true;
      this.#text += text.slice(0, Math.max(0, STATEMENT_CHARACTERS - this.#text.length));
    } else this.#text += text;
  }

  get flags(): Pick<Recorded, 'tooLong' | 'binary'> {
    return { ...(this.#tooLong && { tooLong: true as const }), ...(this.#binary && { binary: true as const }) };
  }

  get text(): string {
    return this.#text;
  }
}
