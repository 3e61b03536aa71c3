import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch, Reader } from '../../databases/source.js';
import type { Chunk, Target } from '../../databases/target.js';
import { ChunkExceptions } from './exceptions.js';
import { RowSetHash, hashRow, rowOf } from './row-hash.js';

export interface ComparedChunk {
  readonly chunk: number;
  readonly source: RowSetHash;
  readonly target: RowSetHash;
  /** Source rows that are in quarantine. */
  readonly quarantined: number;
  readonly equal: boolean;
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
  const { quarantined } = exceptions;
  return {
    chunk: chunk.chunk,
    source,
    target,
    quarantined,
    equal: exceptions.areTrue() && source.equals(target),
  };
}

async function readExceptions({ table, target }: Comparison, chunk: Chunk): Promise<ChunkExceptions> {
  const none = chunk.changed === 0 && chunk.quarantined === 0;
  return new ChunkExceptions(table, none ? new Map() : await target.ledger.exceptions(chunk.table, chunk.chunk));
}

async function hashSource(comparison: Comparison, chunk: Chunk, exceptions: ChunkExceptions): Promise<RowSetHash> {
  const rows = new RowSetHash();
  const reading = { chunk, exceptions, keys: !exceptions.isEmpty };
  await eachExpectedRow(comparison, reading, (row) => {
    rows.add(row);
  });
  return rows;
}

/** Rows of the source as they must stand in the target. */
async function eachExpectedRow(
  { table, reader, signal, onRows }: Comparison,
  { chunk, exceptions, keys }: { chunk: Chunk; exceptions: ChunkExceptions; keys: boolean },
  visit: (row: Buffer, key: string) => void,
): Promise<void> {
  for await (const batch of reader.scan(table, chunk, { keys, signal })) {
    for (let index = 0; index < batch.rows; index += 1) {
      const key = keys ? (batch.keys[index] ?? '') : '';
      const row = keys ? exceptions.expect(key, rowOf(batch, index)) : rowOf(batch, index);
      if (row !== undefined) visit(row, key);
    }
    onRows(batch.rows);
  }
}

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
  const { table, target, signal } = comparison;
  if (table.rowKey === undefined || !isKeyInTarget(table)) return 0;
  const exceptions = await readExceptions(comparison, chunk);
  const expected = new Map<string, string>();
  await eachExpectedRow(comparison, { chunk, exceptions, keys: true }, (row, key) => {
    expected.set(key, hashRow(row).toString('latin1'));
  });
  let differing = 0;
  for await (const batch of target.scan(table, chunk, { keys: true, signal })) {
    for (let index = 0; index < batch.rows; index += 1) {
      const key = batch.keys[index] ?? '';
      if (expected.get(key) !== hashRow(rowOf(batch, index)).toString('latin1')) differing += 1;
      if (expected.has(key)) expected.delete(key);
    }
  }
  return differing + expected.size;
}
