import type { TableMapping } from '../../contracts/mapping.js';
import { CaravanFailure, type FailureCode } from '../../contracts/failures.js';
import { listFiles, type Folder } from './folder.js';
import { globOf } from '../../contracts/globs.js';
import { formatOf } from './read.js';

/** Files as they stood when somebody began to look: what they give counts only if they still stand so at the end. */
export class Watch {
  readonly #folder: Folder;
  readonly #lost: FailureCode;
  readonly #stamps = new Map<string, string>();

  /** `lost`: what it means when a file changed. */
  constructor(folder: Folder, lost: FailureCode) {
    this.#folder = folder;
    this.#lost = lost;
  }

  async begin(files: readonly string[]): Promise<void> {
    for (const file of files) this.#stamps.set(file, (await this.#folder.stampOf(file)).text);
  }

  /** The batches, if no file of the table changes until the last one was taken. */
  async *over<Batch>(table: TableMapping, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
    const format = formatOf(table);
    await this.#sameFiles(
      table.source.name,
      format.pattern,
      format.files.map(({ file }) => file),
    );
    for (const { file } of format.files) {
      const now = (await this.#folder.stampOf(file)).text;
      const before = this.#stamps.get(file);
      if (before === undefined) this.#stamps.set(file, now);
      else if (before !== now) throw this.#changed(file);
    }
    yield* batches;
    for (const { file } of format.files) {
      if ((await this.#folder.stampOf(file)).text !== this.#stamps.get(file)) throw this.#changed(file);
    }
  }

  /** A file that came to a table of many, or went from it, is not in the plan. */
  async #sameFiles(table: string, pattern: string | undefined, planned: readonly string[]): Promise<void> {
    if (pattern === undefined) return;
    const { files } = await listFiles(this.#folder);
    const met = files.filter(globOf(pattern));
    const strangers = [
      ...met.filter((file) => !planned.includes(file)),
      ...planned.filter((file) => !met.includes(file)),
    ];
    if (strangers.length === 0) return;
    throw new CaravanFailure('SCHEMA_DRIFT', {
      ...{ attempted: 'read', on: table, facts: { names: strangers.slice(0, 20) } },
      seen: `files of "${pattern}" came or went since the plan was made: ${strangers.slice(0, 5).join(', ')}`,
    });
  }

  #changed(file: string): CaravanFailure {
    const seen = 'the file was written to while it was read';
    return new CaravanFailure(this.#lost, { attempted: 'read', on: file, seen, facts: { table: file } });
  }
}
