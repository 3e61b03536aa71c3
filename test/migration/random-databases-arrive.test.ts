import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startMigrate, testFolder, urlOf } from './fixtures.js';
import { freshDatabase } from './harness.js';
import type { RandomTable } from '../../bench/kora/random/columns.js';
import { databases, expectedRows, NAMES, printingQuery, statementsOf } from '../../bench/kora/random/columns.js';
import { MARIADB } from '../../bench/kora/random/mariadb.js';
import { POSTGRES } from '../../bench/kora/random/postgres.js';
import { SQLITE } from '../../bench/kora/random/sqlite.js';

/** Databases for each engine; a failure prints the seed, and CARAVAN_SEED repeats it. */
const RUNS = Number(process.env['CARAVAN_RANDOM_RUNS'] ?? 2);
const SEED = process.env['CARAVAN_SEED'];
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...(SEED !== undefined && { seed: Number(SEED) }) };
/** MariaDB's names know no other characters. */
const BMP_NAMES = NAMES.filter((name) => /^[\0-\uffff]*$/u.test(name));
const LIMIT_MS = 60_000 + 30_000 * RUNS;

/** Rows as the server prints them, each as one JSON text, in the order of texts. */
async function printedRows(url: string, query: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET lc_monetary = 'C'`);
    const { rows } = await client.query<{ row: unknown }>(query);
    return rows.map(({ row }) => JSON.stringify(row)).sort();
  } finally {
    await client.end();
  }
}

/** Migrates into a fresh database and asks it for every row; what must stand there is known without the product. */
async function arrives(
  source: string,
  tables: readonly RandomTable[],
  expected: (table: RandomTable) => string[] | Promise<string[]>,
): Promise<void> {
  const target = await freshDatabase();
  try {
    const ran = await startMigrate({ source, target: target.url }, '--yes', '--identifiers', 'preserve').ended;
    expect({ exit: ran.exit, told: ran.exit === 0 ? '' : ran.stderr + ran.stdout }).toEqual({ exit: 0, told: '' });
    for (const table of tables) {
      const found = await printedRows(target.url, printingQuery(table, 'public'));
      expect({ table: table.name, rows: found }).toEqual({ table: table.name, rows: await expected(table) });
    }
  } finally {
    await target.drop();
  }
}

describe.skipIf(!hasMariadb)('A random database of MariaDB', () => {
  let server: PrivateMariadb;
  let databasesMade = 0;
  beforeAll(async () => {
    server = await startPrivateMariadb();
  });
  afterAll(() => server.stop());

  it('arrives as its maker knows it', { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(databases(MARIADB, BMP_NAMES), async (tables) => {
        const name = `random_${String((databasesMade += 1))}`;
        const session = `SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES', names utf8mb4`;
        const made = statementsOf(tables, '`', 'INT PRIMARY KEY');
        await server.script(
          `${[`CREATE DATABASE ${name} CHARACTER SET utf8mb4; USE ${name}`, session, ...made].join(';\n')};`,
        );
        await arrives(urlOf(server.endpoint(name)), tables, expectedRows);
      }),
      PARAMETERS,
    );
  });
});

describe('A random database of SQLite', () => {
  const folder = testFolder();
  afterAll(() => {
    folder.remove();
  });
  let files = 0;

  it('arrives as its maker knows it', { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(databases(SQLITE), async (tables) => {
        const script = statementsOf(tables, '"', 'INTEGER PRIMARY KEY').join(';\n');
        await arrives(folder.sqlite(`random-${String((files += 1))}`, script), tables, expectedRows);
      }),
      PARAMETERS,
    );
  });
});

describe('A random database of PostgreSQL', () => {
  it('arrives as the source itself prints it', { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(databases(POSTGRES), async (tables) => {
        const source = await freshDatabase();
        try {
          for (const statement of statementsOf(tables, '"', 'integer PRIMARY KEY')) await source.query(statement);
          await arrives(source.url, tables, (table) => printedRows(source.url, printingQuery(table, 'public')));
        } finally {
          await source.drop();
        }
      }),
      PARAMETERS,
    );
  });
});
