import type { RowBatch } from '../../source.js';
import type { RowCollector } from '../copy-out.js';
import { BinaryMessages, RowBuffer, RowBuffers } from '../row-buffer.js';

/** A batch is given once it holds this much; what is on its way then comes along. */
const BATCH_BYTES = 512 * 1024;

/** Lines of COPY's text form, each in a message of its own, as they came. */
export class LineCollector implements RowCollector<RowBatch> {
  readonly #buffers = new RowBuffers(() => new PassedRows());

  get rows(): number {
    return this.#buffers.filling.rows;
  }

  get isFull(): boolean {
    return this.#buffers.filling.length >= BATCH_BYTES;
  }

  take(bytes: Buffer, from: number, to: number): void {
    this.#buffers.filling.append(bytes, from, to);
  }

  batch(): RowBatch {
    return this.#buffers.turn();
  }

  end(): void {
    // The text form has no end of its own.
  }
}

/** Rows of COPY's binary form as they came, without its header and its end. */
export class TupleCollector extends LineCollector {
  readonly #messages = new BinaryMessages();

  override take(bytes: Buffer, from: number, to: number): void {
    const at = this.#messages.open(bytes, from);
    if (at >= 0) super.take(bytes, at, to);
  }

  override end(): void {
    this.#messages.requireEnd();
  }
}

class PassedRows extends RowBuffer implements RowBatch {
  readonly fields = 1;
  readonly passed = true;
}
