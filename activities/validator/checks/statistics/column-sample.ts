import type { ColumnMapping } from '../../../../contracts/mapping.js';
import { ColumnSketch } from '../../../../databases/fingerprint/column-sketch.js';
import { hashOf } from '../../../../databases/fingerprint/hash.js';
import { readNumber, readTime, type ValueForm, type ValueView } from '../../../../databases/fingerprint/value-forms.js';
import type { RowField } from '../../../../databases/measures/row-fields.js';
import { decodedNative } from './native-values.js';

/** What is kept of one side of a column: its fingerprint, and where its values may differ what the tests need. */
export class ColumnSample {
  readonly sketch = new ColumnSketch();
  readonly #form: ValueForm;
  readonly #decode: ((field: RowField) => string | undefined) | undefined;
  readonly #keeps: boolean;
  readonly #view: ValueView = { bytes: Buffer.alloc(0), from: 0, to: 0, length: -1 };
  #numbers: number[] = [];
  #lengths: number[] = [];
  readonly #counts = new Map<number, number>();
  nulls = 0;
  odd = 0;

  constructor(column: ColumnMapping, keeps: boolean) {
    this.#form = formOf(column);
    this.#decode = decoderOf(column);
    this.#keeps = keeps;
  }

  addNull(): void {
    this.nulls += 1;
    this.sketch.addNull();
  }

  /** A value without a form has no place in a distribution. */
  addOdd(): void {
    this.odd += 1;
  }

  add(field: RowField): void {
    const view = this.#view;
    const decoded = this.#decode?.(field);
    view.bytes = decoded === undefined ? field.bytes : Buffer.from(decoded, 'latin1');
    view.from = decoded === undefined ? field.from : 0;
    view.to = decoded === undefined ? field.to : view.bytes.length;
    view.length = -1;
    if (this.#keeps) this.#keep(view);
    this.sketch.add(view, this.#form);
  }

  #keep(view: ValueView): void {
    const { bytes, from, to } = view;
    this.#lengths.push(to - from);
    const number = this.#form === 'time' ? timeOf(view) : numberOf(view);
    this.#numbers.push(number);
    const hash = hashOf(bytes, from, to);
    this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1);
    view.bytes = bytes;
    view.from = from;
    view.to = to;
  }

  get form(): ValueForm {
    return this.#form;
  }

  /** Its numbers; of texts those that they are read as. NaN where one is none. */
  numbers(): Float64Array {
    return Float64Array.from(this.#numbers);
  }

  texts(): { readonly counts: ReadonlyMap<number, number>; readonly lengths: Float64Array } {
    return { counts: this.#counts, lengths: Float64Array.from(this.#lengths) };
  }
}

/** A text that looks like a time is read as one. */
function numberOf(view: ValueView): number {
  const number = readNumber(view);
  return Number.isNaN(number) ? timeOf(view) : number;
}

function timeOf(view: ValueView): number {
  return readTime(view);
}

const FORMS: Partial<Record<ColumnMapping['kind'], ValueForm>> = {
  integer: 'number',
  decimal: 'number',
  boolean: 'number',
  interval: 'number',
  float4: 'number',
  float8: 'number',
  date: 'time',
  timestamp: 'time',
  timestamptz: 'time',
  time: 'time',
  text: 'text',
  enum: 'text',
  json: 'text',
};

function formOf({ kind, type }: ColumnMapping): ValueForm {
  if (kind !== 'native') return FORMS[kind] ?? 'binary';
  if (decodedNative(type) !== undefined) return 'number';
  return /^(?:text|varchar|character varying)/.test(type) ? 'text' : 'binary';
}

function decoderOf({ kind, type }: ColumnMapping): ((field: RowField) => string | undefined) | undefined {
  if (kind === 'float4' || kind === 'float8') return floatText;
  return kind === 'native' ? decodedNative(type) : undefined;
}

function floatText({ bytes, from, to }: RowField): string {
  return String(to - from === 4 ? bytes.readFloatBE(from) : bytes.readDoubleBE(from));
}
