import { CaravanFailure } from '../../../../contracts/failures.js';
import type { Catalogue } from '../../../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import { translateWorkload } from '../../../maba/queries/workload/translate-workload.js';
import type { CheckContext } from '../check.js';
import { Sampler } from './samples.js';

/** The recorded queries as they are run on both sides. */
export async function preparedWorkload(context: CheckContext, workloadId: string): Promise<Workload> {
  const workload = await context.deps.store.workloads.get(workloadId);
  if (workload === undefined) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'read the recorded queries',
      on: workloadId,
      seen: 'the store has none by this id',
      next: 'Give the file again.',
    });
  }
  const { source, migration } = context;
  // Values first: a translation needs to see them.
  const queries = await withSamples(context, workload);
  const catalogue = await source.catalogue();
  return translateWorkload({ ...workload, queries }, { catalogue, migration: withKeys(migration, catalogue) });
}

/** The plan of a comparison names no keys: those of the source fix what a group holds, in the target as well. */
function withKeys(migration: MigrationMapping, catalogue: Catalogue): MigrationMapping {
  const tables = migration.tables.map((table): TableMapping => {
    const known = catalogue.tables.find(
      ({ schema, name }) => schema === table.source.schema && name === table.source.name,
    );
    const columns = known?.primaryKey?.map(
      (part) => table.columns.find(({ source }) => source === part.column)?.target,
    );
    if (table.primaryKey !== undefined || columns === undefined || columns.includes(undefined)) return table;
    const name = `${table.target.name}_pkey`;
    return { ...table, primaryKey: { name, columns: columns.filter((column) => column !== undefined) } };
  });
  return { ...migration, tables };
}

async function withSamples({ snapshot, migration, alive }: CheckContext, workload: Workload): Promise<WorkloadQuery[]> {
  const { queries } = workload;
  if (!queries.some(({ placeholders = [] }) => placeholders.length > 0)) return [...queries];
  return snapshot.lend(async (reader) => {
    const asking = await reader.asking?.({ path: sourcePath(migration) });
    if (asking === undefined) return [...queries];
    try {
      const sampler = new Sampler(asking, workload);
      const sampled: WorkloadQuery[] = [];
      for (const query of queries) {
        alive.signal.throwIfAborted();
        sampled.push(await sampler.fill(query));
      }
      return sampled;
    } finally {
      await asking.close();
    }
  });
}

/** Where queries of an application find names without a schema, when their login has nothing of its own. */
const DEFAULT_SCHEMA = 'public';

export function sourcePath({ tables }: CheckContext['migration']): string[] {
  return [...new Set([...tables.map(({ source }) => source.schema), DEFAULT_SCHEMA])];
}

export function targetPath({ targetSchema }: CheckContext['migration']): string[] {
  return [...new Set([targetSchema, DEFAULT_SCHEMA])];
}
