import { CaravanFailure } from '../../contracts/failures.js';
import type { Chunk } from '../target.js';

/** Totals of a table whose chunks are all done and cover the key space without gap or overlap; LEDGER_INCOMPLETE else. */
export function proveCover(
  table: string,
  chunks: readonly Chunk[],
): { chunks: number; rows: number; bytes: number; quarantined: number; changed: number } {
  const total = { chunks: chunks.length, rows: 0, bytes: 0, quarantined: 0, changed: 0 };
  if (chunks.length === 0) throw incomplete(table, 0, 'the table has no chunk');
  let reached: string | undefined;
  for (const [position, chunk] of chunks.entries()) {
    if (chunk.chunk !== position) throw incomplete(table, position, `chunk ${position} is missing`);
    if (!chunk.done) throw incomplete(table, position, `chunk ${position} is not done`);
    if (chunk.lower !== reached)
      throw incomplete(table, position, `chunk ${position} does not begin where the one before ends`);
    if (position > 0 && chunk.lower === undefined)
      throw incomplete(table, position, `chunk ${position} has no lower bound`);
    reached = chunk.upper;
    total.rows += chunk.rows;
    total.bytes += chunk.bytes;
    total.quarantined += chunk.quarantined;
    total.changed += chunk.changed;
  }
  if (reached !== undefined) throw incomplete(table, chunks.length - 1, 'the last chunk has an upper bound');
  return total;
}

function incomplete(table: string, chunk: number, seen: string): CaravanFailure {
  return new CaravanFailure('LEDGER_INCOMPLETE', {
    attempted: 'prove the cover of',
    on: table,
    seen,
    facts: { table, chunk },
  });
}
