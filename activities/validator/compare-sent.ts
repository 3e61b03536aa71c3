import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch, KeyRange, Reader, SentTarget } from '../../databases/source.js';
import { hashSent } from './hash-sent.js';
import type { RowSetHash } from './row-hash.js';

export interface SentSides {
  readonly table: TableMapping;
  readonly reader: Reader;
  readonly target: SentTarget;
  readonly signal: AbortSignal;
  /** Called now and then with the rows seen. */
  readonly onRows: (rows: number) => void;
}

/**
 * Both sides in the form in which the target sends its rows, where the source has a way into it: what is equal there is
 * equal. Undefined: whether they are equal the canonical form tells.
 */
export async function compareSent(
  { table, reader, target, signal, onRows }: SentSides,
  range: KeyRange,
): Promise<RowSetHash | undefined> {
  const source = await reader.sent?.(table, range, signal);
  return source && target.sent({ table, range, signal }, (stream) => hashSent(counted(source, onRows), stream));
}

async function* counted(
  batches: AsyncIterable<CanonicalBatch>,
  onRows: SentSides['onRows'],
): AsyncGenerator<CanonicalBatch> {
  for await (const batch of batches) {
    yield batch;
    onRows(batch.rows);
  }
}
