import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch, Reader } from '../../databases/source.js';
import type { Chunk, Target } from '../../databases/target.js';
import { expectedRow } from './expected-row.js';
import { RowSetHash, hashRow, rowOf } from './row-hash.js';

export interface ComparedChunk {
  readonly chunk: number;
  readonly source: RowSetHash;
  readonly target: RowSetHash;
  /** Source rows that are in quarantine. */
  readonly quarantined: number;
  readonly equal: boolean;
}

interface Exceptions {
  readonly changed: ReadonlyMap<string, ReadonlySet<number>>;
  readonly quarantined: ReadonlySet<string>;
  readonly keyless: boolean;
  /** Entries that the ledger holds for a table without a usable key. */
  readonly keylessChanges: number;
}

export interface Comparison {
  readonly table: TableMapping;
  readonly reader: Reader;
  readonly target: Target;
  readonly signal: AbortSignal;
  /** Called now and then with the rows seen. */
  readonly onRows: (rows: number) => void;
}

/** Compares one chunk: both sides read apart from the copy, in canonical form, at once. */
export async function compareChunk(comparison: Comparison, chunk: Chunk): Promise<ComparedChunk> {
  const exceptions = await readExceptions(comparison, chunk);
  const [source, target] = await Promise.all([
    hashSource(comparison, chunk, exceptions),
    hashTarget(comparison, chunk),
  ]);
  const asLedgered = exceptions.keyless
    ? source.odd === exceptions.keylessChanges
    : source.quarantined === exceptions.quarantined.size;
  return {
    chunk: chunk.chunk,
    source: source.rows,
    target,
    quarantined: source.quarantined,
    equal: asLedgered && source.rows.equals(target),
  };
}

async function readExceptions({ table, target }: Comparison, chunk: Chunk): Promise<Exceptions> {
  const keyless = table.rowKey === undefined;
  if (chunk.changed === 0 && chunk.quarantined === 0) {
    return { changed: new Map(), quarantined: new Set(), keyless, keylessChanges: 0 };
  }
  const { changed, quarantined } = await target.ledger.exceptions(chunk.table, chunk.chunk);
  const position = new Map(table.columns.map((column, index) => [column.target, index]));
  const byPosition = new Map<string, Set<number>>();
  for (const [key, columns] of changed) {
    byPosition.set(key, new Set([...columns].map((column) => position.get(column) ?? -1)));
  }
  return { changed: byPosition, quarantined, keyless, keylessChanges: keyless ? chunk.changed : 0 };
}

interface SourceHash {
  readonly rows: RowSetHash;
  readonly quarantined: number;
  readonly odd: number;
}

async function hashSource(comparison: Comparison, chunk: Chunk, exceptions: Exceptions): Promise<SourceHash> {
  const rows = new RowSetHash();
  let quarantined = 0;
  let odd = 0;
  await eachSourceRow(comparison, chunk, exceptions, (row) => {
    odd += row.odd;
    if (row.quarantined) quarantined += 1;
    else rows.add(row.bytes);
  });
  return { rows, quarantined, odd };
}

interface ExpectedRow {
  readonly key: string;
  /** As the row must stand in the target. */
  readonly bytes: Buffer;
  readonly quarantined: boolean;
  readonly odd: number;
}

async function eachSourceRow(
  { table, reader, signal, onRows }: Comparison,
  range: Chunk,
  exceptions: Exceptions & { readonly withKeys?: boolean },
  visit: (row: ExpectedRow) => void,
): Promise<void> {
  const hasExceptions = exceptions.changed.size > 0 || exceptions.quarantined.size > 0;
  const keys = !exceptions.keyless && (hasExceptions || exceptions.withKeys === true);
  for await (const batch of reader.scan(table, range, { keys, signal })) {
    for (let index = 0; index < batch.rows; index += 1) {
      const key = keys ? (batch.keys[index] ?? '') : '';
      if (exceptions.quarantined.has(key)) {
        visit({ key, bytes: NOTHING, quarantined: true, odd: 0 });
        continue;
      }
      const changed = exceptions.changed.get(key);
      const { row, odd } = expectedRow(rowOf(batch, index), { changed, keyless: exceptions.keyless });
      visit({ key, bytes: row, quarantined: false, odd });
    }
    onRows(batch.rows);
  }
}

const NOTHING = Buffer.alloc(0);

async function hashTarget({ table, target, signal }: Comparison, chunk: Chunk): Promise<RowSetHash> {
  const rows = new RowSetHash();
  for await (const batch of target.scan(table, chunk, { keys: false, signal })) addBatch(rows, batch);
  return rows;
}

function addBatch(rows: RowSetHash, batch: CanonicalBatch): void {
  for (let index = 0; index < batch.rows; index += 1) rows.add(rowOf(batch, index));
}

/** SQLite's bare rowid tells rows apart in the source only. */
function isKeyInTarget({ rowKey = [], columns }: TableMapping): boolean {
  return rowKey.every((key) => columns.some((column) => column.source === key));
}

/** Bisects a differing chunk to keys: how many are missing, extra or different in the target. */
export async function differingKeys(comparison: Comparison, chunk: Chunk): Promise<number> {
  const exceptions = await readExceptions(comparison, chunk);
  if (exceptions.keyless || !isKeyInTarget(comparison.table)) return 0;
  const expected = new Map<string, string>();
  await eachSourceRow(comparison, chunk, { ...exceptions, withKeys: true }, (row) => {
    if (!row.quarantined) expected.set(row.key, hashRow(row.bytes).toString('latin1'));
  });
  let differing = 0;
  const { table, target, signal } = comparison;
  for await (const batch of target.scan(table, chunk, { keys: true, signal })) {
    for (let index = 0; index < batch.rows; index += 1) {
      const key = batch.keys[index] ?? '';
      if (expected.get(key) !== hashRow(rowOf(batch, index)).toString('latin1')) differing += 1;
      if (expected.has(key)) expected.delete(key);
    }
  }
  return differing + expected.size;
}
