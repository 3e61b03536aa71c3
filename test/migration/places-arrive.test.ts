import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { startMigrate, testFolder, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

/** Every kind of place, with and without a SRID; one that PostGIS may not take as it stands: a ring of a single point. */
const ATLAS = `
CREATE DATABASE atlas CHARACTER SET utf8mb4; USE atlas;
CREATE TABLE place (
  id INT PRIMARY KEY, spot POINT NOT NULL, way LINESTRING, area POLYGON, spots MULTIPOINT, ways MULTILINESTRING,
  areas MULTIPOLYGON, mix GEOMETRYCOLLECTION, any_one GEOMETRY, kept POINT, SPATIAL KEY at (spot), KEY (id)
) ENGINE=InnoDB;
INSERT INTO place VALUES
  (1, ST_GeomFromText('POINT(7.4474 46.948)', 4326), ST_GeomFromText('LINESTRING(0 0, 1 2, 3 -4.5)', 3857),
   ST_GeomFromText('POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))'), ST_GeomFromText('MULTIPOINT(0 0, 1 1)', 4326),
   ST_GeomFromText('MULTILINESTRING((0 0, 1 1), (2 2, 3 3))'), ST_GeomFromText('MULTIPOLYGON(((0 0, 4 0, 4 4, 0 0)))'),
   ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))', 4326), ST_GeomFromText('POINT(1 1)', 4326), ST_GeomFromText('POINT(5 6)')),
  (2, ST_GeomFromText('POINT(-0.0 1e-300)'), NULL, NULL, NULL, NULL, NULL, NULL, ST_GeomFromText('LINESTRING(0 0, 1e10 1)'), NULL);`;

let postgis = false;
let server: TestServer | undefined;

beforeAll(async () => {
  if (debianPostgres() === null) return;
  server = await startTestServer('debian');
  const database = await freshDatabase(urlOf(await server.database()));
  const [row] = await database.query(`SELECT count(*)::int AS n FROM pg_available_extensions WHERE name = 'postgis'`);
  postgis = row?.['n'] === 1;
  await database.drop();
});
afterAll(async () => {
  await server?.stop();
});

describe.skipIf(!hasMariadb || debianPostgres() === null)('Places, in a database that has PostGIS', () => {
  const folder = testFolder();
  let source: PrivateMariadb;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    if (!postgis || server === undefined) return;
    source = await startPrivateMariadb();
    await source.script(ATLAS);
    target = await freshDatabase(urlOf(await server.database()));
    await target.query('CREATE SCHEMA geo; CREATE EXTENSION postgis SCHEMA geo');
    const mapping = folder.write('mapping.yaml', 'caravan_mapping: 1\ncast: { place.kept: bytea }\n');
    const ends = { source: urlOf(source.endpoint('atlas')), target: target.url };
    ran = await startMigrate(ends, '--yes', '--mapping', mapping).ended;
  });
  afterAll(async () => {
    if (!postgis) return;
    await source.stop();
    await target.drop();
    folder.remove();
  });

  it('arrive as its own types with their SRID, proven equal; a mapping file keeps one as bytes', async ({ skip }) => {
    skip(!postgis, 'SKIPPED: the server has no PostGIS');
    expect(ran.exit, ran.stderr + JSON.stringify(ran.json)).toBe(0);
    const types = await target.query(
      `SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'place'::regclass AND attnum > 1 ORDER BY attnum`,
    );
    expect(types.map(({ attname, type }) => `${String(attname)} ${String(type)}`)).toEqual([
      'spot geo.geometry(Point)',
      'way geo.geometry(LineString)',
      'area geo.geometry(Polygon)',
      'spots geo.geometry(MultiPoint)',
      'ways geo.geometry(MultiLineString)',
      'areas geo.geometry(MultiPolygon)',
      'mix geo.geometry(GeometryCollection)',
      'any_one geo.geometry',
      'kept bytea',
    ]);
    const texts =
      await target.query(`SELECT geo.ST_AsEWKT(spot) AS spot, geo.ST_AsEWKT(way) AS way, geo.ST_AsEWKT(area) AS area,
      geo.ST_AsEWKT(mix) AS mix, geo.ST_AsEWKT(any_one) AS any_one, geo.ST_AsText(kept::geo.geometry) AS kept FROM place ORDER BY id`);
    expect(texts[0]).toEqual({
      spot: 'SRID=4326;POINT(7.4474 46.948)',
      way: 'SRID=3857;LINESTRING(0 0,1 2,3 -4.5)',
      area: 'POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1))',
      mix: 'SRID=4326;GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))',
      any_one: 'SRID=4326;POINT(1 1)',
      kept: 'POINT(5 6)',
    });
  });

  it('have the spatial index of the source as one of PostGIS', async ({ skip }) => {
    skip(!postgis, 'SKIPPED: the server has no PostGIS');
    const indexes = await target.query(
      `SELECT indexdef FROM pg_indexes WHERE tablename = 'place' AND indexdef LIKE '%gist%'`,
    );
    expect(indexes).toEqual([{ indexdef: 'CREATE INDEX place_spot_idx ON public.place USING gist (spot)' }]);
    expect(ran.json.notMigrated.filter(({ kind }) => kind === 'index')).toEqual([]);
  });

  it('are proven again by somebody who knows nothing of the move', async ({ skip }) => {
    skip(!postgis, 'SKIPPED: the server has no PostGIS');
    const seen = await caravan([
      'verify',
      '--source',
      urlOf(source.endpoint('atlas')),
      '--target',
      target.url,
      '--json',
    ]);
    expect(seen.json.findings.map(({ code, object }) => `${code} ${object}`)).toEqual([]);
    const setSystem = (srid: unknown): Promise<unknown> =>
      target.query(`UPDATE place SET spot = geo.ST_SetSRID(spot, $1::int) WHERE id = 1`, [srid]);
    const [own] = await target.query('SELECT geo.ST_SRID(spot) AS srid FROM place WHERE id = 1');
    await setSystem(3857);
    const again = await caravan([
      'verify',
      '--source',
      urlOf(source.endpoint('atlas')),
      '--target',
      target.url,
      '--json',
    ]);
    await setSystem(own?.['srid']);
    expect(again.json.findings.map(({ code, object }) => `${code} ${object}`)).toEqual([
      'value_differs atlas.place.spot',
    ]);
  });
});
