import type { Endpoint, FileEndpoint, ServerEndpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import type { Replica } from './asking.js';
import { openReplica as openMysqlReplica } from './mysql/replica.js';
import { openReplica as openPostgresReplica } from './postgres/source/replica.js';
import { openReplica as openSqliteReplica } from './sqlite/replica.js';

/**
 * Opens a throw-away replica of a source; one that is the source itself is refused before anything is written. Where none
 * is named, a file is copied. Undefined: there is none.
 */
export async function openReplica(source: Endpoint, replica: Endpoint | undefined): Promise<Replica | undefined> {
  if (isFile(source)) {
    if (replica === undefined || isFile(replica)) return openSqliteReplica(source, replica);
  } else if (replica === undefined) return undefined;
  else if (isMysql(source) && isMysql(replica)) return openMysqlReplica(source, replica);
  else if (isPostgres(source) && isPostgres(replica)) return openPostgresReplica(source, replica);
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'try writes on',
    on: replica.engine,
    seen: `it is no replica of ${source.engine}`,
    next: 'Leave --replay-source out: reads are replayed without it.',
  });
}

function isFile(endpoint: Endpoint): endpoint is FileEndpoint {
  return endpoint.engine === 'sqlite';
}

function isMysql(endpoint: Endpoint): endpoint is ServerEndpoint {
  return endpoint.engine === 'mysql' || endpoint.engine === 'mariadb';
}

function isPostgres(endpoint: Endpoint): endpoint is ServerEndpoint {
  return endpoint.engine === 'postgres';
}
