import type { Endpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import { openMysqlSource } from './mysql/source.js';
import type { Source } from './source.js';
import { openSqliteSource } from './sqlite/source.js';

/** Opens the source that an endpoint names. */
export async function openSource(endpoint: Endpoint): Promise<Source> {
  switch (endpoint.engine) {
    case 'mysql':
    case 'mariadb':
      return openMysqlSource(endpoint);
    case 'sqlite':
      return openSqliteSource(endpoint);
    case 'postgres':
      throw new CaravanFailure('INPUT_INVALID', {
        attempted: 'use as a source',
        on: endpoint.engine,
        seen: 'this engine is not a source yet',
        next: 'Use MySQL, MariaDB or SQLite.',
      });
  }
}
