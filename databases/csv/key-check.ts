import { CaravanFailure } from '../../contracts/failures.js';
import type { CatalogueTable } from '../../contracts/catalogue.js';
import { hashOf } from '../fingerprint/hash.js';
import { OPTIONS_FILE } from './folder.js';

/** Fields of the key in one buffer, each behind its length. */
export class KeyCheck {
  #hashes = new Float64Array(1 << 12);
  #rows = 0;
  #nulls = 0;

  addNull(): void {
    this.#nulls += 1;
  }

  add(framed: Buffer): void {
    if (this.#rows === this.#hashes.length) {
      const larger = new Float64Array(2 * this.#rows);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#rows++] = hashOf(framed, 0, framed.length);
  }

  get nulls(): number {
    return this.#nulls;
  }

  /** Hashes that more than one key has; keys of one hash need not be equal. */
  suspects(): ReadonlySet<number> {
    const sorted = this.#hashes.subarray(0, this.#rows).sort();
    const found = new Set<number>();
    for (let at = 1; at < sorted.length; at += 1) if (sorted[at] === sorted[at - 1]) found.add(sorted[at] ?? 0);
    return found;
  }
}

export function brokenKey(table: CatalogueTable, seen: string): CaravanFailure {
  const key = table.primaryKey?.map(({ column }) => column).join(', ') ?? '';
  return new CaravanFailure('CSV_OPTIONS_INVALID', {
    ...{ attempted: `make (${key}) the primary key of`, on: table.name, seen, facts: { table: table.name } },
    next: `Repair the rows, or leave the primaryKey out of ${OPTIONS_FILE}.`,
  });
}

export function framedKey(fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(field.length);
      return [length, field];
    }),
  );
}
