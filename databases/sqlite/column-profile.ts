import type { CatalogueColumn } from '../../contracts/catalogue.js';
import type { ColumnProfile, OddValue, Shape } from '../../contracts/profile.js';
import { affinityOf } from './bounds.js';
import { canonicalDecimal, decimalOfReal } from './canonical-text.js';
import type { SqlValue } from './connect.js';
import { DistinctCounter } from './distinct.js';
import { characters, dateCause, isFlag, isMojibake, shapeOf } from './text-shapes.js';

/** Extremes are cut here: they are for people and for choosing types, and may be whole articles. */
const EXTREME_MAX = 128;
const NUMERIC_NAMES = /^(?:numeric|decimal|dec|number|money|currency)$/;
/** Is a column of this declared type meant to hold dates or moments? */
export function isDateName(base: string): boolean {
  return /^(?:date|datetime|timestamp)/.test(base);
}

/** Gathers the profile of one column, value by value. */
export class ColumnProfiler {
  readonly #column: CatalogueColumn;
  readonly #isDate: boolean;
  readonly #isBoolean: boolean;
  readonly #isNumber: boolean;
  readonly #refusesBlob: boolean;
  readonly #isInteger: boolean;
  readonly #storage = { integer: 0, real: 0, text: 0, blob: 0 };
  readonly #odd: Partial<Record<OddValue, number>> = {};
  readonly #shapes: Partial<Record<Shape, number>> = {};
  readonly distinct = new DistinctCounter();
  #rows = 0;
  #nulls = 0;
  #number: { min: number | bigint; max: number | bigint } | undefined;
  #text: { min: string; max: string } | undefined;
  #mean = 0;
  #squares = 0;
  #lengths = { count: 0, sum: 0, min: Infinity, max: 0 };
  #maxScale = -1;
  /** Texts that are dates in form, possible or not. */
  #dateTexts = 0;

  constructor(column: CatalogueColumn) {
    const { base, declared } = column.type;
    const affinity = affinityOf(declared);
    this.#column = column;
    this.#isDate = isDateName(base);
    this.#isBoolean = base.startsWith('bool');
    this.#isInteger = affinity === 'integer';
    this.#isNumber = this.#isInteger || affinity === 'real' || NUMERIC_NAMES.test(base);
    this.#refusesBlob = affinity === 'text' || this.#isNumber || this.#isDate || this.#isBoolean;
  }

  add(value: SqlValue, isText: boolean): void {
    this.#rows++;
    if (value === null) this.#nulls++;
    else if (typeof value === 'string') this.#addText(value);
    else if (typeof value === 'bigint') this.#addInteger(value);
    else if (typeof value === 'number') this.#addReal(value);
    else if (isText) this.#addInvalidText(value);
    else this.#addBlob(value);
    if (this.#isBoolean && value !== null && value !== 0n && value !== 1n) this.#note('not_a_boolean');
  }

  #note(cause: OddValue, count = 1): void {
    this.#odd[cause] = (this.#odd[cause] ?? 0) + count;
  }

