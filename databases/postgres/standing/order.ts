import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { quoted } from '../identifiers.js';

export interface OwnReferenceEdge {
  readonly table: string;
  readonly referenced: string;
  readonly constraint: string;
}

export interface FillingOrder {
  /** What is referenced stands before what refers to it, as far as there is such an order. */
  readonly tables: readonly TableMapping[];
  /** Foreign keys that no order satisfies: they must wait until all rows are there. */
  readonly waiting: readonly OwnReferenceEdge[];
}

/** Pure: the same references give the same order. */
export function fillingOrder(tables: readonly TableMapping[], references: readonly OwnReferenceEdge[]): FillingOrder {
  const byName = new Map(tables.map((table) => [table.target.name, table]));
  const parents = Map.groupBy(references, ({ table }) => table);
  const places = new Map<string, number>();
  const begun = new Set<string>();
  const ordered: TableMapping[] = [];
  for (const root of tables) {
    const stack = [{ name: root.target.name, next: 0 }];
    begun.add(root.target.name);
    if (places.has(root.target.name)) continue;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const parent = parents.get(top.name)?.[top.next++];
      if (parent === undefined) {
        const table = byName.get(top.name);
        places.set(top.name, ordered.length);
        if (table !== undefined) ordered.push(table);
        stack.pop();
      } else if (byName.has(parent.referenced) && !begun.has(parent.referenced)) {
        begun.add(parent.referenced);
        stack.push({ name: parent.referenced, next: 0 });
      }
    }
  }
  const place = (name: string): number => places.get(name) ?? -1;
  return { tables: ordered, waiting: references.filter((edge) => place(edge.referenced) > place(edge.table)) };
}

/** Foreign keys between tables of the plan that cannot be deferred as they are. */
export async function strictReferences(session: Session, mapping: MigrationMapping): Promise<OwnReferenceEdge[]> {
  const rows = await session.rows(
    `WITH own AS (SELECT c.oid, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND c.relname = ANY($2::text[]))
     SELECT o.relname AS name, r.relname AS referenced, k.conname AS key FROM pg_catalog.pg_constraint k
       JOIN own AS o ON o.oid = k.conrelid JOIN own AS r ON r.oid = k.confrelid
      WHERE k.contype = 'f' AND NOT k.condeferrable AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
      ORDER BY 1, 3`,
    [mapping.targetSchema, mapping.tables.map(({ target }) => target.name)],
  );
  return rows.map((row) => ({
    table: row['name'] ?? '',
    referenced: row['referenced'] ?? '',
    constraint: row['key'] ?? '',
  }));
}

/** Lets a foreign key wait for the end of the transaction, and back: the constraint itself stays. */
export function deferrableSql(schema: string, edge: OwnReferenceEdge, to: 'deferred' | 'strict'): string {
  const words = to === 'deferred' ? 'DEFERRABLE INITIALLY DEFERRED' : 'NOT DEFERRABLE';
  return `ALTER TABLE ${quoted(schema)}.${quoted(edge.table)} ALTER CONSTRAINT ${quoted(edge.constraint)} ${words}`;
}
