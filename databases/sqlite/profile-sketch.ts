import type { CatalogueColumn } from '../../contracts/catalogue.js';
import { ColumnSketch, LOOKED_AT_MAX } from '../fingerprint/column-sketch.js';
import type { ValueForm, ValueView } from '../fingerprint/value-forms.js';
import { STORAGE } from '../source.js';
import { decimalOfReal } from './canonical-text.js';
import { isDateName } from './column-profile.js';
import type { RowCursor } from './rows.js';
import { characters } from './text-shapes.js';

/** Rows that the sketches see, of a pass that sees more. */
const SKETCHED_ROWS = 10_000;
const UNITS_MAX = 2 * LOOKED_AT_MAX;

/**
 * Sketches of each column, from every n-th row of the pass that the profile makes anyway: all rows up to 10,000, else
 * between 5,000 and 10,000, evenly over the pass.
 */
export class TableSketch {
  readonly columns: readonly { readonly sketch: ColumnSketch; readonly textForm: ValueForm }[];
  readonly #every: number;
  readonly #value: ValueView = { bytes: Buffer.alloc(0), from: 0, to: 0, length: -1 };
  readonly #scratch = Buffer.allocUnsafe(3 * UNITS_MAX);
  #seen = 0;

  /** `rows`: how many the pass will see. */
  constructor(columns: readonly CatalogueColumn[], rows: number) {
    this.columns = columns.map(({ type }) => ({
      sketch: new ColumnSketch(),
      textForm: isDateName(type.base) ? 'time' : 'text',
    }));
    this.#every = Math.max(1, Math.ceil(rows / SKETCHED_ROWS));
  }

  add({ values, storage }: RowCursor): void {
    if (this.#seen++ % this.#every !== 0) return;
    let field = 0;
    for (const { sketch, textForm } of this.columns) {
      const value = values[field] ?? null;
      if (value === null) sketch.addNull();
      else if (typeof value === 'string') sketch.add(this.#text(value), textForm);
      else if (typeof value === 'object') {
        sketch.add(
          this.#bytes(Buffer.from(value.buffer, value.byteOffset, value.length)),
          storage[field] === STORAGE.text ? 'text' : 'binary',
        );
      } else
        sketch.add(
          this.#text(typeof value === 'number' ? (decimalOfReal(value) ?? String(value)) : String(value)),
          'number',
        );
      field++;
    }
  }

  #text(text: string): ValueView {
    // As many UTF-16 units hold at least so many characters, in at most three bytes each.
    const isLong = text.length > UNITS_MAX;
    const value = this.#bytes(this.#scratch, this.#scratch.write(isLong ? text.slice(0, UNITS_MAX) : text));
    if (isLong) value.length = characters(text);
    return value;
  }

  #bytes(bytes: Buffer, size = bytes.length): ValueView {
    this.#value.bytes = bytes;
    this.#value.from = 0;
    this.#value.to = size;
    this.#value.length = -1;
    return this.#value;
  }
}
