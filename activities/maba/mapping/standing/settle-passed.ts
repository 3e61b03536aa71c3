import type { Catalogue } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { ColumnMapping, TableMapping } from '../../../../contracts/mapping.js';
import { columnPath } from '../choose-type.js';
import type { Matched } from './match.js';
import { without } from './without.js';

/** Of a column of which some values may not fit. */
const DOUBTFUL = 0.6;
const STRICT = 'NOT NULL in the target: a row with NULL is quarantined';

/** A column from PostgreSQL whose values are passed as they are, into one that stands: its name and type are the target's. */
export function settlePassed(
  { catalogue }: { readonly catalogue: Catalogue },
  { table, column }: { readonly table: TableMapping; readonly column: ColumnMapping },
  matched: Matched,
): ColumnMapping {
  const path = columnPath(table.source, column.source);
  const own = matched.columns.get(path);
  if (own === undefined) return column;
  const doubts = matched.doubts.get(path) ?? [];
  const next = own.fills === 'sequence' ? nextGiven(catalogue, table, column) : undefined;
  const strict = column.sourceNullable && !own.nullable ? [STRICT] : [];
  return {
    ...without(column, 'default', 'generated', 'comment', 'identity', 'collation'),
    target: own.name,
    type: own.declared ?? own.type,
    nullable: own.nullable,
    ...(next !== undefined && { identity: { next } }),
    confidence: doubts.length === 0 ? 1 : DOUBTFUL,
    reasons: [
      ...column.reasons,
      ...doubts.map((doubt) => `${doubt}; a row that does not fit is quarantined`),
      ...strict,
    ],
  };
}

/** What the source's own counter of the column would give next. */
function nextGiven(catalogue: Catalogue, { source }: TableMapping, column: ColumnMapping): string | undefined {
  const place = qualified(source);
  const known = catalogue.tables.find((table) => qualified(table) === place);
  const identity = known?.columns.find(({ name }) => name === column.source)?.identity;
  const owned = catalogue.sequences?.find(
    ({ ownedBy }) =>
      ownedBy !== undefined && `${ownedBy.schema}.${ownedBy.table}` === place && ownedBy.column === column.source,
  );
  return (identity?.sequence ?? owned)?.next;
}
