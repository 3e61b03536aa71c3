import { qualified } from '../../contracts/catalogue.js';
import type { FixOffer, FixOption } from '../../contracts/fixes.js';
import { oddCause } from '../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping, OddCause, TableMapping } from '../../contracts/mapping.js';

interface Place {
  readonly table: TableMapping;
  readonly column: ColumnMapping;
  readonly cause: OddCause;
}

/** The column and cause that a finding of quarantined rows names; undefined: none, or one that no value policy is about. */
function placeOf({ tables }: MigrationMapping, finding: string): Place | undefined {
  for (const table of tables) {
    const ofTable = `rows_quarantined:${qualified(table.source)}.`;
    if (!finding.startsWith(ofTable)) continue;
    for (const column of table.columns) {
      const ofColumn = `${ofTable}${column.target}:`;
      const { data: cause } = oddCause.safeParse(finding.slice(ofColumn.length));
      if (finding.startsWith(ofColumn) && cause !== undefined) return { table, column, cause };
    }
  }
  return undefined;
}

/** A key must not become NULL, and only texts are repaired. */
function optionsOf({ table, column, cause }: Place): FixOption[] {
  const inKey = table.primaryKey?.columns.includes(column.target) === true || table.chunkKey?.source === column.source;
  const isText = column.kind === 'text' && column.transform.every(({ op }) => op === 'as_is');
  return [
    ...(column.nullable && !inKey ? (['null'] as const) : []),
    ...(isText && cause === 'nul_character' ? (['remove'] as const) : []),
    ...(isText && cause === 'invalid_utf8' ? (['decode'] as const) : []),
  ];
}

export function offersOf(migration: MigrationMapping, findings: readonly string[]): FixOffer[] {
  return findings.map((finding) => {
    const place = placeOf(migration, finding);
    return { finding, options: place === undefined ? [] : optionsOf(place) };
  });
}
