import { isProvenEqual } from '../../../../platform/certificate/statements.js';
import type { CheckContext } from '../check.js';

/** Says of tables and views of the source which of them both sides do not hold alike, by what the proof of rows found. */
export async function unequalTables({
  deps,
  migrationId,
  migration,
}: CheckContext): Promise<(tables: readonly string[]) => string[]> {
  const unequal = new Set(migration.notMigrated.map(({ name }) => name.toLowerCase()));
  for (const table of await deps.store.migrations.tables(migrationId)) {
    const isWhole = table.quarantinedRows === 0 && table.changedValues === 0;
    if (!isProvenEqual(table) || !isWhole) unequal.add(table.source.toLowerCase());
  }
  for (const { source, equal } of await deps.store.migrations.views(migrationId)) {
    if (!equal) unequal.add(source.toLowerCase());
  }
  const names = [...unequal];
  // A query may name a table without its schema.
  const isUnequal = (name: string): boolean =>
    unequal.has(name) || (!name.includes('.') && names.some((known) => known.endsWith(`.${name}`)));
  return (tables) => tables.filter((table) => isUnequal(table.toLowerCase()));
}