  #shape(shape: Shape): void {
    this.#shapes[shape] = (this.#shapes[shape] ?? 0) + 1;
  }

  #addInteger(value: bigint): void {
    this.#storage.integer++;
    const near = Number(value);
    this.#addNumber(value, near);
    this.distinct.add(Number.isSafeInteger(near) ? near : value);
    this.#shape('integer');
    if (near === 0 || near === 1) this.#shape('flag');
    if (this.#maxScale < 0) this.#maxScale = 0;
  }

  #addReal(value: number): void {
    this.#storage.real++;
    if (this.#isInteger) this.#note('wrong_storage');
    this.distinct.add(value);
    this.#shape('decimal');
    if (!Number.isFinite(value)) return;
    this.#addNumber(value, value);
    this.#scale(decimalOfReal(value) ?? '');
  }

  #addNumber(value: number | bigint, near: number): void {
    if (!this.#number) this.#number = { min: value, max: value };
    else if (value < this.#number.min) this.#number.min = value;
    else if (value > this.#number.max) this.#number.max = value;
    const difference = near - this.#mean;
    this.#mean += difference / (this.#storage.integer + this.#storage.real);
    this.#squares += difference * (near - this.#mean);
  }

  #scale(decimal: string): void {
    const point = decimal.indexOf('.');
    const scale = point < 0 ? 0 : decimal.length - point - 1;
    if (scale > this.#maxScale) this.#maxScale = scale;
  }

  #addText(text: string): void {
    this.#storage.text++;
    this.distinct.add(text);
    this.#length(characters(text));
    this.#extremes(text);
    const shape = shapeOf(text);
    if (shape !== undefined) this.#shape(shape);
    if (isFlag(text)) this.#shape('flag');
    if (shape === 'integer' || shape === 'decimal') this.#scale(canonicalDecimal(text) ?? '');
    if (text.includes('\0')) this.#note('nul_character');
    if (isMojibake(text)) this.#note('mojibake');
    const cause = dateCause(text);
    if (cause !== undefined) this.#dateTexts++;
    if (cause === 'zero_date' || cause === 'impossible_date') this.#note(cause);
    else if (cause === undefined && this.#isDate) this.#note('impossible_date');
    if (!this.#isNumber) return;
    this.#note('wrong_storage');
    if (canonicalDecimal(text) === undefined) this.#note('not_a_number');
  }

  #addInvalidText(bytes: Uint8Array): void {
    this.#storage.text++;
    this.#note('invalid_utf8');
    this.#addBytes(bytes);
    if (bytes.includes(0)) this.#note('nul_character');
    if (this.#isNumber) this.#note('wrong_storage');
  }

  #addBlob(bytes: Uint8Array): void {
    this.#storage.blob++;
    this.#addBytes(bytes);
    if (this.#refusesBlob) this.#note('wrong_storage');
  }

  #addBytes(bytes: Uint8Array): void {
    this.#length(bytes.length);
    this.distinct.add(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
  }

  #length(length: number): void {
    this.#lengths.count++;
    this.#lengths.sum += length;
    if (length < this.#lengths.min) this.#lengths.min = length;
    if (length > this.#lengths.max) this.#lengths.max = length;
  }

  #extremes(text: string): void {
    if (!this.#text) this.#text = { min: text, max: text };
    else if (text < this.#text.min) this.#text.min = text;
    else if (text > this.#text.max) this.#text.max = text;
  }

  /** `distinct`: an exact count, where one was made. */
  result(distinct?: number): ColumnProfile {
    const values = this.#rows - this.#nulls;
    const numbers = this.#storage.integer + this.#storage.real;
    const min = this.#number?.min ?? this.#text?.min;
    const max = this.#text?.max ?? this.#number?.max;
    const shares = Object.entries(this.#shapes).map(([shape, count]) => [shape, count / values] as const);
    const { count, sum } = this.#lengths;
    return {
      column: this.#column.name,
      rows: this.#rows,
      nulls: this.#nulls,
      distinct: distinct ?? Math.min(values, this.distinct.count()),
      ...(min !== undefined && { min: String(min).slice(0, EXTREME_MAX) }),
      ...(max !== undefined && { max: String(max).slice(0, EXTREME_MAX) }),
      ...(this.#number && { mean: this.#mean, variance: this.#squares / numbers }),
      ...(count > 0 && { minLength: this.#lengths.min, maxLength: this.#lengths.max, averageLength: sum / count }),
      storage: { ...this.#storage },
      ...(this.#maxScale >= 0 && { maxScale: this.#maxScale }),
      odd: this.#finalOdd(),
      shapes: Object.fromEntries(shares),
    };
  }

  /** Impossible dates count where dates are meant: by declaration, or because most texts are dates in form. */
  #finalOdd(): Partial<Record<OddValue, number>> {
    if (this.#isDate || 2 * this.#dateTexts > this.#storage.text) return { ...this.#odd };
    const odd = { ...this.#odd };
    delete odd.zero_date;
    delete odd.impossible_date;
    return odd;
  }
}
