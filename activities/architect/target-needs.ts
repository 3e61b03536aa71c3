import { isNative } from '../../contracts/mapping.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { TargetNeeds } from '../../databases/target.js';

/** What a plan from PostgreSQL asks of the target's server, so that it is refused before anything is touched. */
export function targetNeeds(mapping: MigrationMapping): TargetNeeds {
  const native = mapping.tables.filter(isNative);
  const texts = [
    ...native.flatMap((table) => table.columns.map((column) => column.type)),
    ...mapping.types.flatMap(({ domain, attributes }) => [
      ...(domain ? [domain.type] : []),
      ...(attributes ?? []).map((part) => part.type),
    ]),
  ];
  const keys = native.flatMap((table) => [...table.uniqueKeys, ...table.indexes]);
  const newest = [
    ...keys.filter(({ definition = '' }) => /\bNULLS NOT DISTINCT\b/.test(definition)),
    ...native.flatMap((table) => table.foreignKeys.filter((key) => key.onDeleteColumns !== undefined)),
  ].map(({ name }) => ({ what: name, version: 15 }));
  return {
    extensions: mapping.extensions ?? [],
    collations: mapping.collations ?? [],
    // A quoted name is a type of the plan or of an extension.
    types: [...new Set(texts.filter((text) => !text.startsWith('"')))].sort(),
    newest,
  };
}
