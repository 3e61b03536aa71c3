import { randomUUID } from 'node:crypto';
import type { Workload } from '../../contracts/workload.js';
import type { Store } from '../../platform/store/store.js';
import type { End } from '../migrate/request.js';
import { patient } from '../patience.js';
import { loadWorkload } from './workload-files.js';

/** Reads recorded queries and puts them, sealed, into the store. Gives their id. */
export async function putWorkload(store: Store, paths: readonly string[], source: End): Promise<string> {
  const workload = await loadWorkload('/', paths, { dialect: await dialectOf(store, source) });
  const id = randomUUID();
  await patient(() => store.workloads.put(id, workload));
  return id;
}

/** Whose words a file of statements is in. */
async function dialectOf(store: Store, source: End): Promise<Workload['dialect']> {
  const { engine } = source.kind === 'url' ? source.endpoint : await patient(() => store.connections.get(source.name));
  return engine === 'postgres' || engine === 'sqlite' ? engine : 'mysql';
}
