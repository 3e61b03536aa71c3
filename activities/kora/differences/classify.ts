import type { ColumnMapping } from '../../../contracts/mapping.js';
import type { FindingCode } from '../../../contracts/migration.js';
import { classifyMoment } from './moments.js';
import { nativeValue } from './native.js';
import { classifyDecimal, classifyFloat } from './numbers.js';
import { classifyText } from './texts.js';

/** What became of a value: the source's canonical form against the target's. `null` is NULL. */
export interface Change {
  /** `odd`: the source's value has no canonical form in the target's kind; these are its raw bytes. */
  readonly source: { readonly bytes: Buffer | null; readonly odd: boolean };
  readonly target: Buffer | null;
}

export interface Classified {
  readonly code: FindingCode;
  /** How far a clock was moved, in minutes. */
  readonly minutes?: number;
}

/** The class of a change, by the kind of the values. Pure; called only where they differ. */
export function classify({ kind, type }: Pick<ColumnMapping, 'kind' | 'type'>, { source, target }: Change): Classified {
  if (source.odd) return { code: 'value_without_faithful_form' };
  if (source.bytes === null) return { code: 'null_lost' };
  if (target === null) return { code: 'null_made' };
  switch (kind) {
    case 'text':
    case 'enum':
    case 'json':
      return classifyText(source.bytes.toString(), target.toString());
    case 'integer':
    case 'decimal':
      return classifyDecimal(source.bytes.toString(), target.toString());
    case 'float4':
    case 'float8':
      return classifyFloat(source.bytes, target);
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
      return classifyMoment(kind, source.bytes.toString(), target.toString());
    case 'bytes':
      return classifyBytes(source.bytes, target);
    case 'native': {
      const [from, to] = [nativeValue(type, source.bytes), nativeValue(type, target)];
      if (from === undefined || to === undefined) return { code: 'value_differs' };
      return classify({ kind: from.kind, type }, { source: { bytes: from.bytes, odd: false }, target: to.bytes });
    }
    default:
      return { code: 'value_differs' };
  }
}

function classifyBytes(source: Buffer, target: Buffer): Classified {
  if (target.length < source.length && source.subarray(0, target.length).equals(target)) return { code: 'truncated' };
  const hex = source.toString('hex');
  const text = target.toString('latin1').toLowerCase();
  if (text === hex || text === `\\x${hex}` || text === `0x${hex}`) return { code: 'encoding_damaged' };
  return { code: 'value_differs' };
}
