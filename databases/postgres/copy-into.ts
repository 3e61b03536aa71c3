import { from } from 'pg-copy-streams';
import type { CopyStreamQuery } from 'pg-copy-streams';
import type { Session } from './connect.js';

/**
 * Buffers from this size on go to the socket as they are: the socket counts itself full and its drain tells that
 * nothing of them is outstanding. Smaller ones could still be queued when a write resolves, so they are copied.
 */
const OWN_BYTES_MIN = 128 * 1024;

/** "PGCOPY", bytes that a change of line ends or of 8 bits would spoil, no flags, no extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** A row of -1 fields. */
const TRAILER = Buffer.from([0xff, 0xff]);

/**
 * One running COPY … FROM STDIN into `place`, a table with its columns as SQL. The binary form's header and trailer are
 * written here. After an error, the transaction is aborted and this is over.
 */
export class CopyInto {
  readonly #stream: CopyStreamQuery;
  readonly #over: Promise<void>;
  readonly #form: 'binary' | 'text';
  #failure: { readonly error: unknown } | undefined;

  constructor(session: Session, place: string, form: 'binary' | 'text') {
    this.#form = form;
    this.#stream = session.client.query(from(`COPY ${place} FROM STDIN (FORMAT ${form})`));
    this.#over = new Promise((resolve, reject) => {
      this.#stream.once('finish', resolve);
      this.#stream.on('error', (error) => {
        this.#failure ??= { error };
        reject(error);
      });
    });
    this.#over.catch(() => undefined);
    if (form === 'binary') this.#stream.write(HEADER);
  }

  /** Resolves when the kernel has taken the bytes: the caller may use the buffer again. */
  async write(bytes: Buffer): Promise<void> {
    this.#throwFailure();
    const own = bytes.length < OWN_BYTES_MIN ? Buffer.from(bytes) : bytes;
    const written = new Promise<void>((resolve) => {
      this.#stream.write(own, () => {
        resolve();
      });
    });
    await Promise.race([written, this.#over]);
    this.#throwFailure();
  }

  /** Ends the statement. Rejects with the server's error when it refuses what was written. */
  async end(): Promise<number> {
    this.#throwFailure();
    this.#stream.end(this.#form === 'binary' ? TRAILER : undefined);
    await this.#over;
    return this.#stream.rowCount;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** A field of COPY's text form. */
export function copyField(value: string | Buffer | number | null): string {
  if (value === null) return String.raw`\N`;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return String.raw`\\x` + value.toString('hex');
  return value.replace(/[\\\t\n\r\b\f\v]/g, (character) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': String.raw`\\`,
  '\t': String.raw`\t`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\v': String.raw`\v`,
};
