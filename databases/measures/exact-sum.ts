/** Below this both a sum of doubles and its next part are whole without loss. */
const SAFE = 2 ** 52;

/** An exact sum of decimals: whole numbers as long as they fit, then and with fractions by BigInt. */
export class ExactSum {
  #small = 0;
  #large = 0n;
  /** Digits behind the point of `#large`. */
  #scale = 0;

  /** A whole number below 2^52 in size. */
  addSmall(value: number): void {
    const sum = this.#small + value;
    if (sum < SAFE && sum > -SAFE) {
      this.#small = sum;
      return;
    }
    this.#spill();
    this.#small = value;
  }

  add(value: bigint, scale: number): void {
    if (scale > this.#scale) {
      this.#spill();
      this.#large *= 10n ** BigInt(scale - this.#scale);
      this.#scale = scale;
    }
    this.#large += value * 10n ** BigInt(this.#scale - scale);
  }

  toString(): string {
    this.#spill();
    return decimalText(this.#large, this.#scale);
  }

  #spill(): void {
    this.#large += BigInt(this.#small) * 10n ** BigInt(this.#scale);
    this.#small = 0;
  }
}

export function decimalText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

const DECIMAL = /^(-?)0*(\d*)(?:\.(\d*))?$/;

/** A decimal text as digits and their scale; undefined for NaN, infinities and exponents. */
export function decimalParts(text: string): { readonly value: bigint; readonly scale: number } | undefined {
  const match = DECIMAL.exec(text);
  if (match === null || text === '' || text === '-') return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const value = BigInt(`${whole}${fraction}` || '0');
  return { value: sign === '-' ? -value : value, scale: fraction.length };
}

/** Greater than 0 where the first is greater; undefined where one of them is no decimal. */
export function compareDecimals(one: string, other: string): number | undefined {
  const [left, right] = [decimalParts(one), decimalParts(other)];
  if (left === undefined || right === undefined) return undefined;
  const scale = Math.max(left.scale, right.scale);
  const difference = left.value * 10n ** BigInt(scale - left.scale) - right.value * 10n ** BigInt(scale - right.scale);
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}
