import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { TableProfile } from '../../contracts/profile.js';
import type { QueryStatistic } from '../../contracts/workload.js';
import type { Reader, Snapshot, SnapshotOptions, Source, Strain } from '../source.js';
import { chunkBounds, countRows } from './bounds.js';
import { readCatalogue } from './catalogue.js';
import { profileTable } from './profile.js';
import { readQueryStatistics } from './query-statistics.js';
import { poolReader } from './reader.js';
import { SessionPool } from './session-pool.js';
import { openSnapshot } from './snapshot.js';
import { strainOf } from './strain.js';

class MysqlSource implements Source {
  readonly engine: 'mysql' | 'mariadb';
  readonly #endpoint: ServerEndpoint;
  readonly #pool: SessionPool;
  readonly #snapshots = new Set<Snapshot>();

  constructor(engine: 'mysql' | 'mariadb', endpoint: ServerEndpoint, pool: SessionPool) {
    this.engine = engine;
    this.#endpoint = endpoint;
    this.#pool = pool;
  }

  catalogue(): Promise<Catalogue> {
    return this.#pool.use(readCatalogue);
  }

  profile(
    table: CatalogueTable,
    options: { readonly sampleAbove: number; readonly signal?: AbortSignal },
  ): Promise<TableProfile> {
    return this.#pool.use((session) => profileTable(session, table, options));
  }

  chunkBounds(table: TableMapping): Promise<string[]> {
    return this.#pool.use((session) => chunkBounds(session, table));
  }

  countRows(table: TableMapping): Promise<number> {
    return this.#pool.use((session) => countRows(session, table));
  }

  async openSnapshot(options: SnapshotOptions): Promise<Snapshot> {
    // Idle sessions beside those of the snapshot would be more than were asked for.
    await this.#pool.rest();
    const snapshot = await openSnapshot(this.#endpoint, options);
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  openReader(): Promise<Reader> {
    return Promise.resolve(poolReader(this.#pool));
  }

  queryStatistics(): Promise<QueryStatistic[]> {
    return this.#pool.use(readQueryStatistics);
  }

  strain(): Promise<Strain> {
    return this.#pool.use(strainOf);
  }

  async close(): Promise<void> {
    const snapshots = [...this.#snapshots];
    this.#snapshots.clear();
    await Promise.all(snapshots.map((snapshot) => snapshot.close()));
    await this.#pool.close();
  }
}

/** Opens MySQL 5.7 to 8.4 or MariaDB 10 to 11 as a source. Which of both it is, the server says. */
export async function openMysqlSource(endpoint: ServerEndpoint): Promise<Source> {
  const pool = new SessionPool(endpoint);
  const engine = await pool.use((session) => Promise.resolve(session.facts.engine));
  return new MysqlSource(engine, endpoint, pool);
}
