import { CaravanFailure } from '../../../contracts/failures.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { SeenRow } from '../../../contracts/trace.js';
import type { CanonicalBatch, KeyRange } from '../../../databases/source.js';
import type { Deps } from '../../deps.js';
import { withEnd } from '../../ends.js';
import { openPacedSource } from '../../pace/open-paced-source.js';
import type { Fields } from './find-row.js';
import type { Kept } from './kept.js';

interface Place {
  readonly table: TableMapping;
  readonly range: KeyRange;
  readonly signal: AbortSignal;
}

type Find = (rows: AsyncIterable<CanonicalBatch>) => Promise<Fields | undefined>;

/** Looks for a row of one side; that a side cannot be read is told, and stops nothing. */
export async function seen(look: () => Promise<Fields | undefined>): Promise<{ row: SeenRow; fields?: Fields }> {
  try {
    const fields = await look();
    return fields === undefined ? { row: { state: 'not there' } } : { row: { state: 'there' }, fields };
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    return { row: { state: 'not read', why: error.message } };
  }
}

/** Rows as they are in the source now, outside any snapshot. */
export function sourceRows(deps: Deps, kept: Kept, { table, range, signal }: Place, find: Find) {
  return withEnd(
    openPacedSource(deps, kept.record),
    async (source) => find((await source.openReader()).scan(table, range, { keys: true, signal })),
    signal,
  );
}

/** Rows as they are in the target now: in the shadow, or in place. */
export async function targetRows(kept: Kept, { table, range, signal }: Place, find: Find): Promise<Fields | undefined> {
  const options = { keys: true, readOnly: true, signal };
  switch (kept.place) {
    case 'nowhere':
      return undefined;
    case 'moved by another tool': {
      const snapshot = await (await kept.existing()).openSnapshot();
      try {
        return await find(snapshot.scan(table, range, options));
      } finally {
        await snapshot.close();
      }
    }
    default: {
      const where = kept.place;
      return find((await kept.target()).scan(table, range, { ...options, where }));
    }
  }
}
