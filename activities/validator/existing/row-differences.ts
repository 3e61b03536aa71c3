import type { CanonicalBatch } from '../../../databases/source.js';
import { hashRow, rowOf } from '../row-hash.js';

/** A row that one side has and the other has not, so many times. */
export interface OddRow {
  readonly times: number;
  /** undefined: there was no room for it. */
  readonly row: Buffer | undefined;
}

export interface RowDifferences {
  /** Rows of the source that the target lacks in this form. */
  readonly source: OddRow[];
  readonly target: OddRow[];
  /** Rows, at most, for which there was no room at all. */
  readonly uncounted: number;
}

/** Bytes of rows that are kept until the other side's row comes; mostly both come in one order, and it is soon. */
const KEPT_BYTES_MAX = 128 * 1024 * 1024;
/** Rows that wait for the other side's; beyond it they are only counted. */
const WAITING_MAX = 1_000_000;

interface Waiting {
  /** More than 0: the source has it oftener. */
  balance: number;
  row: Buffer | undefined;
}

/**
 * The rows that are not on both sides, as often on the one as on the other. The side that is behind is read first, so
 * that little waits.
 */
export async function differencesOf(
  source: AsyncIterable<CanonicalBatch>,
  target: AsyncIterable<CanonicalBatch>,
): Promise<RowDifferences> {
  const waiting = new WaitingRows();
  const sides = [new Reading(source, 1), new Reading(target, -1)] as const;
  try {
    for (;;) {
      const open = sides.filter(({ ended }) => !ended);
      const next = open.toSorted((one, other) => one.rows - other.rows)[0];
      if (next === undefined) break;
      await next.read(waiting);
    }
  } finally {
    await Promise.allSettled(sides.map((side) => side.close()));
  }
  return waiting.left();
}

class Reading {
  rows = 0;
  ended = false;
  readonly #batches: AsyncIterator<CanonicalBatch>;
  readonly #sign: 1 | -1;

  constructor(batches: AsyncIterable<CanonicalBatch>, sign: 1 | -1) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#sign = sign;
  }

  async read(into: WaitingRows): Promise<void> {
    const step = await this.#batches.next();
    if (step.done === true) {
      this.ended = true;
      return;
    }
    const batch = step.value;
    for (let index = 0; index < batch.rows; index += 1) into.add(rowOf(batch, index), this.#sign);
    this.rows += batch.rows;
  }

  async close(): Promise<void> {
    if (!this.ended) await this.#batches.return?.();
  }
}

class WaitingRows {
  readonly #rows = new Map<string, Waiting>();
  readonly #beyond = { [1]: 0, [-1]: 0 };
  #bytes = 0;

  add(row: Buffer, sign: 1 | -1): void {
    const digest = hashRow(row).toString('latin1');
    const there = this.#rows.get(digest);
    if (there === undefined) {
      if (this.#rows.size >= WAITING_MAX) {
        this.#beyond[sign] += 1;
        return;
      }
      const kept = this.#bytes + row.length <= KEPT_BYTES_MAX ? Buffer.from(row) : undefined;
      this.#bytes += kept?.length ?? 0;
      this.#rows.set(digest, { balance: sign, row: kept });
      return;
    }
    there.balance += sign;
    if (there.balance !== 0) return;
    this.#bytes -= there.row?.length ?? 0;
    this.#rows.delete(digest);
  }

  left(): RowDifferences {
    const uncounted = Math.max(this.#beyond[1], this.#beyond[-1]);
    const differences: RowDifferences = { source: [], target: [], uncounted };
    for (const { balance, row } of this.#rows.values()) {
      differences[balance > 0 ? 'source' : 'target'].push({ times: Math.abs(balance), row });
    }
    return differences;
  }
}
