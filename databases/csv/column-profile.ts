import type { ColumnProfile, Shape } from '../../contracts/profile.js';
import { ColumnSketch, LOOKED_AT_MAX } from '../fingerprint/column-sketch.js';
import type { ValueForm, ValueView } from '../fingerprint/value-forms.js';
import { isFlag, isMojibake, shapeOf } from '../sqlite/text-shapes.js';
import { IS, TypeFinder } from './text-types.js';

const SHAPE_BYTES_MAX = 4096;

/** Gathers the profile of one column, value by value. */
export class ColumnProfiler {
  readonly types = new TypeFinder();
  readonly #name: string;
  readonly #sketch = new ColumnSketch();
  readonly #shapes: Partial<Record<Shape, number>> = {};
  readonly #view: ValueView = { bytes: Buffer.alloc(0), from: 0, to: 0, length: -1 };
  readonly #scratch = Buffer.allocUnsafe(4 * LOOKED_AT_MAX);
  #nulls = 0;
  #shaped = 0;
  #least = Infinity;
  #most = 0;
  #sum = 0;
  #nuls = 0;
  #invalid = 0;
  #mojibake = 0;

  constructor(name: string) {
    this.#name = name;
  }

  addNull(isSketched: boolean): void {
    this.#nulls += 1;
    if (isSketched) this.#sketch.addNull();
  }

  add(bytes: Buffer, start: number, end: number, about: { isQuoted: boolean; isSketched: boolean }): void {
    const kinds = this.types.add(bytes, start, end, about.isQuoted);
    const length = end - start;
    if (length < this.#least) this.#least = length;
    if (length > this.#most) this.#most = length;
    this.#sum += length;
    if (about.isSketched) this.#look(bytes, start, end, kinds);
  }

  /** Of values in bytes that are not clean. */
  note(what: 'nul' | 'invalid'): void {
    if (what === 'nul') this.#nuls += 1;
    else this.#invalid += 1;
  }

  #look(bytes: Buffer, start: number, end: number, kinds: number): void {
    // The sketch may change what it is given.
    const size = bytes.copy(this.#scratch, 0, start, Math.min(end, start + this.#scratch.length));
    this.#view.bytes = this.#scratch;
    this.#view.from = 0;
    this.#view.to = size;
    this.#view.length = size < end - start ? end - start : -1;
    this.#sketch.add(this.#view, formOf(kinds));
    if (end - start > SHAPE_BYTES_MAX) return;
    const text = bytes.toString('utf8', start, end);
    this.#shaped += 1;
    const shape = shapeOf(text);
    if (shape !== undefined) this.#shapes[shape] = (this.#shapes[shape] ?? 0) + 1;
    if (isFlag(text)) this.#shapes.flag = (this.#shapes.flag ?? 0) + 1;
    if (isMojibake(text)) this.#mojibake += 1;
  }

  result(proven: ReadonlySet<string>): ColumnProfile {
    const { values } = this.types;
    const texts = this.types.result(proven);
    const words = texts.nullWords ?? [];
    const worded = words.reduce((sum, word) => sum + (this.types.words.get(word) ?? 0), 0);
    const odd = {
      ...(this.#nuls > 0 && { nul_character: this.#nuls }),
      ...(this.#invalid > 0 && { invalid_utf8: this.#invalid }),
      ...(this.#mojibake > 0 && { mojibake: this.#mojibake }),
    };
    const shapes = Object.fromEntries(
      Object.entries(this.#shapes).map(([shape, count]) => [shape, count / this.#shaped]),
    );
    return {
      ...{ column: this.#name, rows: values + this.#nulls, nulls: this.#nulls + worded },
      distinct: this.#sketch.distinctIn(values),
      ...(values > 0 && { minLength: this.#least, maxLength: this.#most, averageLength: this.#sum / values }),
      ...{ odd, shapes, texts, fingerprint: this.#sketch.result() },
    };
  }
}

function formOf(kinds: number): ValueForm {
  if ((kinds & IS.decimal) !== 0) return 'number';
  return (kinds & (IS.date | IS.timestamp)) !== 0 ? 'time' : 'text';
}
