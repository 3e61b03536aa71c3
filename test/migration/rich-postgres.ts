/** A database of PostgreSQL with every kind of thing that a plan may hold, and odd values. Runs on 15 and later. */
export const RICH_POSTGRES = String.raw`
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist;
  CREATE SCHEMA depot;

  CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine", really');
  CREATE TYPE "Odd Type" AS ENUM ('a', 'B');
  CREATE DOMAIN percent AS numeric(5,2) DEFAULT 50 NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
  CREATE DOMAIN moods AS mood[] CONSTRAINT few CHECK (cardinality(VALUE) < 4);
  CREATE TYPE place AS (name text, "At" point, feel mood, share percent);
  CREATE TYPE unused AS ENUM ('x');
  CREATE SEQUENCE tickets INCREMENT 10 START 100;
  SELECT nextval('tickets'), nextval('tickets');

  CREATE TABLE every_type (
    id bigint PRIMARY KEY,
    i2 smallint, i4 integer, n numeric, n2 numeric(12,4), f4 real, f8 double precision, m money, b boolean,
    t text, v varchar(20), c char(6), ch "char", nm name, by bytea,
    d date, ts timestamp, ts3 timestamp(3), tz timestamptz, ti time, tt timetz, iv interval, iv2 interval day to second(3),
    j json, jb jsonb, jp jsonpath, x xml, u uuid, bi bit(5), bv bit varying(9), ip inet, cd cidr, ma macaddr, ma8 macaddr8,
    p point, li line, ls lseg, bx box, pa path, po polygon, ci circle, tv tsvector, tq tsquery, lsn pg_lsn, o oid, x8 xid8,
    ir int4range, nr numrange, tr tstzrange, dr daterange, mr nummultirange,
    ai integer[], at text[], a2 integer[][], af float8[], aj jsonb[], atz timestamptz[],
    e mood, ea mood[], eo "Odd Type", pc percent, ms moods, pl place, pla place[], hs hstore, ct citext, cta citext[]);
  INSERT INTO every_type (id, pc) VALUES (-9223372036854775808, 0), (0, 100);
  INSERT INTO every_type VALUES (
    1, -32768, 2147483647, 'NaN', 99999999.9999, 1.2345678, 5e-324, -92233720368547758.08, true,
    E'tab\t \\N \\. back\\slash\r\n''quote" {a,b} \u200f😀 é e\u0301', '', 'ab', 'x', 'a name', '\x00ff5c0a',
    '4713-01-01 BC', '4713-01-01 00:00:00.000001 BC', '2024-02-29 23:59:59.999', '294276-12-31 23:59:59.999999+00', '24:00:00', '23:59:59.999999-15:59', '-178000000 years -1 mons +3 days -04:05:06.789', '1 day 02:03:04.567',
    '{"b": 1,  "a": [2, 2.50]}', '{"b": 1, "a": [2, 2.50, 1e400]}', '$.a[*] ? (@ > 1)', '<a b="1">&lt;é</a>', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '01011', '1', '::ffff:1.2.3.4/96', '10.1/16', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
    '(1,-0)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),1e300>', 'a:1A cat:2,3B ''it''''s'':4', 'fat & (rat | !cat:A)', '16/B374D848', 4294967295, '18446744073709551615',
    '[1,10)', 'empty', '[2024-01-01 00:00+02,infinity)', '(,2024-01-01)', '{[1,2),[3,4.50]}',
    '{1,NULL,-3}', '{"a,b","",NULL,"NULL","\"q\""}', '[0:1][2:3]={{1,2},{3,4}}', '{NaN,-Infinity,0.1,-0}', ARRAY['{"a": 1}'::jsonb, 'null'], '{infinity,-infinity,"2024-01-01 00:00+00"}',
    'it''s "fine", really', '{sad,"it''s \"fine\", really"}', 'B', 12.50, '{sad,ok}', ROW('x, "y"', '(1,2)', 'sad', 1.5), ARRAY[ROW(NULL, NULL, NULL, 0)::place, ROW('b', NULL, 'ok', 7)::place], 'a=>1, "b c"=>NULL, ""=>""', 'ÄbC', '{Ab,aB}');
  INSERT INTO every_type (id, n, f4, f8, d, ts, tz, iv, pl, pc, t) VALUES
    (2, 'Infinity', 'Infinity', '-Infinity', 'infinity', 'infinity', '-infinity', '0', ROW(NULL, NULL, NULL, 3), 1, ''),
    (3, '-Infinity', 'NaN', 'NaN', '-infinity', '-infinity', 'infinity', '1 mon -1 day', NULL, 2, NULL),
    (4, 1.10, '-0', '-0', '0001-01-01', '0001-12-31 23:59:59 BC', '0044-03-15 12:00:00.123456+00 BC', '-00:00:00.000001', ROW('', '(NaN,Infinity)', 'ok', 100), 99.99, 'x'),
    (9223372036854775807, 1e-300, 3.4028235e38, 1.7976931348623157e308, '5874897-12-31', '294276-12-31 23:59:59.999999', '1970-01-01', '178000000 years', NULL, 3.25, repeat('long é ', 200000));

  CREATE TABLE people (
    id integer GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 2 MAXVALUE 100000 CYCLE), code uuid NOT NULL, "Name" text COLLATE "C" NOT NULL DEFAULT 'no ''name''',
    mail citext, boss integer, tags text[] DEFAULT '{}'::text[], feel mood DEFAULT 'ok', ticket bigint DEFAULT nextval('tickets'),
    made timestamptz DEFAULT now(), upper_name text GENERATED ALWAYS AS (upper("Name") || '!') STORED, during tstzrange,
    CONSTRAINT people_key PRIMARY KEY (id) INCLUDE ("Name"),
    CONSTRAINT by_code UNIQUE (code) DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "Long enough" CHECK (length("Name") > 1 AND feel <> 'sad'::mood),
    CONSTRAINT boss_is_one FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL DEFERRABLE,
    CONSTRAINT not_at_once EXCLUDE USING gist (code WITH =, during WITH &&) WHERE (during IS NOT NULL));
  ALTER TABLE people ADD CONSTRAINT old_ones CHECK (boss IS NULL OR boss < id) NOT VALID;
  INSERT INTO people (code, "Name", mail, during) SELECT gen_random_uuid(), 'Person ' || i, 'P' || i || '@Example.org', tstzrange('2024-01-01', 'infinity') FROM generate_series(1, 500) AS i;
  UPDATE people SET boss = 7 WHERE id > 9;
  CREATE INDEX "By Name" ON people (lower("Name") text_pattern_ops DESC NULLS LAST, id) INCLUDE (mail) WHERE boss IS NOT NULL;
  CREATE UNIQUE INDEX one_mail ON people (mail) WHERE mail <> ''::citext;
  CREATE INDEX tags_inside ON people USING gin (tags);
  CREATE INDEX name_like ON people USING gin ("Name" gin_trgm_ops);
  CREATE INDEX made_brin ON people USING brin (made) WITH (pages_per_range = 4);
  COMMENT ON TABLE people IS 'who''s who'; COMMENT ON COLUMN people."Name" IS 'as written';

  CREATE TABLE depot.part (a integer, b text, weight percent, PRIMARY KEY (a, b));
  CREATE TABLE depot.fit (id serial PRIMARY KEY, a integer, b text, other integer, size smallserial,
    CONSTRAINT fits FOREIGN KEY (a, b) REFERENCES depot.part (a, b) MATCH FULL ON UPDATE CASCADE ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED);
  INSERT INTO depot.part SELECT i, 'part ' || i, i % 100 FROM generate_series(1, 300) AS i;
  INSERT INTO depot.fit (a, b) SELECT i, 'part ' || i FROM generate_series(1, 300) AS i;
  INSERT INTO depot.fit (a, b) VALUES (NULL, NULL);
  SELECT setval('depot.fit_id_seq', 5000);
  SET CONSTRAINTS ALL IMMEDIATE;
  -- A circle of foreign keys.
  ALTER TABLE depot.fit ADD CONSTRAINT other_fits FOREIGN KEY (other) REFERENCES people (id) NOT VALID;
  ALTER TABLE people ADD fit integer REFERENCES depot.fit (id);

  CREATE TABLE no_key (x integer, y text, z float8);
  INSERT INTO no_key VALUES (1, 'a', 'NaN'), (1, 'a', 'NaN'), (NULL, NULL, NULL), (NULL, NULL, NULL), (2, E'\\N', -0.0);
  CREATE TABLE unique_only (k date NOT NULL, v text, UNIQUE (k));
  INSERT INTO unique_only VALUES ('-infinity', 'first'), ('infinity', 'last'), ('0044-03-15 BC', 'ides'), ('2024-02-29', 'leap');
  CREATE TABLE empty (id integer PRIMARY KEY);
  CREATE TABLE once (a integer, b text, UNIQUE NULLS NOT DISTINCT (a, b),
    CONSTRAINT parts FOREIGN KEY (a, b) REFERENCES depot.part (a, b) ON DELETE SET NULL (b));
  INSERT INTO once VALUES (1, 'part 1'), (NULL, NULL);

  CREATE TABLE event (id bigint, at date NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
  CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2024-01-01') TO (MAXVALUE) PARTITION BY HASH (id);
  CREATE TABLE event_new_0 PARTITION OF event_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE event_new_1 PARTITION OF event_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  CREATE INDEX ON event (what);
  INSERT INTO event SELECT i, date '2023-06-01' + i, 'event ' || i FROM generate_series(1, 1000) AS i;

  CREATE TABLE by_uuid (id uuid PRIMARY KEY, n integer);
  INSERT INTO by_uuid SELECT md5(i::text)::uuid, i FROM generate_series(1, 5000) AS i;

  CREATE FUNCTION twice(i integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT i * 2';
  CREATE INDEX by_twice ON no_key (twice(x));
  CREATE FUNCTION in_depot() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM depot.part';
  CREATE VIEW of_parts AS SELECT a, in_depot() AS n FROM depot.part;
  CREATE VIEW adults AS SELECT id, "Name" FROM people WHERE boss IS NULL;
  CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM people;
  CREATE RULE quiet AS ON DELETE TO empty DO INSTEAD NOTHING;
  ANALYZE;
`;

export const RICH_TABLES: readonly (readonly [source: string, target: string])[] = [
  ...['every_type', 'people', 'no_key', 'unique_only', 'empty', 'once', 'event', 'by_uuid'].map(
    (name) => [name, name] as const,
  ),
  ['depot.part', 'part'],
  ['depot.fit', 'fit'],
];
