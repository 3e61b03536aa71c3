import { qualified } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { NotMigrated } from '../../contracts/mapping.js';
import type { RefusedColumn } from '../../databases/target.js';

/** The plan with plain columns where the target does not take what would generate them; each is listed. */
export function withoutGenerated(document: PlanDocument, refused: readonly RefusedColumn[]): PlanDocument {
  if (refused.length === 0) return document;
  const left: NotMigrated[] = [];
  const tables = document.migration.tables.map((table) => {
    const columns = table.columns.map((column) => {
      const found = refused.find((each) => each.table === table.target.name && each.column === column.target);
      if (!found) return column;
      const plain = { ...column };
      delete plain.generated;
      const name = `${qualified(table.source)}.${column.source}`;
      left.push({ kind: 'generated column', name, reason: `a plain column with its values: ${found.reason}` });
      return plain;
    });
    return { ...table, columns };
  });
  const notMigrated = [...document.migration.notMigrated, ...left];
  return { ...document, migration: { ...document.migration, tables, notMigrated } };
}
