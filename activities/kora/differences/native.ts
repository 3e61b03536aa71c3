import type { ValueKind } from '../../../contracts/mapping.js';

/** A value of PostgreSQL's own, from its binary form: its kind, and where that is a text, its canonical form. */
export interface NativeValue {
  readonly kind: ValueKind;
  readonly bytes: Buffer;
}

/** Days from 1970 to 2000, where PostgreSQL counts from. */
const EPOCH_DAYS = 10_957n;
const MICROSECONDS_PER_DAY = 86_400_000_000n;

/** undefined: a value that has no other form, such as infinity, or a type whose form is not read. */
export function nativeValue(type: string, bytes: Buffer): NativeValue | undefined {
  const plain = type.replace(/\(.*\)/, '');
  switch (plain) {
    case 'text':
    case 'varchar':
    case 'character varying':
    case 'character':
    case 'char':
    case 'citext':
      return { kind: 'text', bytes };
    case 'smallint':
    case 'integer':
    case 'bigint':
      return { kind: 'integer', bytes: Buffer.from(integerOf(bytes).toString()) };
    case 'real':
    case 'double precision':
      return { kind: bytes.length === 4 ? 'float4' : 'float8', bytes };
    case 'bytea':
      return { kind: 'bytes', bytes };
    case 'date':
      return momentOf('date', (integerOf(bytes) + EPOCH_DAYS) * MICROSECONDS_PER_DAY);
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return momentOf('timestamp', integerOf(bytes) + EPOCH_DAYS * MICROSECONDS_PER_DAY);
    default:
      return undefined;
  }
}

function integerOf(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

/** Only years that are written with four digits. */
function momentOf(kind: 'date' | 'timestamp', microseconds: bigint): NativeValue | undefined {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const moment = new Date(Number((microseconds - fraction) / 1000n));
  if (Number.isNaN(moment.getTime()) || moment.getUTCFullYear() < 1 || moment.getUTCFullYear() > 9999) return undefined;
  const text = moment.toISOString();
  const whole = `${text.slice(0, 10)} ${text.slice(11, 19)}.${String(fraction).padStart(6, '0')}`;
  return { kind, bytes: Buffer.from(kind === 'date' ? whole.slice(0, 10) : whole) };
}
