import type { AnswerColumn, Cell } from '../../../databases/asking.js';

/** What is kept of one side's answer; beyond it rows are only counted, and compared by hashes when they come again. */
export const ROWS_KEPT = 5_000;
export const BYTES_KEPT = 4 * 1024 * 1024;

/** One side's answer: its columns, and its rows as long as they are few. */
export class Answer {
  columns: readonly AnswerColumn[] = [];
  readonly rows: (readonly Cell[])[] = [];
  count = 0;
  #bytes = 0;
  #isWhole = true;

  readonly onColumns = (columns: readonly AnswerColumn[]): void => {
    this.columns = columns;
  };

  readonly onRow = (cells: readonly Cell[]): void => {
    this.count += 1;
    if (!this.#isWhole) return;
    for (const cell of cells) this.#bytes += 8 + (cell?.length ?? 0);
    this.rows.push(cells);
    this.#isWhole = this.count <= ROWS_KEPT && this.#bytes <= BYTES_KEPT;
    if (!this.#isWhole) this.rows.length = 0;
  };

  /** All rows are there. */
  get isWhole(): boolean {
    return this.#isWhole;
  }
}
