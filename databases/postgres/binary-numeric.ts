const POSITIVE = 0;
const NEGATIVE = 0x4000;
/** Decimal digits of one of its digits. */
const GROUP = 4;
const HEAD_BYTES = 8;

/**
 * PostgreSQL's binary form of a numeric, from `from` on, as decimal text without needless zeros: count of groups, weight
 * of the first, sign, scale, and then the groups of four digits. Undefined for NaN and the infinities.
 * Source: numeric_send of PostgreSQL's numeric.c.
 */
export function numericText(bytes: Buffer, from = 0): string | undefined {
  const groups = bytes.readUInt16BE(from);
  const weight = bytes.readInt16BE(from + 2);
  const sign = bytes.readUInt16BE(from + 4);
  if (sign !== POSITIVE && sign !== NEGATIVE) return undefined;
  const group = (at: number): string =>
    at < 0 || at >= groups ? '0000' : String(bytes.readUInt16BE(from + HEAD_BYTES + 2 * at)).padStart(GROUP, '0');
  let whole = '';
  for (let at = 0; at <= weight; at += 1) whole += group(at);
  let fraction = '';
  for (let at = weight + 1; at < groups; at += 1) fraction += group(at);
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  const places = fraction.replace(/0+$/, '');
  return (sign === NEGATIVE ? '-' : '') + digits + (places === '' ? '' : `.${places}`);
}
