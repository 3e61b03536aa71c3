import type { Endpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import { runStatement as onMysql } from './mysql/query.js';
import { runStatement as onPostgres } from './postgres/query.js';
import { runStatement as onSqlite } from './sqlite/query.js';
import { mustRead } from './statement.js';
import type { Statement, StatementAnswer } from './statement.js';

/** Runs one statement on the database that an endpoint names. */
export async function runStatement(endpoint: Endpoint, statement: Statement): Promise<StatementAnswer> {
  mustRead(statement);
  switch (endpoint.engine) {
    case 'mysql':
    case 'mariadb':
      return onMysql(endpoint, statement);
    case 'postgres':
      return onPostgres(endpoint, statement);
    case 'csv':
      throw new CaravanFailure('SQL_REFUSED', {
        attempted: 'run the statement on',
        on: 'csv',
        seen: 'files know no SQL',
      });
    case 'sqlite':
      return onSqlite(endpoint, statement);
  }
}
