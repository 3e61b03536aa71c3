import type { CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { TableMapping } from '../../../../contracts/mapping.js';
import type { RelationNames } from '../names.js';
import type { PostgresDrafting } from './columns.js';

type Partitions = NonNullable<TableMapping['partitions']>;

interface Naming {
  readonly tables: readonly CatalogueTable[];
  readonly targets: ReadonlyMap<string, string>;
  readonly relations: RelationNames;
}

/** Parts of each table that keeps them. Where one cannot be, the table holds all rows itself, which is listed. */
export function draftPartitions(drafting: PostgresDrafting, naming: Naming): Map<CatalogueTable, Partitions> {
  const drafted = new Map<CatalogueTable, Partitions>();
  for (const table of naming.tables) {
    const { partitions = 0, partitioning } = table.standing ?? {};
    if (partitioning === undefined) continue;
    const reason = obstacleOf(table, drafting, naming);
    if (reason === undefined) {
      drafted.set(table, partitionsOf(table, naming));
      continue;
    }
    const rows = `one table in the target holds the rows of its ${String(partitions)} partitions`;
    drafting.notes.leave('partitioning', qualified(table), `${rows}: ${reason}`);
  }
  return drafted;
}

function obstacleOf(
  { standing }: CatalogueTable,
  { needs }: PostgresDrafting,
  { relations }: Naming,
): string | undefined {
  const { parts = [], needs: ofKey = [] } = standing?.partitioning ?? {};
  const foreign = parts.find((part) => part.foreign);
  if (foreign) return `${qualified(foreign)} is on another server`;
  if ((standing?.exclusions ?? []).length > 0) return 'not every server takes its exclusion constraints';
  const names = parts.map(({ name }) => name);
  const taken = names.find((name, at) => relations.isTaken(name) || names.indexOf(name) !== at);
  if (taken !== undefined) return `something else is called ${taken} in the target`;
  return needs.lacks([...ofKey, ...parts.flatMap((part) => part.needs)]);
}

function partitionsOf(table: CatalogueTable, { targets, relations }: Naming): Partitions {
  const { key = '', parts = [] } = table.standing?.partitioning ?? {};
  const names = new Map([[qualified(table), targets.get(qualified(table)) ?? table.name]]);
  return {
    key,
    parts: parts.map((part) => {
      relations.take(part.name, { table: table.name, from: qualified(part) });
      names.set(qualified(part), part.name);
      return {
        source: { schema: part.schema, name: part.name },
        name: part.name,
        of: names.get(part.parent) ?? '',
        bound: part.bound,
        ...(part.key !== undefined && { key: part.key }),
      };
    }),
  };
}
