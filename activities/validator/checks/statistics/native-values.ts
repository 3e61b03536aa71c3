import { numericText } from '../../../../databases/postgres/binary-numeric.js';
import type { RowField } from '../../../../databases/measures/row-fields.js';

type Decode = (field: RowField) => string | undefined;

/** Numbers of PostgreSQL's binary form as decimal text; undefined for types that are none. */
export function decodedNative(type: string): Decode | undefined {
  if (type.startsWith('numeric')) return ({ bytes, from }) => numericText(bytes, from) ?? 'NaN';
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
