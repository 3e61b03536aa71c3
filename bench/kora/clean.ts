import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { createConnection } from 'mysql2/promise';
import { findMariadb } from '../../platform/local-stack/mariadb-server.js';
import { withEnds } from '../copy/ends.js';
import type { BenchEnds } from '../copy/ends.js';
import { openSource } from '../copy/source.js';
import type { BenchSource } from '../copy/source.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import type { KoraBenchOptions } from './options.js';
import { databases, NAMES, statementsOf } from './random/columns.js';
import type { Kind, RandomTable } from './random/columns.js';
import { MARIADB } from './random/mariadb.js';
import { POSTGRES } from './random/postgres.js';
import { SQLITE } from './random/sqlite.js';

const MIGRATIONS = 20;
/** MariaDB's names know no other characters. */
const BMP_NAMES = NAMES.filter((name) => /^[\0-\uffff]*$/u.test(name));

/** An engine whose databases are made by chance: their tables, and a database that holds them. */
interface Maker {
  readonly engine: string;
  readonly kinds: readonly Kind[];
  readonly names: readonly string[];
  make(tables: readonly RandomTable[], at: number): Promise<string>;
}

/** Databases by chance, of every engine that is there, each moved and then proven anew: no finding is called for. */
export async function cleanLine({ config, seed, tell }: KoraBenchOptions): Promise<BenchLine> {
  return withEnds(config, async (ends) => {
    const mariadb = findMariadb() === null ? undefined : await openSource(ends.folder);
    try {
      const makers = [
        sqliteMaker(ends),
        postgresMaker(ends),
        ...(mariadb === undefined ? [] : [mariadbMaker(mariadb)]),
      ];
      const drawn = makers.map(({ kinds, names }, at) =>
        fc.sample(databases(kinds, names), { seed: seed + at, numRuns: MIGRATIONS }),
      );
      const findings: string[] = [];
      for (let run = 0; run < MIGRATIONS; run += 1) {
        const maker = makers[run % makers.length];
        const tables = drawn[run % makers.length]?.[run];
        if (maker === undefined || tables === undefined) throw new Error('nothing was drawn');
        const source = await maker.make(tables, run);
        const found = await findingsOf(ends, source, await newDatabase(ends, `clean_${String(run)}`));
        tell(`${String(run + 1)} of ${String(MIGRATIONS)}, ${maker.engine}: ${String(found.length)} findings`);
        findings.push(...found.map((finding) => `${maker.engine} ${String(run)}: ${finding}`));
      }
      const engines = makers.map(({ engine }) => engine).join(', ');
      const note = [
        `${String(MIGRATIONS)} databases by the seed ${String(seed)} (${engines}): tables with and without a key, every type, odd names; each moved, and proven again by "caravan verify"`,
        findings.length === 0 ? 'no finding in any' : findings.slice(0, 10).join(', '),
      ].join('; ');
      const line = { bench: 'kora', case: 'clean', value: findings.length, unit: 'findings', note };
      return withLimit(line, { max: 0 });
    } finally {
      await mariadb?.dispose();
    }
  });
}

/** Findings of the migration and of the proof after it; how a command failed counts as one. */
async function findingsOf({ stack }: BenchEnds, source: string, target: string): Promise<string[]> {
  const found: string[] = [];
  const more = { migrate: ['--yes', '--identifiers', 'preserve'], verify: [] };
  for (const command of ['migrate', 'verify'] as const) {
    const args = [command, '--source', source, '--target', target, '--json', ...more[command]];
    const { exit, stdout, stderr } = await stack.run(args);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as {
      findings?: { code: string; object: string }[];
    };
    found.push(...(report.findings ?? []).map(({ code, object }) => `${code} ${object}`));
    if (exit !== 0 && (report.findings ?? []).length === 0)
      found.push(`${command} ended with ${String(exit)}: ${stderr.slice(-200)}`);
  }
  return found;
}

async function newDatabase({ target }: BenchEnds, name: string): Promise<string> {
  const url = new URL(target.url);
  await target.query(url.toString(), `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
  return Object.assign(url, { pathname: `/${name}` }).toString();
}

function sqliteMaker({ folder }: BenchEnds): Maker {
  return {
    engine: 'SQLite',
    kinds: SQLITE,
    names: NAMES,
    make: (tables, at) => {
      const path = join(folder, `random-${String(at)}.sqlite`);
      const database = new DatabaseSync(path);
      database.exec(statementsOf(tables, '"', 'INTEGER PRIMARY KEY').join(';\n'));
      database.close();
      return Promise.resolve(`sqlite:${path}`);
    },
  };
}

function postgresMaker(ends: BenchEnds): Maker {
  return {
    engine: 'PostgreSQL',
    kinds: POSTGRES,
    names: NAMES,
    make: async (tables, at) => {
      const url = await newDatabase(ends, `random_${String(at)}`);
      for (const statement of statementsOf(tables, '"', 'integer PRIMARY KEY')) await ends.target.query(url, statement);
      return url;
    },
  };
}

function mariadbMaker(source: BenchSource): Maker {
  return {
    engine: 'MariaDB',
    kinds: MARIADB,
    names: BMP_NAMES,
    make: async (tables, at) => {
      const url = await source.empty(`random_${String(at)}`);
      const { hostname, port, username, password, pathname } = new URL(url.replace(/^mariadb:/, 'http:'));
      const login = { host: hostname, port: Number(port), user: username, password };
      const connection = await createConnection({ ...login, database: pathname.slice(1), charset: 'utf8mb4' });
      try {
        await connection.query(`SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'`);
        for (const statement of statementsOf(tables, '`', 'INT PRIMARY KEY')) await connection.query(statement);
      } finally {
        await connection.end();
      }
      return url;
    },
  };
}
