import type { TableRef } from '../../contracts/activities.js';

/** Most tables that one activity goes through, and most rows they may have together: seconds of work. */
const BATCH_TABLES = 50;
const BATCH_ROWS = 50_000;

type Sized = Pick<TableRef, 'rows' | 'small'>;

/**
 * Small tables stand together, so that what an activity costs, in time and in the history, is not paid for each of
 * them; others stand alone. `lanes`: as many batches as are worked on at once shall have something to do.
 */
export function inBatches<Table extends Sized>(tables: readonly Table[], lanes: number): Table[][] {
  const small = tables.filter((table) => table.small === true).length;
  const most = Math.min(BATCH_TABLES, Math.ceil(small / lanes));
  const batches: Table[][] = [];
  let open: Table[] = [];
  let rows = 0;
  for (const table of tables) {
    if (table.small !== true) {
      batches.push([table]);
      continue;
    }
    if (open.length > 0 && (open.length >= most || rows + table.rows > BATCH_ROWS)) {
      batches.push(open);
      open = [];
      rows = 0;
    }
    open.push(table);
    rows += table.rows;
  }
  if (open.length > 0) batches.push(open);
  return batches;
}

export function namesOf(tables: readonly Pick<TableRef, 'table'>[]): string[] {
  return tables.map(({ table }) => table);
}

export interface BatchWork<Done> {
  /** Goes through the tables in order, up to the first that it cannot do in passing; gives those it did. */
  readonly many: (tables: readonly string[]) => Promise<readonly Done[]>;
  /** Does one table with all that may be needed for it, and throws what it fails with. */
  readonly one: (table: string) => Promise<void>;
  readonly onDone: (done: Done) => void;
}

/** All tables of a batch; one that is not done in passing is done alone, and the others go on after it. */
export async function workBatch<Done>(
  tables: readonly string[],
  { many, one, onDone }: BatchWork<Done>,
): Promise<void> {
  for (let next = 0; next < tables.length; next += 1) {
    if (tables.length - next > 1) {
      const done = await many(tables.slice(next));
      done.forEach(onDone);
      next += done.length;
    }
    const alone = tables[next];
    if (alone !== undefined) await one(alone);
  }
}

/** "copy 50 tables: main.a … main.z" */
export function batchSummary(work: string, tables: readonly string[]): string {
  return `${work} ${String(tables.length)} tables: ${tables[0] ?? ''} … ${tables.at(-1) ?? ''}`.slice(0, SUMMARY_MAX);
}

/** Temporal takes summaries of 200 bytes. */
const SUMMARY_MAX = 150;
