import type { Endpoint } from '../contracts/endpoint.js';
import { openMysqlTrials } from './mysql/trial.js';
import { openPostgresTrials } from './postgres/trial.js';
import { openSqliteTrials } from './sqlite/trial.js';
import type { TrialGround } from './trials/trial.js';

/** Opens a replica of a source, in which changes are tried and taken back; undefined where the engine has no keys. */
export async function openTrials(endpoint: Endpoint): Promise<TrialGround | undefined> {
  switch (endpoint.engine) {
    case 'mysql':
    case 'mariadb':
      return openMysqlTrials(endpoint);
    case 'postgres':
      return openPostgresTrials(endpoint);
    case 'sqlite':
      return openSqliteTrials(endpoint);
    case 'csv':
      return undefined;
  }
}
