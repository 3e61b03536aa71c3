import type { ColumnMapping, OddCause } from '../../contracts/mapping.js';
import { ODD_CAUSES } from '../../contracts/mapping.js';

/** The canonical form of what the plan puts in place of a value, by cause; made here, not by the copy's codecs. */
export function replacementsOf(column: ColumnMapping): ReadonlyMap<string, Buffer> {
  const forms = new Map<OddCause, Buffer>();
  for (const cause of ODD_CAUSES) {
    const policy = column.values?.[cause];
    if (policy?.do === 'use') forms.set(cause, Buffer.from(canonical(column, policy.value), 'utf8'));
  }
  return forms;
}

function canonical({ kind }: ColumnMapping, value: string): string {
  switch (kind) {
    case 'timestamp':
    case 'timestamptz':
      return `${value.slice(0, 10)} ${clock(value.slice(11) || '00:00:00')}`;
    case 'time':
      return clock(value);
    case 'integer':
      return BigInt(value).toString();
    case 'decimal':
      return decimal(value);
    default:
      return value;
  }
}

function clock(time: string): string {
  const [whole = '', fraction = ''] = time.split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}

/** "-007.50" is "-7.5", and there is no "-0". */
function decimal(value: string): string {
  const [whole = '', fraction = ''] = value.replace('-', '').split('.');
  const digits = whole.replace(/^0+(?=\d)/, '');
  const rest = fraction.replace(/0+$/, '');
  const plain = rest === '' ? digits : `${digits}.${rest}`;
  return value.startsWith('-') && plain !== '0' ? `-${plain}` : plain;
}
