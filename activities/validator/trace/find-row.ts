import type { TableMapping } from '../../../contracts/mapping.js';
import { keyIdentity } from '../../../databases/canonical.js';
import type { CanonicalBatch, KeyRange } from '../../../databases/source.js';
import { fieldsOf } from '../expected-row.js';
import type { CanonicalField } from '../expected-row.js';
import { rowOf } from '../row-hash.js';

export type Fields = readonly CanonicalField[];

/** The row that is meant, on either side. */
export class WantedRow {
  readonly #identities: readonly string[];
  readonly #key: readonly string[];
  readonly #places: readonly number[];
  /** Canonical fields of its key, once the row was seen. */
  #seen: readonly Buffer[] | undefined;

  constructor(table: TableMapping, key: readonly string[]) {
    this.#key = key;
    this.#places = (table.rowKey ?? []).map((name) => table.columns.findIndex(({ source }) => source === name));
    this.#identities = identitiesOf(key);
  }

  /** What the ledgers may call it. */
  get identities(): string[] {
    return [...this.#identities, ...(this.#seen === undefined ? [] : [keyIdentity(this.#seen)])];
  }

  /** The other side is then found by the same canonical key, however it prints its values. */
  remember(fields: Fields): void {
    const found = this.#places.map((place) => fields[place]?.bytes);
    if (found.every((field) => field !== undefined)) this.#seen = found.map((field) => Buffer.from(field));
  }

  /** The first row that is meant; its bytes are its own. */
  async find(batches: AsyncIterable<CanonicalBatch>): Promise<Fields | undefined> {
    for await (const batch of batches) {
      for (let index = 0; index < batch.rows; index += 1) {
        const fields = fieldsOf(rowOf(batch, index));
        if (this.#isMeant(fields, batch.keys[index] ?? '')) return fieldsOf(Buffer.from(rowOf(batch, index)));
      }
    }
    return undefined;
  }

  #isMeant(fields: Fields, identity: string): boolean {
    if (identity !== '' && this.#identities.includes(identity)) return true;
    if (this.#places.length === 0 || this.#places.includes(-1)) return false;
    return this.#places.every((place, at) => {
      const field = fields[place];
      if (field === undefined || field.state === 'null') return false;
      const seen = this.#seen?.[at];
      return seen === undefined ? field.bytes.equals(Buffer.from(this.#key[at] ?? '')) : field.bytes.equals(seen);
    });
  }
}

/** A key of bytes is written as "0x…"; of a uuid the source may have the bytes or the text. */
function identitiesOf(key: readonly string[]): string[] {
  const forms = key.map((field) => {
    const hex = /^0x((?:[0-9a-f]{2})+)$/iu.exec(field)?.[1];
    const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/iu.test(field) ? field.replaceAll('-', '') : undefined;
    return [
      Buffer.from(field),
      ...[hex, uuid].flatMap((text) => (text === undefined ? [] : [Buffer.from(text, 'hex')])),
    ];
  });
  let found: Buffer[][] = [[]];
  for (const some of forms) found = found.flatMap((before) => some.map((form) => [...before, form])).slice(0, 64);
  return found.map((fields) => keyIdentity(fields));
}

/** Rows among which the one with this key is: itself where the key tells it, else its chunk, else the whole table. */
export function rangeOf(table: TableMapping, key: readonly string[], chunk: KeyRange | undefined): KeyRange {
  const { chunkKey, rowKey = [] } = table;
  // A key that the target does not have cannot select its rows.
  if (chunkKey?.target === undefined) return {};
  const [leading = ''] = key;
  if (chunkKey.kind === 'integer' && rowKey[0] === chunkKey.source && /^-?\d{1,30}$/u.test(leading)) {
    return { lower: leading, upper: String(BigInt(leading) + 1n) };
  }
  return {
    ...(chunk?.lower !== undefined && { lower: chunk.lower }),
    ...(chunk?.upper !== undefined && { upper: chunk.upper }),
  };
}

/** The chunk of a key; undefined where that cannot be told from the texts of its bounds. */
export function chunkOf<C extends KeyRange>(
  table: TableMapping,
  key: readonly string[],
  chunks: readonly C[],
): C | undefined {
  if (chunks.length <= 1) return chunks[0];
  const { chunkKey, rowKey = [] } = table;
  const at = rowKey.findIndex((column) => column === chunkKey?.source);
  const value = key[at];
  if (chunkKey === undefined || value === undefined) return undefined;
  const form = FORMS[chunkKey.kind];
  if (!form.test(value)) return undefined;
  const bounds = chunks.flatMap(({ lower, upper }) => [lower, upper]).filter((bound) => bound !== undefined);
  if (!bounds.every((bound) => form.test(bound))) return undefined;
  const isBelow = (one: string, other: string): boolean =>
    chunkKey.kind === 'integer' ? BigInt(one) < BigInt(other) : one.toLowerCase() < other.toLowerCase();
  return chunks.find(
    ({ lower, upper }) =>
      (lower === undefined || !isBelow(value, lower)) && (upper === undefined || isBelow(value, upper)),
  );
}

/** Texts that are ordered as their values are. */
const FORMS = {
  integer: /^-?\d{1,30}$/u,
  date: /^\d{4}-\d\d-\d\d$/u,
  timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/u,
  uuid: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/iu,
} as const;
