import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch, Reader } from '../../databases/source.js';
import type { Chunk, Target } from '../../databases/target.js';
import { noRows } from '../no-rows.js';
import { compareSent } from './compare-sent.js';
import { ChunkExceptions } from './exceptions.js';
import { hashSides } from './hash-sides.js';
import { hashRow, rowOf } from './row-hash.js';
import type { RowSetHash } from './row-hash.js';

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
  const hasWay = exceptions.isEmpty && comparison.table.rows !== 'none';
  const sent = hasWay ? await compareSent(comparison, chunk) : undefined;
  if (sent) return { chunk: chunk.chunk, source: sent, target: sent, quarantined: 0, equal: true };
  const { table, target: end, signal } = comparison;
  const { source, target } = await hashSides(
    expectedBatches(comparison, { chunk, exceptions, keys: !exceptions.isEmpty }),
    end.scan(table, chunk, { keys: false, signal }),
  );
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

/** The source's rows as they must stand in the target. */
async function* expectedBatches(
  { table, reader, signal, onRows }: Comparison,
  { chunk, exceptions, keys }: { chunk: Chunk; exceptions: ChunkExceptions; keys: boolean },
): AsyncGenerator<CanonicalBatch> {
  const batches = table.rows === 'none' ? noRows<CanonicalBatch>() : reader.scan(table, chunk, { keys, signal });
  for await (const batch of batches) {
    yield exceptions.isEmpty ? batch : expectedBatch(batch, exceptions);
    onRows(batch.rows);
  }
}

function expectedBatch(batch: CanonicalBatch, exceptions: ChunkExceptions): CanonicalBatch {
  const parts: Buffer[] = [];
  const end = new Int32Array(batch.rows);
  const keys: string[] = [];
  let length = 0;
  for (let index = 0; index < batch.rows; index += 1) {
    const key = batch.keys[index] ?? '';
    const row = exceptions.expect(key, rowOf(batch, index));
    if (row === undefined) continue;
    length += row.length;
    end[parts.length] = length;
    parts.push(row);
    keys.push(key);
  }
  return { rows: parts.length, bytes: Buffer.concat(parts, length), end, keys };
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
  for await (const batch of expectedBatches(comparison, { chunk, exceptions, keys: true })) {
    for (let index = 0; index < batch.rows; index += 1) {
      expected.set(batch.keys[index] ?? '', hashRow(rowOf(batch, index)).toString('latin1'));
    }
  }
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
