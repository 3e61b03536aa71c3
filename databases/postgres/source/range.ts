import type { TableMapping } from '../../../contracts/mapping.js';
import type { KeyRange } from '../../source.js';
import { literal, qualified, quoted } from '../identifiers.js';

/** Types of a key by which chunks are cut; the bound's text is read as this type. */
const TYPES = { integer: 'bigint', date: 'date', timestamp: 'timestamp', uuid: 'uuid' } as const;

/** The rows of a half-open range of the chunk key, as a clause. A key has no NULL. */
export function rangeClause({ chunkKey }: TableMapping, { lower, upper }: KeyRange): string {
  if (chunkKey === undefined) return '';
  const bound = (text: string): string => `${literal(text)}::${TYPES[chunkKey.kind]}`;
  const column = quoted(chunkKey.source);
  const parts = [
    ...(lower === undefined ? [] : [`${column} >= ${bound(lower)}`]),
    ...(upper === undefined ? [] : [`${column} < ${bound(upper)}`]),
  ];
  return parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`;
}

/** Of a partitioned table all rows; there are no other children among tables that are migrated. */
export function sourceTable({ source }: TableMapping): string {
  return qualified(source.schema, source.name);
}
