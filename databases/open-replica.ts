import type { Endpoint, ServerEndpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import type { Replica } from './asking.js';
import { openReplica as openMysqlReplica } from './mysql/replica.js';

/** Opens a throw-away replica of a source; one that is the source itself is refused before anything is written. */
export async function openReplica(source: Endpoint, replica: Endpoint): Promise<Replica> {
  if (isMysql(source) && isMysql(replica)) return openMysqlReplica(source, replica);
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'try writes on',
    on: replica.engine,
    seen: isMysql(source) ? `it is no replica of ${source.engine}` : `writes of ${source.engine} are not yet replayed`,
    next: 'Leave --replay-source out: reads are replayed without it.',
  });
}

function isMysql(endpoint: Endpoint): endpoint is ServerEndpoint {
  return endpoint.engine === 'mysql' || endpoint.engine === 'mariadb';
}
