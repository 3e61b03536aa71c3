import type { ColumnFingerprint } from '../../contracts/profile.js';
import { TextScan } from './characters.js';
import { DistributionSketch } from './distribution.js';
import { hashOf } from './hash.js';
import { HyperLogLog } from './hyperloglog.js';
import { SHOWN_BYTES, TopValuesSketch } from './top-values.js';
import { readNumber, readTime, type ValueForm, type ValueView } from './value-forms.js';

/** Characters of a text, bytes of a binary value, beyond which only the length is looked at. */
export const LOOKED_AT_MAX = 1024;

/** Takes the fingerprint of one column, value by value. */
export class ColumnSketch {
  readonly #distinct = new HyperLogLog();
  readonly #top = new TopValuesSketch();
  readonly #numbers = new DistributionSketch();
  readonly #lengths = new DistributionSketch();
  readonly #histogram: number[] = [];
  readonly #scan = new TextScan();
  readonly #least = new Extreme(-1);
  readonly #greatest = new Extreme(1);
  #rows = 0;
  #nulls = 0;
  #isBinary = false;

  addNull(): void {
    this.#rows++;
    this.#nulls++;
  }

  /** `value` may be changed. */
  add(value: ValueView, form: ValueForm): void {
    this.#rows++;
    let salt = 0;
    if (form === 'number') this.#numbers.add(readNumber(value));
    else if (form === 'time') this.#numbers.add(readTime(value));
    else salt = form === 'text' ? this.#addText(value) : this.#addBinary(value);
    const { bytes, from, to } = value;
    const hash = hashOf(bytes, from, to, salt);
    this.#distinct.add(hash);
    this.#top.add(hash, bytes, from, to);
  }

  /** Gives the length where the text is cut, else 0. */
  #addText(value: ValueView): number {
    const scan = this.#scan;
    scan.add(value.bytes, value.from, value.to, LOOKED_AT_MAX);
    value.to = scan.end;
    this.#least.take(value.bytes, value.from, value.to);
    this.#greatest.take(value.bytes, value.from, value.to);
    return this.#addLength(Math.max(value.length, scan.characters));
  }

  #addBinary(value: ValueView): number {
    this.#isBinary = true;
    const length = Math.max(value.length, value.to - value.from);
    value.to = Math.min(value.to, value.from + LOOKED_AT_MAX);
    return this.#addLength(length);
  }

  #addLength(length: number): number {
    const bucket = 32 - Math.clz32(length);
    while (this.#histogram.length <= bucket) this.#histogram.push(0);
    this.#histogram[bucket] = (this.#histogram[bucket] ?? 0) + 1;
    this.#lengths.add(length);
    return length > LOOKED_AT_MAX ? length : 0;
  }

  /**
   * Distinct values of a table with so many values that are not NULL, when what was given is a sample of them: few
   * distinct values are all there, many grow with the rows.
   */
  distinctIn(valuesInTable: number): number {
    const looked = this.#rows - this.#nulls;
    const seen = Math.min(this.#distinct.count(), looked);
    if (looked === 0 || looked >= valuesInTable) return Math.min(seen, valuesInTable);
    return seen < looked / 10 ? seen : Math.round((seen / looked) * valuesInTable);
  }

  result(): ColumnFingerprint {
    const [numbers, lengths] = [this.#numbers.result(), this.#lengths.result()];
    const [least, greatest] = [this.#least.shown(), this.#greatest.shown()];
    const { counts } = this.#scan;
    const hex = (bytes: Buffer): string => bytes.toString('hex');
    return {
      rows: this.#rows,
      nulls: this.#nulls,
      distinct: this.#distinct.toText(),
      ...(numbers && { numbers }),
      ...(lengths && { lengths, lengthHistogram: [...this.#histogram] }),
      ...(least !== undefined && { least }),
      ...(greatest !== undefined && { greatest }),
      top: this.#top.result(this.#isBinary ? hex : shownText),
      ...(Object.keys(counts).length > 0 && { characters: { ...counts } }),
    };
  }
}

/** The first bytes of the least (-1) or greatest (1) text. */
class Extreme {
  readonly #sign: number;
  readonly #bytes = Buffer.alloc(SHOWN_BYTES);
  #size = -1;

  constructor(sign: number) {
    this.#sign = sign;
  }

  take(bytes: Buffer, from: number, to: number): void {
    const size = Math.min(to - from, SHOWN_BYTES);
    if (this.#size >= 0 && this.#order(bytes, from, size) * this.#sign <= 0) return;
    bytes.copy(this.#bytes, 0, from, from + size);
    this.#size = size;
  }

  #order(bytes: Buffer, from: number, size: number): number {
    const shared = Math.min(size, this.#size);
    for (let at = 0; at < shared; at++) {
      const difference = (bytes[from + at] ?? 0) - (this.#bytes[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return size - this.#size;
  }

  shown(): string | undefined {
    return this.#size < 0 ? undefined : shownText(this.#bytes.subarray(0, this.#size));
  }
}

/** UTF-8 as text, without a character that was cut at the end. */
function shownText(bytes: Buffer): string {
  if (bytes.length < SHOWN_BYTES) return bytes.toString();
  let end = bytes.length;
  while (end > bytes.length - 4 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  const lead = bytes[end - 1] ?? 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return bytes.toString('utf8', 0, end - 1 + size <= bytes.length ? bytes.length : end - 1);
}
