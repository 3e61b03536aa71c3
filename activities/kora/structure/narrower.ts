/** Types as a plan spells them. Is the one that is there too small for what the source's own column can hold? */
export function isNarrower(wanted: string, there: string): boolean {
  const [one, other] = [sizeOf(wanted), sizeOf(there)];
  if (one === undefined) return false;
  return other?.family === one.family && other.sizes.some((size, at) => size < (one.sizes[at] ?? 0));
}

/** What a type can hold: every number as great as in another type of its family, or it is narrower. */
interface Size {
  readonly family: 'number' | 'text' | 'moment' | 'clock' | 'float';
  readonly sizes: readonly number[];
}

/** Digits that always fit in front of the point; an integer type's own limits are between. */
const INTEGERS: Readonly<Record<string, number>> = { smallint: 4.5, integer: 9.3, bigint: 18.9 };
const DIGITS_MAX = 6;

function sizeOf(type: string): Size | undefined {
  const [, base = '', inner = ''] = /^([a-z ]+?)(?:\(([\d,\s]+)\))?$/.exec(type) ?? [];
  const [first, second] = inner === '' ? [] : inner.split(',').map(Number);
  switch (base) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return { family: 'number', sizes: [INTEGERS[base] ?? 0, 0] };
    case 'numeric':
      if (first === undefined) return { family: 'number', sizes: [Infinity, Infinity] };
      return { family: 'number', sizes: [first - (second ?? 0), second ?? 0] };
    case 'varchar':
    case 'char':
      return { family: 'text', sizes: [first ?? (base === 'char' ? 1 : Infinity)] };
    case 'text':
      return { family: 'text', sizes: [Infinity] };
    case 'timestamp':
    case 'timestamptz':
      return { family: 'moment', sizes: [first ?? DIGITS_MAX] };
    case 'date':
      return { family: 'moment', sizes: [-1] };
    case 'time':
      return { family: 'clock', sizes: [first ?? DIGITS_MAX] };
    case 'real':
      return { family: 'float', sizes: [1] };
    case 'double precision':
      return { family: 'float', sizes: [2] };
    default:
      return undefined;
  }
}
