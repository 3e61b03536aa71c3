import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draftMapping } from '../../activities/architect/draft-mapping.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Reader, Snapshot, Source } from '../../databases/source.js';
import { literal } from '../../databases/postgres/identifiers.js';
import { openSourceSession } from '../../databases/postgres/source/sessions.js';
import { openPostgresSource } from '../../databases/postgres/source/source.js';
import { asStranger, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';

const SCHEMA = `
  SET search_path = public;
  CREATE TABLE many (id integer PRIMARY KEY, t text);
  INSERT INTO many SELECT i * 3, repeat('x', 100) FROM generate_series(1, 40000) AS i;
  CREATE TABLE other (id integer PRIMARY KEY);
  CREATE TABLE secret (id integer PRIMARY KEY);
  CREATE TABLE guarded (id integer PRIMARY KEY, who text);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON guarded USING (who = current_user);
  CREATE TABLE newer (id integer PRIMARY KEY, doubled integer GENERATED ALWAYS AS (id * 2) VIRTUAL, loose text,
    CONSTRAINT weak CHECK (id > 0) NOT ENFORCED);
  INSERT INTO newer (id) VALUES (1);
  ALTER TABLE newer ADD CONSTRAINT is_there NOT NULL loose NOT VALID;
  CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (more text) INHERITS (parent);
  CREATE FUNCTION made() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 7';
  CREATE TABLE by_function (id integer DEFAULT made(), part int4range, who regrole, row_of other);
  CREATE TYPE span AS RANGE (subtype = float8); ALTER TABLE by_function ADD spans span;
  CREATE SEQUENCE unseen START 5;
  CREATE ROLE reader LOGIN PASSWORD 'reads'; GRANT SELECT ON many, guarded, newer, parent, child, by_function, other TO reader;
  ANALYZE;
`;

/** Types, and two values of each that the server itself, or a careless reader, takes for the same. */
const ALIKE: readonly (readonly [type: string, one: string, other: string])[] = [
  ['numeric', '1.0', '1.00'],
  ['float8', '0', '-0'],
  ['real', '0.1', '0.10000001'],
  ['float8[]', '{NaN,0}', '{NaN,-0}'],
  ['text', 'a', 'a '],
  ['character varying(5)', '', ' '],
  ['citext', 'A', 'a'],
  ['bytea', '\\x00', '\\x0000'],
  ['timestamptz', '2024-01-01 00:00:00.000001+00', '2024-01-01 00:00:00.000002+00'],
  ['timestamp', '0044-03-15 12:00:00.123456 BC', '0044-03-15 12:00:00.123456'],
  ['date', 'infinity', '-infinity'],
  ['interval', '1 mon', '30 days'],
  ['interval', '1 day', '24:00'],
  ['timetz', '12:00+00', '13:00+01'],
  ['json', '{"a":1}', '{"a": 1}'],
  ['jsonb', '{"a": 1}', '{"a": 1.0}'],
  ['text[]', '{NULL}', '{"NULL"}'],
  ['integer[]', '{1}', '[0:0]={1}'],
  ['bit varying', '1', '10'],
  ['pair', '(,)', '("",)'],
  ['pair[]', '{"(a,1)"}', '{"(a ,1)"}'],
  ['tsvector', 'a', 'a:1'],
  ['money', '0.01', '0.02'],
  ['point', '(0,0)', '(0,-0)'],
  ['numrange', '[1,2]', '[1,2)'],
  ['inet', '10.0.0.1/24', '10.0.0.1/25'],
];

function tableOf(tables: readonly TableMapping[], name: string): TableMapping {
  const found = tables.find(({ source }) => source.name === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
}

describe('PostgreSQL as a source', () => {
  let server: TestServer;
  let endpoint: ServerEndpoint;
  let source: Source;
  let catalogue: Catalogue;
  let many: TableMapping;

  const draft = (of: Catalogue) =>
    draftMapping({
      catalogue: of,
      profiles: [],
      answers: {},
      targetSchema: 'public',
      identifiers: 'lower',
      learned: [],
    });
  const stranger = (sql: string): Promise<void> => asStranger(endpoint, (session) => session.run(sql));

  beforeAll(async () => {
    server = await startTestServer('embedded');
    endpoint = await server.database();
    await stranger(SCHEMA);
    source = await openPostgresSource(endpoint);
    catalogue = await source.catalogue();
    const drafted = draft({ ...catalogue, tables: catalogue.tables.filter(({ name }) => name === 'many') });
    many = { ...tableOf(drafted.mapping.tables, 'many'), chunkRows: 7000, estimatedRows: 40_000 };
  });
  afterAll(async () => {
    await source.close();
    await server.stop();
  });

  const rowsOf = async (reader: Reader, range = {}): Promise<number> => {
    let rows = 0;
    for await (const batch of reader.scan(many, range, { keys: true })) rows += new Set(batch.keys).size;
    return rows;
  };

  /** What a session wrote before may be counted after its end: then the tables seem to have moved, for once. */
  const openSettled = async (connections: number): Promise<Snapshot> => {
    for (const end = Date.now() + 10_000; ;) {
      const snapshot = await source.openSnapshot({ connections, tables: [many.source] });
      if ((await snapshot.moved()).moved === 'no') return snapshot;
      await snapshot.close();
      if (Date.now() > end) throw new Error('the tables do not come to rest');
    }
  };

  it('gives one state to all readers of a snapshot, whatever others write and however a reading ends', async () => {
    // A test that is tried again finds what it deleted.
    await stranger(`INSERT INTO public.many SELECT i * 3, repeat('x', 100) FROM generate_series(1, 10) AS i
                    ON CONFLICT DO NOTHING`);
    const snapshot = await openSettled(2);
    expect(snapshot).toMatchObject({ consistent: true, connections: 2 });
    expect(snapshot.position).toMatch(/^lsn:[0-9A-F]+\/[0-9A-F]+ transactions \d+:\d+:/);
    await stranger('DELETE FROM public.many WHERE id <= 30');
    const both = [snapshot.lend((reader) => rowsOf(reader)), snapshot.lend((reader) => rowsOf(reader))];
    expect(await Promise.all(both)).toEqual([40_000, 40_000]);
    await snapshot.lend(async (reader) => {
      for await (const batch of reader.read(many, {})) if (batch.rows > 0) break;
      const stop = new AbortController();
      const reading = (async () => {
        for await (const batch of reader.read(many, {}, stop.signal))
          if (batch.rows > 0) stop.abort(new Error('enough'));
      })();
      await expect(reading).rejects.toThrow('enough');
      await expect(rowsOf(reader, { lower: 'no number' })).rejects.toMatchObject({ code: 'VALUE_UNREADABLE' });
      expect(await rowsOf(reader)).toBe(40_000);
    });
    expect(snapshot.connections).toBe(2);
    await snapshot.shrink?.(1);
    expect(snapshot.connections).toBe(1);
    expect(await snapshot.lend((reader) => rowsOf(reader))).toBe(40_000);
    expect(await rowsOf(await source.openReader())).toBe(39_990);
    await expect.poll(async () => (await snapshot.moved()).moved, { timeout: 10_000 }).toBe('yes');
    await snapshot.close();
  });

  it('says that it did not move when only others moved, and that it does not know while somebody is connected', async () => {
    const snapshot = await openSettled(1);
    await stranger('INSERT INTO public.other SELECT count(*) + 1 FROM public.other');
    // Once the stranger's backend is gone.
    await expect.poll(async () => (await snapshot.moved()).moved, { timeout: 10_000 }).toBe('no');
    await asStranger(endpoint, async (session) => {
      await session.run('SELECT 1');
      expect(await snapshot.moved()).toMatchObject({ moved: 'unknown' });
    });
    await stranger('TRUNCATE public.many');
    expect(await snapshot.moved()).toMatchObject({ moved: 'yes' });
    await snapshot.close();
    await stranger(`INSERT INTO public.many SELECT i * 3, repeat('x', 100) FROM generate_series(1, 40000) AS i`);
  });

  it('cuts a key with gaps into chunks that are even in rows, and that together hold every row once', async () => {
    const bounds = await source.chunkBounds(many);
    expect(bounds).toEqual(['21003', '42003', '63003', '84003', '105003']);
    const reader = await source.openReader();
    const rows: number[] = [];
    for (let chunk = 0; chunk <= bounds.length; chunk += 1) {
      const [lower, upper] = [bounds[chunk - 1], bounds[chunk]];
      rows.push(await rowsOf(reader, { ...(lower !== undefined && { lower }), ...(upper !== undefined && { upper }) }));
    }
    expect(rows).toEqual([7000, 7000, 7000, 7000, 7000, 5000]);
  });

  it('never writes: the server refuses it to the sessions of a source', async () => {
    const session = await openSourceSession(endpoint);
    await expect(session.run('DELETE FROM public.other')).rejects.toMatchObject({ code: '25006' });
    await session.close();
  });

  it('refuses by name what cannot come along, and lists what stays', () => {
    const { refused, mapping } = draft(catalogue);
    expect(refused.map(({ object }) => object).sort()).toEqual([
      'public.by_function.id',
      'public.by_function.row_of',
      'public.by_function.spans',
      'public.by_function.who',
      'public.child',
      'public.parent',
    ]);
    expect(refused.find(({ object }) => object.endsWith('function.id'))?.reason).toContain('function made()');
    const left = mapping.notMigrated.map(({ kind, name }) => `${kind} ${name}`);
    expect(left).toEqual(expect.arrayContaining(['check public.newer.weak', 'virtual column public.newer.doubled']));
    const newer = mapping.tables.find(({ source: { name } }) => name === 'newer');
    expect(newer?.columns.map(({ source: name, nullable, generated }) => [name, nullable, generated])).toEqual([
      ['id', false, undefined],
      ['doubled', true, '(id * 2)'],
      ['loose', true, undefined],
    ]);
  });

  it('tells apart in its proof what looks alike', async () => {
    const columns = ALIKE.map(([type], at) => `c${String(at)} ${type}`);
    const values = ([1, 2] as const).map((side) => `(${ALIKE.map((alike) => literal(alike[side])).join(', ')})`);
    await stranger(`SET search_path = public; DROP TABLE IF EXISTS alike; DROP TYPE IF EXISTS pair;
      CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE pair AS (a text, b integer);
      CREATE TABLE alike (${columns.join(', ')}); INSERT INTO alike VALUES ${values.join(', ')}`);
    const drafted = draft(await source.catalogue());
    const table = tableOf(drafted.mapping.tables, 'alike');
    const reader = await source.openReader();
    const same: string[] = [];
    for (const column of table.columns) {
      const rows = new Set<string>();
      for await (const batch of reader.scan({ ...table, columns: [column] }, {}, { keys: false })) {
        const end = [0, ...batch.end];
        for (let row = 0; row < batch.rows; row += 1) rows.add(batch.bytes.toString('hex', end[row], end[row + 1]));
      }
      if (rows.size !== 2) same.push(column.type);
    }
    await stranger('DROP TABLE public.alike');
    expect(table.columns).toHaveLength(ALIKE.length);
    expect(same).toEqual([]);
  });

  it('tells from its grants what a login may not read or see', async () => {
    const asReader = await openPostgresSource({ ...endpoint, user: 'reader', password: 'reads' });
    const seen = await asReader.catalogue();
    await asReader.close();
    expect(seen.unreadable).toEqual(['public.guarded', 'public.secret']);
    expect(seen.cannotSee).toEqual([
      {
        what: 'the next value of the sequence "public"."unseen"',
        mend: 'GRANT SELECT ON SEQUENCE "public"."unseen" TO reader',
      },
    ]);
  });

  it('takes the fingerprint of a table, of all rows or of a sample', async () => {
    const table = catalogue.tables.find(({ name }) => name === 'many');
    if (table === undefined) throw new Error('no table');
    const whole = await source.profile(table, { sampleAbove: 1_000_000 });
    expect(whole).toMatchObject({ rows: 40_000, exact: true, sample: 1 });
    expect(whole.columns[0]).toMatchObject({ column: 'id', nulls: 0, min: '3', max: '120000', mean: 60001.5 });
    expect(whole.columns[1]).toMatchObject({ minLength: 100, maxLength: 100, averageLength: 100, distinct: 1 });
    const sampled = await source.profile(table, { sampleAbove: 1000 });
    expect(sampled.exact).toBe(false);
    expect(Math.abs((sampled.columns[0]?.distinct ?? 0) - 40_000)).toBeLessThan(4000);
  });
});
