import { join } from 'node:path';
import { to as copyTo } from 'pg-copy-streams';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { asStranger, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { startMigrate, testFolder, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';
import { RICH_POSTGRES, RICH_TABLES } from './rich-postgres.js';

const EXTENSIONS = ['hstore', 'citext', 'pg_trgm', 'btree_gist'];

/** What PostgreSQL itself prints of a query's rows. Shares nothing with the product. */
async function printed(url: string, query: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `SET search_path = public, depot; SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'SQL, DMY'; SET extra_float_digits = 3`,
    );
    const parts: Buffer[] = [];
    for await (const part of client.query(copyTo(`COPY (${query}) TO STDOUT`))) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  } finally {
    await client.end();
  }
}

async function lines(url: string, query: string): Promise<string[]> {
  return (await printed(url, query)).split('\n').slice(0, -1);
}

describe.skipIf(debianPostgres() === null)('A rich database of Debian’s PostgreSQL', () => {
  const folder = testFolder();
  let server: TestServer;
  let source: ServerEndpoint;
  let url: string;
  let target: TestDatabase;
  let refused: Ran;
  let ran: Ran;

  beforeAll(async () => {
    server = await startTestServer('debian');
    source = await server.database();
    url = urlOf(source);
    await asStranger(source, async (session) => {
      await session.run('SET search_path = public');
      await session.run(RICH_POSTGRES);
    });
    target = await freshDatabase(inject('sharedDatabaseUrl'));
    refused = await startMigrate({ source: url, target: target.url }, '--yes').ended;
    for (const name of EXTENSIONS) await target.query(`CREATE EXTENSION ${name}`);
    // By way of a plan that is given back: it comes back word by word.
    const plan = join(folder.path, 'plan.yaml');
    await caravan(['plan', '--source', url, '--target', target.url, '--out', plan]);
    ran = await startMigrate({ source: url, target: target.url }, '--plan', plan, '--yes').ended;
  });
  afterAll(async () => {
    folder.remove();
    await server.stop();
    await target.drop();
  });

  it('is refused while the target lacks an extension, by name, with what makes it', () => {
    expect(refused.exit, refused.stdout).toBe(2);
    expect(refused.json.error?.code).toBe('TARGET_EXTENSION_MISSING');
    expect(refused.json.error?.next).toContain('CREATE EXTENSION "citext"');
  });

  it('arrives whole, through all five phases, proven', async () => {
    expect(ran.exit, `${JSON.stringify(ran.json)}\n${ran.stderr.slice(-2000)}`).toBe(0);
    expect(Object.keys(ran.json.phases).sort()).toEqual([
      'discovery',
      'execution',
      'learning',
      'planning',
      'verification',
    ]);
    expect(ran.json.tables).toHaveLength(RICH_TABLES.length);
    for (const table of ran.json.tables) expect(table.sourceHash, table.source).toBe(table.targetHash);
    expect(await leftovers(target)).toEqual([]);
  });

  it('is proven again as a database that any tool could have moved; a difference is seen', async () => {
    await target.query('UPDATE by_uuid SET n = -n WHERE n IN (-5, -7)');
    const verified = await caravan(['verify', '--source', url, '--target', target.url, '--json']);
    expect(verified.exit, JSON.stringify(verified.json)).toBe(0);
    for (const table of verified.json.tables) expect(table.sourceHash, table.source).toBe(table.targetHash);
    expect(verified.json.tables).toHaveLength(RICH_TABLES.length);
    await target.query('UPDATE by_uuid SET n = -n WHERE n IN (5, 7)');
    const only = ['--include', 'by_uuid', '--json'];
    const other = await caravan(['verify', '--source', url, '--target', target.url, ...only]);
    await target.query('UPDATE by_uuid SET n = -n WHERE n IN (-5, -7)');
    expect(other.exit).toBe(3);
    expect(other.json.findings).toMatchObject([{ code: 'sign_changed', object: 'public.by_uuid.n', count: 2 }]);
  });

  it.each(RICH_TABLES)('prints %s the same on both sides', async (from, to) => {
    const query = (name: string): string => `SELECT * FROM ${name} AS r ORDER BY r::text COLLATE "C"`;
    const [one, other] = await Promise.all([printed(url, query(from)), printed(target.url, query(to))]);
    expect(other === one, `${from}: ${one.slice(0, 3000)}\n---\n${other.slice(0, 3000)}`).toBe(true);
  });

  it('keeps columns, defaults, constraints and indexes in their own words', async () => {
    const columns = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), l.collname
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      LEFT JOIN pg_collation l ON l.oid = a.attcollation
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text IN ('public', 'depot') ORDER BY 1, a.attnum`;
    expect(await lines(target.url, columns)).toEqual(await lines(url, columns));
    const constraints = `SELECT c.relname, k.conname, k.convalidated, pg_get_constraintdef(k.oid)
      FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid WHERE NOT c.relispartition AND k.contype <> 'n' AND k.conparentid = 0
       AND c.relnamespace::regnamespace::text IN ('public', 'depot') ORDER BY 1, 2`;
    expect(await lines(target.url, constraints)).toEqual(await lines(url, constraints));
    const indexes = `SELECT regexp_replace(regexp_replace(pg_get_indexdef(x.indexrelid), ' ON (ONLY )?', ' ON '), 'depot[.]', 'public.')
      FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid WHERE NOT c.relispartition AND c.relnamespace::regnamespace::text IN ('public', 'depot') ORDER BY 1`;
    expect(await lines(target.url, indexes)).toEqual(await lines(url, indexes));
    expect(await target.query(`SELECT obj_description('people'::regclass) AS comment`)).toEqual([
      { comment: "who's who" },
    ]);
  });

  it('has its views, routines, rules and partitions in a newer server', async () => {
    const query = `SELECT (SELECT count(*)::int FROM adults) AS adults, (SELECT * FROM counted) AS counted, twice(21) AS twice,
      (SELECT count(*)::int FROM event_new_1) > 100 AS parted`;
    expect(await target.query(query)).toEqual([{ adults: 2, counted: '500', twice: 42, parted: true }]);
    await target.query(`INSERT INTO empty VALUES (1) ON CONFLICT DO NOTHING; DELETE FROM empty`);
    expect(await target.query('DELETE FROM empty RETURNING 1').catch(() => 'refused')).toBe('refused');
  });

  it('goes on counting where the source stands', async () => {
    const next = `SELECT nextval('tickets') AS tickets, nextval(pg_get_serial_sequence('people', 'id')) AS people, nextval(pg_get_serial_sequence('fit', 'id')) AS fit, nextval(pg_get_serial_sequence('fit', 'size')) AS size`;
    expect(await lines(target.url, next)).toEqual(await lines(url, next));
    const rules = `SELECT seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle, format_type(seqtypid, NULL) FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
      WHERE c.relnamespace::regnamespace::text IN ('public', 'depot') ORDER BY c.relname`;
    expect(await lines(target.url, rules)).toEqual(await lines(url, rules));
  });

  // [edge 84]
  it('keeps rows that no PostgreSQL of today takes, sealed, and names them', async () => {
    const old = await server.database(`ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    await asStranger(old, async (session) => {
      await session.run(`SET search_path = public; CREATE DOMAIN even AS integer;
        CREATE TABLE word (id integer PRIMARY KEY, t text, n even);
        INSERT INTO word SELECT i, 'word ' || i, 2 FROM generate_series(1, 5000) AS i;
        UPDATE word SET t = E'caf\\xe9' WHERE id IN (1, 4999); UPDATE word SET n = 3 WHERE id = 77;
        ALTER DOMAIN even ADD CONSTRAINT is_even CHECK (VALUE % 2 = 0) NOT VALID;
        CREATE TABLE loose (t text); INSERT INTO loose VALUES ('a'), (E'\\xff'), (E'\\xff'), (NULL);`);
    });
    const to = await freshDatabase(inject('sharedDatabaseUrl'));
    const { exit, json } = await startMigrate({ source: urlOf(old), target: to.url }, '--yes').ended;
    expect(exit, JSON.stringify(json)).toBe(3);
    expect(json.tables).toMatchObject([
      { source: 'public.loose', sourceRows: 4, targetRows: 2, quarantinedRows: 2 },
      { source: 'public.word', sourceRows: 5000, targetRows: 4997, quarantinedRows: 3 },
    ]);
    for (const table of json.tables) expect(table.sourceHash, table.source).toBe(table.targetHash);
    expect(await to.query('SELECT count(*), sum(id) FROM word')).toEqual([
      { count: '4997', sum: String((5000 * 5001) / 2 - 1 - 4999 - 77) },
    ]);
    await to.drop();
  });

  it('names what stays behind, with the words that make it', () => {
    const left = new Map(ran.json.notMigrated.map(({ kind, name, reason }) => [`${kind} ${name}`, reason]));
    expect(left.get('routine public.in_depot()')).toMatch(/names the schema depot: .*SELECT count/s);
    expect(left.get('view public.of_parts')).toContain('it needs function in_depot(), which is not migrated');
    expect([...left.keys()].filter((name) => !/^(?:routine|view) /.test(name))).toEqual(['type public.unused']);
    expect(left.get('type public.unused')).toBe('no migrated table uses it');
  });
});
