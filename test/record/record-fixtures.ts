import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { columnMapping } from '../../contracts/mapping.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import { compileRewrite } from '../../activities/maba/rewrite/compile-rewrite.js';
import { compileCheck } from '../../activities/kora/compile-validator.js';
import { specifyValidator } from '../../activities/kora/specify-validator.js';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { RowEncoder } from '../../activities/worker/row-encoder.js';
import type { FieldCheck } from '../../contracts/record.js';
import { validatorSpecification } from '../../contracts/validator.js';
import type { RowBatch } from '../../databases/source.js';
import { STORAGE } from '../../databases/source.js';

/** One source value: its bytes (a string is UTF-8) and, for SQLite, its storage class; null is NULL. */
export type SourceValue =
  null | string | Buffer | { readonly bytes: string | Buffer; readonly storage: keyof typeof STORAGE };

export type ColumnSpec = Partial<Omit<ColumnMapping, 'type' | 'kind'>> & Pick<ColumnMapping, 'type' | 'kind'>;

export function column(spec: ColumnSpec, name = 'v'): ColumnMapping {
  const plain = { source: name, target: name, sourceNullable: true, nullable: true, transform: [{ op: 'as_is' }] };
  return columnMapping.parse({ ...plain, ...spec });
}

export function tableOf(columns: readonly ColumnMapping[], more: Partial<TableMapping> = {}): TableMapping {
  return {
    source: { schema: 'shop', name: 'things' },
    target: { schema: 'public', name: 'things' },
    columns: [...columns],
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    chunkRows: 1000,
    estimatedRows: 0,
    transactional: true,
    ...more,
  };
}

/** Rows as a reader gives them; the fields lie behind some bytes that belong to nobody. */
export function batchOf(rows: readonly (readonly SourceValue[])[]): RowBatch {
  const fields = rows[0]?.length ?? 0;
  const start = new Int32Array(rows.length * fields);
  const end = new Int32Array(rows.length * fields);
  const storage = new Uint8Array(rows.length * fields);
  const parts: Buffer[] = [Buffer.from('9')];
  let at = 1;
  for (const [index, value] of rows.flat().entries()) {
    const stored =
      value === null || typeof value === 'string' || Buffer.isBuffer(value)
        ? { bytes: value, storage: 'null' as const }
        : value;
    storage[index] = STORAGE[stored.storage];
    const bytes = typeof stored.bytes === 'string' ? Buffer.from(stored.bytes) : stored.bytes;
    start[index] = bytes === null ? -1 : at;
    at += bytes?.length ?? 0;
    end[index] = bytes === null ? -1 : at;
    if (bytes !== null) parts.push(bytes);
  }
  parts.push(Buffer.from('9'));
  return { rows: rows.length, fields, bytes: Buffer.concat(parts), start, end, storage };
}

/** A seal that a test can open. */
export const openSeal = (bytes: Uint8Array, context: string): Buffer =>
  Buffer.concat([Buffer.from(`${context}|`), bytes]);

/** KORA's checks of a table, as they come to the copy: written as JSON, and read again. */
export function compileChecks(table: TableMapping): readonly FieldCheck[] {
  const { columns } = validatorSpecification.parse(JSON.parse(JSON.stringify(specifyValidator(table))));
  return columns.map(({ check }) => compileCheck(check));
}

export function encoderOf(table: TableMapping, rowBytesMax?: number): RowEncoder {
  const compiled = {
    checks: compileChecks(table),
    codecs: compileTransform(table),
    rewrites: compileRewrite(table),
  };
  return new RowEncoder(table, rowBytesMax === undefined ? compiled : { ...compiled, rowBytesMax }, openSeal);
}

/** Rows of COPY's binary form; null is NULL. */
export function rowsOf(copy: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < copy.length;) {
    const row: (Buffer | null)[] = [];
    let fields = copy.readInt16BE(at);
    for (at += 2; fields > 0; fields -= 1) {
      const length = copy.readInt32BE(at);
      row.push(length < 0 ? null : copy.subarray(at + 4, at + 4 + length));
      at += 4 + Math.max(0, length);
    }
    rows.push(row);
  }
  return rows;
}

/** All rows in COPY's binary form, and the encoder with its ledgers. */
export function encodeAll(
  table: TableMapping,
  rows: readonly (readonly SourceValue[])[],
): { copy: Buffer; encoder: RowEncoder } {
  const encoder = encoderOf(table);
  const sink = new CopySink();
  const batch = batchOf(rows);
  for (let row = 0; row < batch.rows; row += 1) encoder.encode(batch, row, sink);
  return { copy: Buffer.concat(sink.take()), encoder };
}

/** Seeded random numbers (mulberry32): a failing case can be run again. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
