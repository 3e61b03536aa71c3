const PLAIN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  /** Digits behind the point. */
  readonly scale: number;
}

function decimalOf(text: string): Decimal | undefined {
  const match = PLAIN.exec(text);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || whole + fraction === '') return undefined;
  const scale = fraction.length - Number(exponent);
  const digits = whole + fraction + '0'.repeat(Math.max(0, -scale));
  return { negative: sign === '-', digits: digits.padStart(scale + 1, '0'), scale: Math.max(0, scale) };
}

function print({ negative, digits, scale }: Decimal): string {
  const padded = digits.padStart(scale + 1, '0');
  const whole = padded.slice(0, padded.length - scale).replace(/^0+(?=\d)/, '');
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, '');
  const plain = fraction === '' ? whole : `${whole}.${fraction}`;
  return plain === '0' ? plain : `${negative ? '-' : ''}${plain}`;
}

/** "007.50" as "7.5"; undefined where it is no number. */
export function plainNumber(text: string): string | undefined {
  const decimal = decimalOf(text);
  return decimal && print(decimal);
}

/** Rounded to so many digits behind the point, half away from zero, as the servers round a decimal. */
export function rounded(text: string, scale: number): string | undefined {
  const decimal = decimalOf(text);
  if (decimal === undefined) return undefined;
  const cut = decimal.scale - scale;
  if (cut <= 0) return print(decimal);
  const kept = BigInt(decimal.digits.slice(0, decimal.digits.length - cut) || '0');
  const up = (decimal.digits[decimal.digits.length - cut] ?? '0') >= '5';
  return print({ negative: decimal.negative, digits: String(up ? kept + 1n : kept), scale });
}

/** Equal up to a relative difference. Infinities are equal to themselves, NaN to nothing. */
export function isClose(one: number, other: number, relative: number): boolean {
  if (one === other) return true;
  if (!Number.isFinite(one) || !Number.isFinite(other)) return false;
  return Math.abs(one - other) <= relative * Math.max(Math.abs(one), Math.abs(other));
}
