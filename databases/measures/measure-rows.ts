import type { ColumnMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch } from '../source.js';
import { DAY_MICROS, daysOf, microsecondsOf } from './times.js';
import { compareDecimals, decimalParts, decimalText, ExactSum } from './exact-sum.js';
import { quantityOf, type ColumnMeasures, type TableMeasures } from './measures.js';
import { RowFields, type FieldTaker, type RowField } from './row-fields.js';

/** The same aggregates from canonical rows, for a source that has no server to reckon them. */
export async function measureRows(
  columns: readonly ColumnMapping[],
  batches: AsyncIterable<CanonicalBatch>,
): Promise<TableMeasures> {
  const taken = columns.map(accumulatorOf);
  const taker: FieldTaker = {
    value: (column, field) => taken[column]?.take(field),
    null: () => undefined,
    odd: () => undefined,
  };
  const fields = new RowFields();
  let rows = 0;
  for await (const batch of batches) {
    for (let row = 0; row < batch.rows; row += 1) fields.take(batch, row, taker);
    rows += batch.rows;
  }
  return { rows, columns: taken.map((accumulator) => accumulator.result()) };
}

interface Accumulator {
  take(field: RowField): void;
  result(): ColumnMeasures;
}

function accumulatorOf(column: ColumnMapping): Accumulator {
  switch (quantityOf(column)) {
    case 'number':
      return new Numbers();
    case 'float':
      return new Floats();
    case 'days':
      return new Whole((field) => daysOf(textOf(field)));
    case 'microseconds':
      return new Moments();
    case 'characters':
      return new Texts();
    case 'bytes':
      return new Whole(({ from, to }) => to - from);
    case undefined:
      return new Counted();
  }
}

function textOf({ bytes, from, to }: RowField): string {
  return bytes.toString('latin1', from, to);
}

class Counted implements Accumulator {
  #present = 0;

  take(): void {
    this.#present += 1;
  }

  result(): ColumnMeasures {
    return { present: this.#present };
  }
}

/** Small whole numbers: lengths, days. */
class Whole implements Accumulator {
  readonly #of: (field: RowField) => number;
  readonly #sum = new ExactSum();
  #present = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(of: (field: RowField) => number) {
    this.#of = of;
  }

  take(field: RowField): void {
    const value = this.#of(field);
    this.#present += 1;
    this.#sum.addSmall(value);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  result(): ColumnMeasures {
    if (this.#present === 0) return { present: 0 };
    return { present: this.#present, sum: this.#sum.toString(), min: String(this.#min), max: String(this.#max) };
  }
}

/** Days and clock are added up apart: microseconds of late years are beyond what a double holds. */
class Moments implements Accumulator {
  readonly #days = new ExactSum();
  readonly #clock = new ExactSum();
  #present = 0;
  #min = Infinity;
  #max = -Infinity;

  take(field: RowField): void {
    const text = textOf(field);
    const isMoment = text.length >= 19;
    this.#present += 1;
    if (isMoment) this.#days.addSmall(daysOf(text));
    this.#clock.addSmall(microsecondsOf(isMoment ? text.slice(11) : text));
    const whole = microsecondsOf(text);
    if (whole < this.#min) this.#min = whole;
    if (whole > this.#max) this.#max = whole;
  }

  result(): ColumnMeasures {
    if (this.#present === 0) return { present: 0 };
    const sum = BigInt(this.#days.toString()) * DAY_MICROS + BigInt(this.#clock.toString());
    return { present: this.#present, sum: String(sum), min: String(this.#min), max: String(this.#max) };
  }
}

class Texts implements Accumulator {
  readonly #characters = new Whole(charactersOf);
  readonly #bytes = new ExactSum();

  take(field: RowField): void {
    this.#characters.take(field);
    this.#bytes.addSmall(field.to - field.from);
  }

  result(): ColumnMeasures {
    const { present, sum } = this.#characters.result();
    return sum === undefined ? { present } : { present, sum, bytes: this.#bytes.toString() };
  }
}

/** Digits that a double and its square hold. */
const SMALL_DIGITS = 7;

class Numbers implements Accumulator {
  readonly #sum = new ExactSum();
  readonly #squares = new ExactSum();
  #present = 0;
  #min: string | undefined;
  #max: string | undefined;
  #small: { min: number; max: number } | undefined;

  take(field: RowField): void {
    this.#present += 1;
    const text = textOf(field);
    const whole = text.length <= SMALL_DIGITS ? Number(text) : NaN;
    if (Number.isInteger(whole)) {
      this.#sum.addSmall(whole);
      this.#squares.addSmall(whole * whole);
      this.#small ??= { min: whole, max: whole };
      if (whole < this.#small.min) this.#small.min = whole;
      if (whole > this.#small.max) this.#small.max = whole;
      return;
    }
    const parts = decimalParts(text);
    if (parts === undefined) return;
    this.#sum.add(parts.value, parts.scale);
    this.#squares.add(parts.value * parts.value, 2 * parts.scale);
    this.#extreme(decimalText(parts.value, parts.scale));
  }

  #extreme(text: string): void {
    if (this.#min === undefined || (compareDecimals(text, this.#min) ?? 0) < 0) this.#min = text;
    if (this.#max === undefined || (compareDecimals(text, this.#max) ?? 0) > 0) this.#max = text;
  }

  result(): ColumnMeasures {
    if (this.#small !== undefined) {
      this.#extreme(String(this.#small.min));
      this.#extreme(String(this.#small.max));
    }
    return {
      present: this.#present,
      ...(this.#min !== undefined && { sum: this.#sum.toString(), squares: this.#squares.toString(), min: this.#min }),
      ...(this.#max !== undefined && { max: this.#max }),
    };
  }
}

class Floats implements Accumulator {
  #present = 0;
  #sum = 0;
  #sizes = 0;
  #min = Infinity;
  #max = -Infinity;

  take({ bytes, from, to }: RowField): void {
    const value = to - from === 4 ? bytes.readFloatBE(from) : bytes.readDoubleBE(from);
    this.#present += 1;
    this.#sum += value;
    this.#sizes += Math.abs(value);
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  result(): ColumnMeasures {
    const present = this.#present;
    if (present === 0) return { present };
    const [sum, sizes, min, max] = [this.#sum, this.#sizes, this.#min, this.#max].map(String);
    return { present, sum: sum ?? '', sizes: sizes ?? '', min: min ?? '', max: max ?? '' };
  }
}

function charactersOf({ bytes, from, to }: RowField): number {
  let characters = 0;
  for (let at = from; at < to; at += 1) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) characters += 1;
  return characters;
}
