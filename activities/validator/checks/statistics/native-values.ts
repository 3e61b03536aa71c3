import { decimalText } from '../../../../databases/measures/exact-sum.js';
import type { RowField } from '../../../../databases/measures/row-fields.js';

type Decode = (field: RowField) => string | undefined;

/** Numbers of PostgreSQL's binary form as decimal text; undefined for types that are none. */
export function decodedNative(type: string): Decode | undefined {
  if (type.startsWith('numeric')) return numericText;
  return DECODERS[type];
}

const DECODERS: Readonly<Record<string, Decode>> = {
  smallint: ({ bytes, from }) => String(bytes.readInt16BE(from)),
  integer: ({ bytes, from }) => String(bytes.readInt32BE(from)),
  bigint: ({ bytes, from }) => String(bytes.readBigInt64BE(from)),
  boolean: ({ bytes, from }) => String(bytes.readUInt8(from)),
  real: ({ bytes, from }) => String(bytes.readFloatBE(from)),
  'double precision': ({ bytes, from }) => String(bytes.readDoubleBE(from)),
};

const NEGATIVE = 0x4000;

/** Groups of four digits, of which the first stands for 10000 to the power of its weight. */
function numericText({ bytes, from }: RowField): string | undefined {
  const groups = bytes.readInt16BE(from);
  const weight = bytes.readInt16BE(from + 2);
  const sign = bytes.readUInt16BE(from + 4);
  if (sign !== 0 && sign !== NEGATIVE) return 'NaN';
  let value = 0n;
  for (let at = 0; at < groups; at += 1) value = value * 10_000n + BigInt(bytes.readInt16BE(from + 8 + 2 * at));
  const power = 4 * (weight - groups + 1);
  const whole = power > 0 ? value * 10n ** BigInt(power) : value;
  return decimalText(sign === NEGATIVE ? -whole : whole, power > 0 ? 0 : -power);
}
