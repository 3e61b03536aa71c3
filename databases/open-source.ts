import type { Endpoint } from '../contracts/endpoint.js';
import { openCsvSource } from './csv/source.js';
import { openMysqlSource } from './mysql/source.js';
import { openPostgresSource } from './postgres/source/source.js';
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
    case 'csv':
      return openCsvSource(endpoint);
    case 'postgres':
      return openPostgresSource(endpoint);
  }
}
