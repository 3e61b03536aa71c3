import { chmodSync, createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { draftMapping } from '../../activities/maba/mapping/draft-mapping.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import type { ColumnMapping, MigrationMapping } from '../../contracts/mapping.js';
import { shadowSchema } from '../../contracts/names.js';
import type { Workload } from '../../contracts/workload.js';
import { openSession as openMysql } from '../../databases/mysql/connect.js';
import { readCatalogue } from '../../databases/mysql/catalogue.js';
import { openPostgresTarget } from '../../databases/postgres/target.js';
import type { Target } from '../../databases/target.js';
import { readWorkload } from '../../language/workload/read-workload.js';
import { sakilaFolder, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { build, someNames } from '../databases/postgres-fixtures.js';
import { startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';

/** Sakila in MariaDB with a general log of the example workload, and the same rows in PostgreSQL. */
export interface SakilaWorld {
  readonly source: PrivateMariadb;
  readonly catalogue: Catalogue;
  readonly migration: MigrationMapping;
  /** As the log has it, not translated. */
  readonly workload: Workload;
  /** Its search path is the schema with the tables. */
  readonly session: pg.Client;
  stop(): Promise<void>;
}

export async function startSakilaWorld(): Promise<SakilaWorld> {
  const [source, server] = await Promise.all([startPrivateMariadb(), startTestServer('embedded')]);
  const logs = mkdtempSync(join(tmpdir(), 'caravan-workload-'));
  chmodSync(logs, 0o777);
  for (const part of ['schema', 'data'])
    await source.script(`\nSOURCE ${join(sakilaFolder ?? '', `sakila-${part}.sql`)}`);
  const reader = await openMysql(source.endpoint('sakila'));
  const catalogue = await readCatalogue(reader);
  const { mapping: migration } = draftMapping({
    ...{ catalogue, profiles: [], answers: {}, targetSchema: 'public', identifiers: 'lower', learned: [] },
  });
  const rows = await copyTexts(source, migration);
  const log = join(logs, 'general.log');
  await runWorkload(source, log);
  const [workload, { target, session }] = [await readLog(log), await makeTarget(server, migration, rows)];
  return {
    ...{ source, catalogue, migration, workload, session },
    stop: async () => {
      await session.end();
      await target.close();
      await reader.close();
      await Promise.all([source.stop(), server.stop()]);
      rmSync(logs, { recursive: true, force: true });
    },
  };
}

/** The example, sent by MySQL's own client, and prepared statements of a driver beside it. */
async function runWorkload(source: PrivateMariadb, log: string): Promise<void> {
  const text = await readFile(new URL('../../examples/workloads/sakila.sql', import.meta.url), 'utf8');
  const logging = `SET GLOBAL general_log_file = '${log}'; SET GLOBAL general_log = 1;`;
  await source.script(logging);
  await source.script(text, 'sakila');
  const driver = await source.connect('sakila');
  const film = 'SELECT title, rental_rate FROM film WHERE film_id = ? AND rating = ?';
  for (const [id, rating] of [
    [1, 'PG'],
    [2, 'G'],
    [1, 'PG'],
  ] as const)
    await driver.execute(film, [id, rating]);
  await driver.execute('SELECT customer_id FROM customer WHERE last_name = ? LIMIT 1', ["O'BRIEN\n\\x"]);
  await driver.execute('UPDATE actor SET first_name = ? WHERE actor_id = ?', ["D'ARTAGNAN", -1]);
  await driver.execute('SELECT staff_id FROM staff WHERE picture = ?', [Buffer.from([0x89, 0x50, 0xff, 0x00, 0xfe])]);
  await driver.end();
  await source.script('SET GLOBAL general_log = 0');
}

async function readLog(log: string): Promise<Workload> {
  const beginning = (await readFile(log)).subarray(0, 65_536).toString();
  const file = { beginning, bytes: () => createReadStream(log) };
  return readWorkload([file], { dialect: 'mysql', readAt: new Date() });
}

async function makeTarget(
  server: TestServer,
  migration: MigrationMapping,
  rows: Record<string, string>,
): Promise<{ target: Target; session: pg.Client }> {
  const endpoint = await server.database();
  const names = someNames();
  const target = await openPostgresTarget(endpoint, names);
  await build(target, migration, rows);
  for (const view of migration.views) await target.makeView(view, migration);
  const { host, port, user, password, database } = endpoint;
  const session = new pg.Client({ host, port, user, password, database });
  await session.connect();
  await session.query(`SET search_path = ${shadowSchema(names.hash)}; SET TimeZone = 'UTC'`);
  return { target, session };
}

/** Rows of every table in COPY's text form. */
async function copyTexts(source: PrivateMariadb, migration: MigrationMapping): Promise<Record<string, string>> {
  const driver = await source.connect('sakila');
  await driver.query("SET time_zone = '+00:00'");
  const texts: Record<string, string> = {};
  for (const table of migration.tables) {
    const columns = table.columns.map(({ source: name }) => `\`${name}\``).join(', ');
    const [rows] = await driver.query({
      sql: `SELECT ${columns} FROM \`${table.source.name}\``,
      rowsAsArray: true,
      dateStrings: true,
    });
    const lines = (rows as unknown[][]).map(
      (row) => `${row.map((value, at) => fieldOf(value, table.columns[at])).join('\t')}\n`,
    );
    texts[table.target.name] = lines.join('');
  }
  await driver.end();
  return texts;
}

function fieldOf(value: unknown, column: ColumnMapping | undefined): string {
  if (value === null) return '\\N';
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (column?.kind === 'boolean') return text === '1' ? 't' : 'f';
  if (column?.kind === 'text_array')
    return `{${
      text === ''
        ? ''
        : text
            .split(',')
            .map((part) => `"${part}"`)
            .join(',')
    }}`;
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
