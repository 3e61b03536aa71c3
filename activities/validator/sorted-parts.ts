import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import type { CanonicalBatch } from '../../databases/source.js';

/**
 * The rows with the parts of some of their fields in order: `separators` has, for each column, what stands between the
 * parts of a list whose order nobody fixed, or undefined. Batches without such columns pass as they are.
 */
export function sortedParts(
  batches: AsyncIterable<CanonicalBatch>,
  separators: readonly (string | undefined)[],
): AsyncIterable<CanonicalBatch> {
  return separators.some((separator) => separator !== undefined) ? sorted(batches, separators) : batches;
}

async function* sorted(
  batches: AsyncIterable<CanonicalBatch>,
  separators: readonly (string | undefined)[],
): AsyncGenerator<CanonicalBatch> {
  for await (const batch of batches) {
    const rows: Buffer[] = [];
    const end = new Int32Array(batch.rows);
    let size = 0;
    for (let row = 0; row < batch.rows; row += 1) {
      const made = sortRow(batch.bytes, row === 0 ? 0 : (batch.end[row - 1] ?? 0), separators);
      size += made.length;
      rows.push(made);
      end[row] = size;
    }
    yield { rows: batch.rows, bytes: Buffer.concat(rows), end, keys: batch.keys };
  }
}

function sortRow(bytes: Buffer, start: number, separators: readonly (string | undefined)[]): Buffer {
  const fields: Buffer[] = [];
  let at = start;
  for (const separator of separators) {
    const mark = bytes.readUInt32BE(at);
    if (mark === NULL_MARK) {
      fields.push(bytes.subarray(at, at + 4));
      at += 4;
      continue;
    }
    const odd = mark === ODD_MARK;
    const head = odd ? 8 : 4;
    const length = odd ? bytes.readUInt32BE(at + 4) : mark;
    const whole = bytes.subarray(at, at + head + length);
    fields.push(odd || separator === undefined || separator === '' ? whole : framed(whole.subarray(4), separator));
    at += whole.length;
  }
  return Buffer.concat(fields);
}

/** Sorting keeps the length. */
function framed(list: Buffer, separator: string): Buffer {
  const made = Buffer.from(
    list
      .toString('latin1')
      .split(Buffer.from(separator).toString('latin1'))
      .sort()
      .join(Buffer.from(separator).toString('latin1')),
    'latin1',
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(made.length);
  return Buffer.concat([length, made]);
}
