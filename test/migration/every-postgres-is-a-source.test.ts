import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint, ServerEndpoint } from '../../contracts/endpoint.js';
import { parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';
import type { Row } from '../../databases/postgres/connect.js';
import { asStranger, olderSources, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers } from './harness.js';

/** What every major from 12 on can hold. */
const SHARED = String.raw`
  SET search_path = public;
  CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
  CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
  CREATE TYPE place AS (name text, at point);
  CREATE TABLE people (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL DEFAULT 'nobody', feels mood, share percent,
    home place, tags text[] DEFAULT '{}', doc jsonb, raw bytea, born date, at timestamptz, during tstzrange, boss integer REFERENCES people,
    shout text GENERATED ALWAYS AS (upper(name)) STORED, CONSTRAINT long_enough CHECK (length(name) > 2));
  INSERT INTO people (name, feels, share, home, tags, doc, raw, born, at, during)
    SELECT 'é 😀 ' || i, CASE i % 3 WHEN 0 THEN 'sad' WHEN 1 THEN 'it''s ok' END::mood, i % 100, ROW('p' || i, point(i, -i))::place, ARRAY['a,b', NULL, '"' || i],
      jsonb_build_object('n', 1e20 + i), decode(md5(i::text), 'hex'), DATE '0001-01-01 BC' + i, to_timestamp(i * 7919.123456), tstzrange(to_timestamp(i), NULL)
    FROM generate_series(1, 1000) AS i;
  UPDATE people SET boss = 1 WHERE id > 1;
  CREATE UNIQUE INDEX by_name ON people (lower(name) DESC, id) WHERE boss IS NOT NULL;
  CREATE TABLE visits (day date, n integer, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
  CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
  CREATE TABLE visits_new PARTITION OF visits DEFAULT;
  INSERT INTO visits SELECT DATE '2023-12-01' + i, i FROM generate_series(1, 60) AS i;
  CREATE VIEW bosses AS SELECT boss, count(*) AS n FROM people GROUP BY boss;
  CREATE MATERIALIZED VIEW days AS SELECT day FROM visits;
  CREATE SEQUENCE tickets START 50; SELECT nextval('tickets');
  COMMENT ON TABLE people IS 'who''s who';`;

/** What came with a later major. */
const SINCE: Readonly<Record<number, string>> = {
  14: `CREATE TABLE spans (id integer PRIMARY KEY, m int4multirange); INSERT INTO spans VALUES (1, '{[1,2),[5,9)}');
    CREATE TABLE squeezed (id integer PRIMARY KEY, t text COMPRESSION pglz);`,
  15: `CREATE TABLE alone (id integer PRIMARY KEY, code text, UNIQUE NULLS NOT DISTINCT (code)); INSERT INTO alone VALUES (1, NULL);`,
};

const sources = await olderSources();

/** Both servers print alike: the same time zone, the same digits. */
const asked =
  (sql: string) =>
  (endpoint: Endpoint): Promise<Row[]> =>
    asStranger(endpoint as ServerEndpoint, (session) => session.rows(sql));

describe.each(sources)('A database of PostgreSQL $title', ({ title, binaries }) => {
  let server: TestServer;
  let target: TestDatabase;
  let ran: Ran;
  const tables = Number(title) >= 15 ? 5 : Number(title) >= 14 ? 4 : 2;

  beforeAll(async () => {
    if (binaries === null) return;
    server = await startTestServer(binaries);
    const later = Object.entries(SINCE).filter(([major]) => Number(title) >= Number(major));
    await asStranger(server.endpoint, async (session) => {
      for (const script of [SHARED, ...later.map(([, text]) => text)]) await session.run(script);
    });
    target = await freshDatabase();
    const source = urlOf(server.endpoint);
    ran = await caravan(['migrate', '--source', source, '--target', target.url, '--yes', '--json']);
  });
  beforeEach(({ skip }) => {
    skip(binaries === null, title);
  });
  afterAll(async () => {
    if (binaries === null) return;
    await target.drop();
    await server.stop();
  });

  it('arrives whole, and is proven', async () => {
    expect(ran.exit, ran.stderr + ran.stdout).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [], notMigrated: [] });
    expect(ran.json.tables).toHaveLength(tables);
    expect(await leftovers(target)).toEqual([]);
  });

  it('has the rows that an independent query finds in the source, and counts on where it stopped', async () => {
    for (const what of ['people', 'visits', 'bosses', 'days', 'visits_old']) {
      const sql = `SELECT count(*)::int, md5(string_agg(r::text, ' ' ORDER BY r::text COLLATE "C")) FROM public.${what} AS r`;
      const [there, here] = await Promise.all([server.endpoint, parseEndpointUrl(target.url)].map(asked(sql)));
      expect(Number(there?.[0]?.['count'])).toBeGreaterThan(0);
      expect(here, what).toEqual(there);
    }
    expect(await target.query(`SELECT nextval('tickets')::int AS next`)).toEqual([{ next: 51 }]);
    expect(await target.query(`INSERT INTO people DEFAULT VALUES RETURNING id, shout`)).toEqual([
      { id: 1001, shout: 'NOBODY' },
    ]);
  });
});
