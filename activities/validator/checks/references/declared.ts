import { qualified } from '../../../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { DeclaredReference } from '../../../../contracts/references.js';
import type { Reference, RelatedTable } from '../../../../databases/checked.js';
import type { CheckedSide } from '../sides.js';

/** Seconds that counting the orphans of one key may take. */
const SECONDS = 120;

export interface DeclaredKey extends Reference {
  readonly name: string;
  /** The source's table, "schema.name". */
  readonly of: string;
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** The foreign keys that the source declares, between tables of the plan. */
export function declaredKeys({ tables }: MigrationMapping): DeclaredKey[] {
  return tables.flatMap((table: TableMapping) =>
    table.foreignKeys.map((key) => ({
      name: key.name,
      of: qualified(table.source),
      table: table.target.name,
      columns: key.columns,
      referenced: key.targetTable.name,
      referencedColumns: key.targetColumns,
      onDelete: key.onDelete,
      onUpdate: key.onUpdate,
    })),
  );
}

interface Parts {
  readonly target: CheckedSide;
  readonly tables: readonly RelatedTable[];
  /** Another tool may have filled tables past their keys: then those that are valid are counted, too. */
  readonly existing: boolean;
  readonly signal: AbortSignal;
}

/** How the target keeps a key, and how many of its rows refer to nothing. */
export async function lookAtKey(key: DeclaredKey, parts: Parts): Promise<DeclaredReference> {
  const state = stateOf(key, parts.tables);
  const { name, table, columns, referenced, referencedColumns } = key;
  const told = { name, table, columns, referenced, referencedColumns, state };
  // This server looked at every row when it made the key in the shadow.
  if (state === 'valid' && !parts.existing) return { ...told, orphans: 0 };
  const counted = await parts.target.checked.inclusion(key, { seconds: SECONDS, signal: parts.signal });
  return { ...told, orphans: counted?.orphans ?? null };
}

function stateOf(key: DeclaredKey, tables: readonly RelatedTable[]): DeclaredReference['state'] {
  const constraints = tables.find(({ name }) => name === key.table)?.constraints ?? [];
  const found = constraints.filter(
    (one) => one.kind === 'f' && one.referenced === key.referenced && pairs(one) === pairs(key),
  );
  if (found.length === 0) return 'missing';
  return found.some(({ validated }) => validated) ? 'valid' : 'not valid';
}

/** Which column refers to which, in any order. */
function pairs({ columns, referencedColumns }: Pick<Reference, 'columns' | 'referencedColumns'>): string {
  return JSON.stringify(columns.map((column, at) => [column, referencedColumns[at]]).toSorted());
}
