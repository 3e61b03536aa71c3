import type { ColumnMapping, TableMapping, ValueKind } from '../../contracts/mapping.js';

/** A mapping for tests: "id integer" per column; keys by name. */
export function mappingOf(
  table: { readonly schema: string; readonly name: string; readonly columns: readonly string[] },
  keys: Partial<Pick<TableMapping, 'rowKey' | 'chunkKey' | 'chunkRows' | 'estimatedRows'>> = {},
): TableMapping {
  return {
    source: { schema: table.schema, name: table.name },
    target: { schema: 'public', name: table.name },
    columns: table.columns.map(columnOf),
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    chunkRows: 1000,
    estimatedRows: 0,
    transactional: true,
    ...keys,
  };
}

function columnOf(text: string): ColumnMapping {
  const [source = '', kind = '', width = ''] = text.split(' ');
  return {
    source,
    target: source,
    type: kind,
    kind: kind as ValueKind,
    sourceNullable: source !== 'id',
    nullable: source !== 'id',
    transform: kind === 'bit' ? [{ op: 'to_bits', width: Number(width) }] : [{ op: 'as_is' }],
    limits: {},
    onInvalid: 'null',
    confidence: 1,
    reasons: [],
  };
}
