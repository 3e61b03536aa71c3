import { DatabaseSync } from 'node:sqlite';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { secretKeyFile } from '../../platform/secrets/key-files.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import { everyMajor, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { clientOf, expectUntouched, startFaulty } from './faults-harness.js';
import { lockShadowTable, untilBlocked, untilProgress } from './faults-holds.js';
import { urlOf, viewStack } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, corpus, freshDatabase, leftovers } from './harness.js';

const chinook = corpus('chinook/chinook.sqlite');
const majors = await everyMajor();

describe.skipIf(chinook === undefined).each(majors)('Chinook from SQLite, in PostgreSQL $title', (major) => {
  const { binaries } = major;
  let server: TestServer | undefined;
  let target: TestDatabase;
  let client: Client;
  let ran: Ran;

  beforeAll(async () => {
    client = clientOf(inject('sharedHome'));
    if (binaries === null) return;
    server = binaries === 'embedded' ? undefined : await startTestServer(binaries);
    target = await freshDatabase(server && urlOf(server.endpoint));
    ran = await caravan(['migrate', '--source', `sqlite:${chinook ?? ''}`, '--target', target.url, '--yes', '--json']);
  });
  beforeEach(({ skip }) => {
    skip(binaries === null, major.title);
  });
  afterAll(async () => {
    await client.connection.close();
    if (binaries === null) return;
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

  it('kept a fingerprint of every column, which says what SQL finds, and keeps values only sealed', async () => {
    const view = await viewStack();
    const keyFile = secretKeyFile(inject('sharedHome'));
    const store = await openStore({ databaseUrl: view.stack.databaseUrl, secretBox: openSecretBox({ keyFile }) });
    const client = new pg.Client({ connectionString: view.stack.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ id: string; text: string }>(
      `SELECT catalogue_id::text AS id, p::text AS text FROM caravan_store.profiles p
       JOIN caravan_store.catalogues USING (catalogue_id) WHERE migration_id = $1`,
      [ran.json.migrationId],
    );
    expect(rows).toHaveLength(11);
    const prints = await store.discovery.fingerprints(rows[0]?.id ?? '', { schema: 'main', name: 'InvoiceLine' });
    const [profile] = (await store.discovery.profiles(rows[0]?.id ?? '')).filter(
      ({ profile: { table } }) => table === 'Customer',
    );
    await Promise.all([store.close(), client.end(), view.close()]);
    const source = new DatabaseSync(chinook ?? '', { readOnly: true });
    const [price] = source
      .prepare('SELECT avg(UnitPrice) AS mean, min(UnitPrice) AS least, max(UnitPrice) AS most FROM InvoiceLine')
      .all();
    const often = source
      .prepare('SELECT UnitPrice AS price, count(*) AS n FROM InvoiceLine GROUP BY 1 ORDER BY 2 DESC')
      .all();
    source.close();
    const found = prints.get('UnitPrice');
    expect([...prints.keys()]).toEqual(['InvoiceLineId', 'InvoiceId', 'TrackId', 'UnitPrice', 'Quantity']);
    expect(found).toMatchObject({
      rows: 2240,
      nulls: 0,
      numbers: { count: 2240, min: price?.['least'], max: price?.['most'] },
    });
    expect(found?.numbers?.mean).toBeCloseTo(Number(price?.['mean']), 9);
    expect(found?.top.values.map(({ value, count }) => ({ price: Number(value), n: count }))).toEqual(often);
    const email = profile?.profile.columns.find(({ column }) => column === 'Email');
    expect(email?.min).toContain('@');
    for (const { text } of rows) expect(text).not.toContain('@');
  });

  it('leaves nothing of its own in the target', async () => {
    expect(await leftovers(target)).toEqual([]);
  });

  // On 18 many tests do this.
  it.runIf(['13', '17'].includes(major.title))(
    'is undone when it is cancelled in the middle of the copy: the target is as it was',
    async () => {
      const other = await freshDatabase(server && urlOf(server.endpoint));
      const faulty = await startFaulty({ source: `sqlite:${chinook ?? ''}`, target: other });
      const release = await lockShadowTable(faulty, 'invoiceline', 'SHARE');
      await untilBlocked(other);
      const cancelling = caravan(['cancel', faulty.id]);
      await untilProgress(client, faulty, { status: 'compensating' });
      await release();
      const { exit, json, stderr } = await faulty.running.ended;
      expect(exit, stderr).toBe(1);
      expect(json).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
      expect((await cancelling).exit).toBe(0);
      await expectUntouched(other);
      await other.drop();
    },
  );
});

/** One form for what two drivers print differently. */
function plainValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}
