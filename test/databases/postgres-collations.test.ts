import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch } from '../../databases/source.js';
import type { Target, TargetNames } from '../../databases/target.js';
import { column, copyAll, mapping, someNames, table, Targets } from './postgres-fixtures.js';
import { asStranger, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';

const keyed = (name: string, collation: string): TableMapping =>
  table(name, [column('k', 'text', { collation, nullable: false, sourceNullable: false })], {
    primaryKey: { name: `${name}_pkey`, columns: ['k'] },
    rowKey: ['k'],
  });

/** Rows of texts in canonical form; null is NULL. */
async function* rowsOf(...rows: readonly (readonly (string | null)[])[]): AsyncGenerator<CanonicalBatch> {
  const parts = rows.map((fields) => Buffer.concat(fields.flatMap(framed)));
  let length = 0;
  const end = Int32Array.from(parts, (part) => (length += part.length));
  yield await Promise.resolve({ rows: rows.length, bytes: Buffer.concat(parts), end, keys: [] });
}

function framed(field: string | null): Buffer[] {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(field === null ? 0xff_ff_ff_ff : Buffer.byteLength(field));
  return [size, Buffer.from(field ?? '')];
}

describe('Collations of a plan', () => {
  const targets = new Targets();
  let server: TestServer;
  let endpoint: ServerEndpoint;
  let names: TargetNames;
  let target: Target;

  beforeAll(async () => {
    server = await startTestServer('embedded');
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    endpoint = await server.database();
    names = someNames();
    target = await targets.open(endpoint, names);
  });
  afterEach(() => targets.closeAll());

  const there = (): Promise<string[]> =>
    asStranger(endpoint, async (session) => {
      const rows = await session.rows(
        `SELECT collname AS name FROM pg_collation WHERE collnamespace >= 16384 ORDER BY 1`,
      );
      return rows.map(({ name }) => name ?? '');
    });

  it('are made with the shadow, go with the table that needs them, and are undone', async () => {
    const both = mapping([keyed('loose', 'ci_ai'), keyed('strict', 'ci_as')]);
    for (let run = 1; run <= 2; run += 1) await target.createShadow(both);
    expect(await there()).toEqual(['caravan_ci_ai', 'caravan_ci_as']);
    const one = mapping([keyed('strict', 'ci_as')]);
    await target.reduceShadow(one);
    expect(await there()).toEqual(['caravan_ci_as']);
    await copyAll(target, keyed('strict', 'ci_as'), 'a\né\ne\n');
    await target.buildKeys(keyed('strict', 'ci_as'), one);
    expect((await target.compareStructure(one)).findings).toEqual([]);
    const plain = mapping([keyed('strict', 'ci_ai')]);
    expect((await target.compareStructure(plain)).findings).toMatchObject([{ object: 'public.strict.k' }]);
    expect(await target.undo('public')).toEqual({ left: [] });
    expect(await there()).toEqual([]);
  });

  it('show keys that would meet, without touching anything', async () => {
    const met = [...[['ß'], ['ss'], ['Ö'], ['o'], ['a'], ['A '], ['a\u200b'], [null], [null]]];
    expect(await target.countAlike(['ci_ai'], rowsOf(...met))).toBe(3);
    expect(await target.countAlike(['ci_as'], rowsOf(...met))).toBe(1);
    expect(await target.countAlike(['ci_ai', 'exact'], rowsOf(['Ö', '1'], ['o', '2'], ['O', '2'], ['o', null]))).toBe(
      1,
    );
    expect(await target.countAlike(['ci_as'], rowsOf())).toBe(0);
    expect(await there()).toEqual([]);
    expect(await target.insensitive()).toEqual({ icu: true, citext: false, citextAvailable: true });
    await asStranger(endpoint, (session) => session.run('CREATE SCHEMA ours; CREATE EXTENSION citext SCHEMA ours'));
    expect(await target.insensitive()).toMatchObject({ citext: true });
    expect(await target.countAlike(['citext'], rowsOf(['Ab'], ['aB'], ['b']))).toBe(1);
  });

  it('that refuse a key say how the rows are seen', async () => {
    const plan = mapping([keyed('t', 'ci_ai')]);
    await target.createShadow(plan);
    await copyAll(target, keyed('t', 'ci_ai'), 'é\nE\nx\n');
    const failure: unknown = await target.buildKeys(keyed('t', 'ci_ai'), plan).catch((error: unknown) => error);
    if (!(failure instanceof CaravanFailure)) throw new Error('the key was built');
    expect(failure).toMatchObject({
      code: 'KEY_VIOLATED',
      message: expect.stringContaining('1 keys occur') as unknown,
    });
    const query = /waits: (SELECT .*;)/.exec(failure.next)?.[1] ?? '';
    const rows = await asStranger(endpoint, (session) => session.rows(query));
    expect(rows).toEqual(
      expect.arrayContaining([
        { k: 'é', encode: 'c3a9' },
        { k: 'E', encode: '45' },
      ]),
    );
    expect(rows).toHaveLength(2);
  });
});
