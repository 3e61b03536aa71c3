import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedServers, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, corpus, freshDatabase, leftovers } from './harness.js';

const chinook = corpus('chinook/chinook.sqlite');

describe.skipIf(chinook === undefined).each(installedServers())('Chinook from SQLite, in PostgreSQL, %s', (where) => {
  let server: TestServer | undefined;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    server = where === 'debian' ? await startTestServer(where) : undefined;
    target = await freshDatabase(server && urlOf(server.endpoint));
    ran = await caravan(['migrate', '--source', `sqlite:${chinook ?? ''}`, '--target', target.url, '--yes', '--json']);
  });
  afterAll(async () => {
    await target.drop();
    await server?.stop();
  });

  it('ends with exit 0 and status proven', () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    expect(ran.json.tables).toHaveLength(11);
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
  });

  it('holds in every table what an independent query finds in the source', async () => {
    const source = new DatabaseSync(chinook ?? '', { readOnly: true });
    for (const { source: from, target: to } of ran.json.tables) {
      const expected = source.prepare(`SELECT * FROM "${from.replace('main.', '')}"`).all();
      const found = await target.query(`SELECT * FROM ${to}`);
      const plain = (rows: Record<string, unknown>[]): string[] =>
        rows.map((row) => JSON.stringify(Object.values(row).map(plainValue))).sort();
      expect(plain(found)).toEqual(plain(expected));
    }
    source.close();
  });

  it('has keys, indexes and validated foreign keys', async () => {
    const [counts] = await target.query(`
      SELECT count(*) FILTER (WHERE contype = 'p') AS primary_keys,
             count(*) FILTER (WHERE contype = 'f' AND convalidated) AS foreign_keys
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace`);
    expect(counts).toEqual({ primary_keys: '11', foreign_keys: '11' });
  });

  it('goes on counting where the source stopped', async () => {
    const [row] = await target.query(`INSERT INTO artist (name) VALUES ('New') RETURNING artistid`);
    expect(Number(row?.['artistid'])).toBe(276);
  });

  it('leaves nothing of its own in the target', async () => {
    expect(await leftovers(target)).toEqual([]);
  });
});

/** One form for what two drivers print differently. */
function plainValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}
