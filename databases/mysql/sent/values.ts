import type { SentForm } from '../../sent-form.js';
import type { CanonicalEncoder } from '../canonical-values.js';
import { boolean, float4, float8, integer, isWhole, numeric, wholeReader, type Announced } from './numbers.js';
import { date, moment } from './times.js';
import { spanAt, type SentEncoder } from './writer.js';

/** Types of the protocol. */
const DOUBLE = 5;
const [TIMESTAMP, DATE, DATETIME, DECIMAL] = [7, 10, 12, 246] as const;
/** VARCHAR, the blobs and texts, VAR_STRING, STRING, JSON, GEOMETRY, ENUM and SET. */
const BYTES = new Set([15, 245, 247, 248, 249, 250, 251, 252, 253, 254, 255]);

/** Undefined where values that the server announces so have no way into the form. */
export function sentEncoder(
  form: SentForm,
  announced: Announced,
  canonical: CanonicalEncoder | 'as it is' | 'label',
): SentEncoder | undefined {
  const { type } = announced;
  switch (form.as) {
    case 'integer':
      return isWhole(announced) ? integer(form.bytes, wholeReader(announced)) : undefined;
    case 'boolean':
      return isWhole(announced) ? boolean(wholeReader(announced)) : undefined;
    case 'numeric':
      return type === DECIMAL ? numeric(form.scale) : undefined;
    case 'float8':
      return type === DOUBLE ? float8 : undefined;
    case 'float4':
      return type === DOUBLE ? float4 : undefined;
    case 'date':
      return type === DATE ? date : undefined;
    case 'moment':
      return type === DATETIME || type === TIMESTAMP ? moment : undefined;
    case 'canonical':
      return BYTES.has(type) ? ownBytes(canonical) : undefined;
  }
}

function ownBytes(canonical: CanonicalEncoder | 'as it is' | 'label'): SentEncoder {
  if (canonical === 'label') return label;
  return canonical === 'as it is' ? plain : inCanonical(canonical);
}

const plain: SentEncoder = (bytes, at, out) => {
  const { from, to } = spanAt(bytes, at);
  out.value(bytes, from, to);
  return to;
};

/** Of a type without an empty label: what is empty is no label. */
const label: SentEncoder = (bytes, at, out) => {
  const { from, to } = spanAt(bytes, at);
  if (from === to) out.odd(bytes, from, to);
  else out.value(bytes, from, to);
  return to;
};

function inCanonical(encode: CanonicalEncoder): SentEncoder {
  return (bytes, at, out) => {
    const { from, to } = spanAt(bytes, at);
    const { view } = out;
    view.bytes = bytes;
    view.from = from;
    view.to = to;
    encode(view, out);
    return to;
  };
}
