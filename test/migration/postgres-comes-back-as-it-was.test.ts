import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { asStranger, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { startMigrate, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';
import { ROUND_TRIP } from './round-trip-postgres.js';

const NOISE = /^(?:--|--\s.*|\\.*|SET default_\w+ = .*;)$/;

/** What pg_dump prints, entry by entry: "TABLE people" and its statements. */
function dumped(url: string, ...options: string[]): Map<string, string> {
  const text = execFileSync(join(debianPostgres()?.bin ?? '', 'pg_dump'), ['--no-owner', ...options, url], {
    encoding: 'utf8',
  });
  const entries = new Map<string, string>();
  for (const part of text.split(/^-- (?=(?:Data for )?Name: )/m).slice(1)) {
    const [head = '', ...lines] = part.split('\n');
    const [, data = '', name = '', type = ''] = /^(Data for )?Name: (.*); Type: (.*); Schema: /.exec(head) ?? [];
    const body = lines.filter((line) => line !== '' && !NOISE.test(line));
    entries.set(`${data}${type} ${name}`, (data === '' ? body : body.sort()).join('\n'));
  }
  return entries;
}

/** Entries that pg_dump calls otherwise than the list of what stays behind. */
const CALLED: readonly (readonly [entry: RegExp, kind: string])[] = [
  [/^(?:Data for BLOBS|BLOB) /, 'large objects'],
  [/^DEFAULT ACL /, 'grant'],
  [/^PUBLICATION TABLE /, 'publication'],
  [/^CAST /, 'cast'],
];

function isNamed(entry: string, { kind, name }: { readonly kind: string; readonly name: string }): boolean {
  if (CALLED.some(([pattern, called]) => called === kind && pattern.test(entry))) return true;
  return entry.endsWith(` ${name.replace(/^public\./, '')}`);
}

/** All that is different in the end; what else becomes so is a loss, named or not. */
const DIFFERING: Readonly<Record<string, readonly string[]>> = {
  '--schema-only': [
    'AGGREGATE total(integer)',
    'CAST CAST (public.mood AS integer)',
    'DEFAULT ACL DEFAULT PRIVILEGES FOR TABLES',
    'FUNCTION as_owner()',
    'FUNCTION of_spending()',
    'PUBLICATION TABLE all_of_it people',
    'PUBLICATION all_of_it',
    'TABLE scratch',
    'TYPE span',
    'TYPE unused',
    'VIEW by_chance',
    'VIEW on_chance',
  ],
  '--data-only': ['BLOB 4711', 'Data for BLOBS BLOBS'],
};

/** What both sides of the second migration have. */
const SMALL = `
  CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE STATISTICS of_t ON id, n FROM t;
  CREATE TABLE parted (k integer, n integer) PARTITION BY LIST (k);
  CREATE TABLE one PARTITION OF parted FOR VALUES IN (1); CREATE TABLE rest PARTITION OF parted DEFAULT;
  CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := NEW.n + 1; RETURN NEW; END $$;
  CREATE FUNCTION plus(a t, b integer) RETURNS integer LANGUAGE sql AS 'SELECT a.n + b';
  CREATE TRIGGER bumped BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION bump();
  CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM t; CREATE UNIQUE INDEX kept_n ON kept (n);
  CREATE VIEW above AS SELECT n, plus(t, 1) AS more FROM t;`;

describe.skipIf(debianPostgres() === null)('A database that moves from PostgreSQL to PostgreSQL', () => {
  let server: TestServer;
  let url: string;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    server = await startTestServer('debian');
    const source = await server.database();
    url = urlOf(source);
    await asStranger(source, async (session) => {
      await session.run('SET search_path = public');
      await session.run(ROUND_TRIP);
    });
    target = await freshDatabase(urlOf(server.endpoint));
    await target.query('CREATE EXTENSION citext; CREATE EXTENSION btree_gist');
    ran = await startMigrate({ source: url, target: target.url }, '--yes').ended;
  });
  afterAll(async () => {
    await server.stop();
  });

  it('arrives proven, and leaves nothing behind', async () => {
    expect(ran.exit, `${JSON.stringify(ran.json)}\n${ran.stderr.slice(-2000)}`).toBe(0);
    expect(await leftovers(target)).toEqual([]);
  });

  // [edge 53 58 69 84]
  it.each([['--schema-only', '--no-blobs'], ['--data-only']])(
    'is dumped the same by pg_dump %s, word by word; what differs is named as not migrated',
    (kind, ...options) => {
      const [source, own] = [dumped(url, kind, ...options), dumped(target.url, kind, ...options)];
      const differing = [...source.keys()].filter((entry) => own.get(entry) !== source.get(entry));
      expect([...own.keys()].filter((entry) => !source.has(entry))).toEqual([]);
      const unnamed = differing.filter((entry) => !ran.json.notMigrated.some((left) => isNamed(entry, left)));
      expect(unnamed.map((entry) => `${entry}: ${String(source.get(entry))} -- ${String(own.get(entry))}`)).toEqual([]);
      expect(differing.sort()).toEqual(DIFFERING[kind]);
    },
  );

  it('says of routines, triggers, rules and policies that they were made and not run', () => {
    const { certificate } = JSON.parse(readFileSync(String(ran.json.certificate), 'utf8')) as {
      certificate: { proven: { what: string }[]; notProven: string[] };
    };
    const proven = certificate.proven.map(({ what }) => what).join('\n');
    expect(proven).toContain('The view public.Big Spenders gives the ');
    expect(proven).toContain(
      'The materialized view public.counted holds the 2 rows that the query of public.counted gives',
    );
    expect(proven).not.toContain('unfilled');
    for (const made of [
      'routine public.touch()',
      'trigger public.orders.touched',
      'rule public.log.quiet',
      'policy public.orders.own',
    ])
      expect(certificate.notProven).toContain(`The ${made} was made in the source's own words; it was not run.`);
  });

  it('runs as it ran: triggers fire, views give and take, and nobody sees more than before', async () => {
    expect(await target.query('SELECT count(*)::int AS n FROM log')).toEqual([{ n: 1 }]);
    const [row] = await target.query(`UPDATE orders SET amount = 99 WHERE id = 1 RETURNING changed`);
    expect(row).toEqual({ changed: 1 });
    await target.query(`INSERT INTO orders (person, amount) VALUES (7, 1); DELETE FROM orders WHERE id = 2`);
    expect(await target.query('SELECT what FROM log ORDER BY at, what')).toEqual([
      { what: 'begun' },
      { what: 'gone' },
      { what: "it's new" },
    ]);
    expect(await target.query('SELECT DISTINCT n FROM counted ORDER BY n')).toHaveLength(2);
  });

  it('takes the place of what is there: tables with partitions, views, routines, triggers and statistics', async () => {
    const source = await server.database();
    const own = await freshDatabase(urlOf(server.endpoint));
    await asStranger(source, (session) =>
      session.run(`SET search_path = public; ${SMALL}; INSERT INTO t VALUES (1, 10), (2, 20); INSERT INTO parted VALUES (1, 1), (7, 2);
        CREATE SCHEMA elsewhere; CREATE FUNCTION named() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN elsewhere.f(); END'`),
    );
    await own.query(`${SMALL}; INSERT INTO t VALUES (5, 50)`);
    const urls = { source: urlOf(source), target: own.url };
    const refused = await startMigrate(urls, '--yes').ended;
    expect([refused.exit, refused.json.error?.code]).toEqual([2, 'TARGET_CONFLICT']);
    const replaced = await startMigrate(urls, '--yes', '--on-existing', 'replace').ended;
    expect(replaced.exit, `${JSON.stringify(replaced.json)}\n${replaced.stderr.slice(-2000)}`).toBe(0);
    expect(replaced.json.notMigrated).toEqual([
      expect.objectContaining({
        kind: 'routine',
        name: 'public.named()',
        reason: expect.stringContaining('names the schema elsewhere') as string,
      }),
    ]);
    expect(await own.query('SELECT n, more FROM above ORDER BY n')).toEqual([
      { n: 11, more: 12 },
      { n: 21, more: 22 },
    ]);
    expect(await own.query('INSERT INTO t VALUES (3, 1) RETURNING n')).toEqual([{ n: 2 }]);
    expect(await own.query('SELECT tableoid::regclass::text AS part, n FROM parted ORDER BY n')).toEqual([
      { part: 'one', n: 1 },
      { part: 'rest', n: 2 },
    ]);
    const [old] =
      await own.query(`SELECT count(*)::int AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
      WHERE s.nspname LIKE 'caravan\\_old\\_%' AND c.relkind IN ('r', 'p', 'v', 'm')`);
    expect(old).toEqual({ n: 6 });
    expect((await caravan(['purge', replaced.json.migrationId])).exit).toBe(0);
    expect(await leftovers(own)).toEqual([]);
  });
});
