import type { Catalogue, CatalogueTable } from '../../../contracts/catalogue.js';
import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { TableProfile } from '../../../contracts/profile.js';
import type { QueryStatistic } from '../../../contracts/workload.js';
import type { Reader, Snapshot, SnapshotOptions, Source } from '../../source.js';
import { chunkBounds } from './bounds.js';
import { readCatalogue } from './catalogue.js';
import { readingSource } from './errors.js';
import { profileTable } from './profile.js';
import { readQueryStatistics } from './query-statistics.js';
import { poolReader } from './reader.js';
import { SourceSessions } from './sessions.js';
import { openSnapshot } from './snapshot.js';

class PostgresSource implements Source {
  readonly engine = 'postgres';
  readonly #endpoint: ServerEndpoint;
  readonly #pool: SourceSessions;
  readonly #snapshots = new Set<Snapshot>();

  constructor(endpoint: ServerEndpoint, pool: SourceSessions) {
    this.#endpoint = endpoint;
    this.#pool = pool;
  }

  catalogue(): Promise<Catalogue> {
    const attempt = { attempted: 'read the catalogue of', on: this.#endpoint.database };
    return readingSource(attempt, () => this.#pool.use((session) => readCatalogue(session, this.#endpoint.database)));
  }

  profile(
    table: CatalogueTable,
    options: { readonly sampleAbove: number; readonly signal?: AbortSignal },
  ): Promise<TableProfile> {
    const attempt = { attempted: 'profile', on: `${table.schema}.${table.name}` };
    return readingSource(attempt, () => this.#pool.use((session) => profileTable(session, table, options)));
  }

  chunkBounds(table: TableMapping): Promise<string[]> {
    const attempt = { attempted: 'cut', on: `${table.source.schema}.${table.source.name}` };
    return readingSource(attempt, () => this.#pool.use((session) => chunkBounds(session, table)));
  }

  async openSnapshot(options: SnapshotOptions): Promise<Snapshot> {
    const snapshot = await openSnapshot(this.#endpoint, options);
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  queryStatistics(): Promise<QueryStatistic[]> {
    const attempt = { attempted: 'read the statistics of queries on', on: this.#endpoint.database };
    return readingSource(attempt, () => this.#pool.use(readQueryStatistics));
  }

  openReader(): Promise<Reader> {
    return Promise.resolve(poolReader(this.#pool));
  }

  async close(): Promise<void> {
    const snapshots = [...this.#snapshots];
    this.#snapshots.clear();
    await Promise.all(snapshots.map((snapshot) => snapshot.close()));
    await this.#pool.close();
  }
}

/** Opens PostgreSQL 12 to 18 as a source. */
export async function openPostgresSource(endpoint: ServerEndpoint): Promise<Source> {
  const pool = new SourceSessions(endpoint);
  await pool.giveBack(await pool.take());
  return new PostgresSource(endpoint, pool);
}
