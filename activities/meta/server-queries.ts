import { CaravanFailure } from '../../contracts/failures.js';
import type { Endpoint } from '../../contracts/endpoint.js';
import { SERVER_QUERIES } from '../../contracts/migration.schema.js';
import type { MigrationInput } from '../../contracts/migration.schema.js';
import { workloadOfStatistics } from '../../language/workload/read-workload.js';
import type { Deps } from '../deps.js';
import { withEnd } from '../ends.js';

/** Where the server's own statistics are wanted they are read once, now, and kept as any recording: the input has their id. */
export async function withServerQueries(
  { store, openSource }: Deps,
  given: MigrationInput,
  { source, workloadId }: { readonly source: Endpoint; readonly workloadId: string },
): Promise<MigrationInput> {
  if (given.queries !== SERVER_QUERIES) return given;
  const statistics = await withEnd(openSource(source), async (opened) => opened.queryStatistics?.());
  if (statistics === undefined) throw nothingFrom(given, `${source.engine} counts no queries`);
  if (statistics.length === 0) throw nothingFrom(given, 'the server has counted no query of this database');
  const dialect = source.engine === 'postgres' ? 'postgres' : 'mysql';
  await store.workloads.put(workloadId, workloadOfStatistics(statistics, { dialect, readAt: new Date() }));
  return { ...given, queries: workloadId };
}

function nothingFrom({ source }: MigrationInput, seen: string): CaravanFailure {
  const next = 'Give a recording with --queries FILE.';
  return new CaravanFailure('INPUT_INVALID', { attempted: 'read the statistics of', on: source, seen, next });
}
