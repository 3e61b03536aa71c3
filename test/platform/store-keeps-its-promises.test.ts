import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { ColumnFingerprint } from '../../contracts/profile.js';
import type { MigrationReport, TableReport } from '../../contracts/migration.js';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';
import type { PostgresServer } from '../../platform/local-stack/postgres-server.js';
import { copyPostgres } from '../setup/data-folders.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { decodeJson, encodeJson } from '../../platform/store/json-document.js';
import { openStore } from '../../platform/store/open-store.js';
import type { MigrationRecord, Store } from '../../platform/store/store.js';
import { scratchFolder, until } from './platform-harness.js';
import { catalogue, entries, later, notification } from './store-fixtures.js';
import type { Scratch } from './platform-harness.js';

let scratch: Scratch;
let server: PostgresServer;
let store: Store;

function open(): Promise<Store> {
  const secretBox = openSecretBox({ keyFile: join(scratch.folder, 'secret.key') });
  return openStore({ databaseUrl: server.url, secretBox, environment: { DB_PASSWORD: 'resolved' } });
}

beforeAll(async () => {
  scratch = scratchFolder();
  await copyPostgres(join(scratch.folder, 'postgres'));
  server = await startPostgres({ dataFolder: join(scratch.folder, 'postgres') });
  // Several processes open an empty store at once.
  const opened = await Promise.all([open(), open(), open(), open(), open()]);
  store = opened[0];
  await Promise.all(opened.slice(1).map((other) => other.close()));
}, 60_000);
afterAll(async () => {
  await store.close();
  await server.dispose();
  scratch.remove();
});

const endpoint: ServerEndpoint = {
  engine: 'mysql',
  host: 'db',
  port: 3306,
  user: 'root',
  password: 'h€mlig\u0000',
  database: 'shop',
  tls: { mode: 'require', ca: 'CA' },
  connectTimeoutSeconds: 10,
};

function record(migrationId: string, firstRunId: string = randomUUID()): MigrationRecord {
  return {
    migrationId,
    runId: firstRunId,
    firstRunId,
    namespace: 'default',
    hash: firstRunId.replaceAll('-', '').slice(0, 12),
    input: {
      source: 'a',
      target: 'b',
      targetSchema: 'public',
      onExisting: 'fail',
      onSourceMoved: 'ask',
      identifiers: 'lower',
      include: [],
      exclude: [],
      dryRun: false,
      yes: false,
      mode: 'schema-and-data',
      deadlineSeconds: 86_400,
    },
    sourceEngine: 'mysql',
    targetVersion: 180_004,
    startedAt: '2026-01-02T03:04:05.678Z',
  };
}

const table = (source: string, rows: number): TableReport => ({
  source,
  target: source,
  sourceRows: rows,
  targetRows: rows,
  quarantinedRows: 0,
  changedValues: 0,
  sourceHash: null,
  targetHash: null,
});

describe('connections', () => {
  it('come back whole, listed without their secrets, and sealed in the table', async () => {
    const name = `legacy-${randomUUID()}`;
    await store.connections.put(name, endpoint);
    expect(await store.connections.get(name)).toEqual(endpoint);
    expect(await store.connections.list()).toContainEqual({
      name,
      engine: 'mysql',
      place: 'db:3306/shop',
      user: 'root',
      migrationId: null,
    });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query('SELECT c::text AS row FROM caravan_store.connections c');
    await client.end();
    expect(JSON.stringify(rows)).not.toContain(Buffer.from('mlig').toString('hex'));
  });

  it('are not replaced unless that was said, or the same migration made them', async () => {
    const [once, made] = [`once-${randomUUID()}`, `m-source-${randomUUID()}`];
    await store.connections.put(once, endpoint);
    await expect(store.connections.put(once, endpoint)).rejects.toThrow(/INPUT_INVALID.*is there/u);
    await store.connections.put(once, { engine: 'sqlite', path: '/x' }, { replace: true });
    expect(await store.connections.get(once)).toEqual({ engine: 'sqlite', path: '/x' });
    await store.connections.put(made, endpoint, { migrationId: 'm' });
    await store.connections.put(made, endpoint, { migrationId: 'm' });
    await expect(store.connections.put(made, endpoint, { migrationId: 'other' })).rejects.toThrow(/INPUT_INVALID/u);
    await store.connections.release('m');
    await expect(store.connections.get(made)).rejects.toThrow(/CONNECTION_UNKNOWN/u);
    expect(await store.connections.remove(once)).toBe(true);
    expect(await store.connections.remove(once)).toBe(false);
  });

  it('resolve a password reference when they are read', async () => {
    await store.connections.put('referenced', { ...endpoint, password: 'env:DB_PASSWORD' }, { replace: true });
    expect(await store.connections.get('referenced')).toMatchObject({ password: 'resolved' });
  });
});

describe('a migration', () => {
  it('keeps its record and documents; the last table report and the first evidence hold', async () => {
    const first = record('m1');
    await store.migrations.open(first);
    await store.migrations.open({ ...first, runId: 'continued' });
    expect(await store.migrations.get('m1')).toEqual({ ...first, runId: 'continued' });
    expect(await store.migrations.byHash(first.hash)).toMatchObject({ migrationId: 'm1' });
    await store.migrations.putTable('m1', table('s.b', 1));
    await store.migrations.putTable('m1', table('s.a', 1));
    await store.migrations.putTable('m1', table('s.b', 2));
    expect(await store.migrations.tables('m1')).toEqual([table('s.a', 1), table('s.b', 2)]);
    await store.migrations.putCopied('m1', { table: 's.a', rows: 1, bytes: 2, milliseconds: 3 });
    expect(await store.migrations.copied('m1')).toEqual([{ table: 's.a', rows: 1, bytes: 2, milliseconds: 3 }]);
    await store.migrations.addCopyTime('m1', { startedMs: 1_770_000_000_000.5, endedMs: 1_770_000_000_001 });
    await store.migrations.addCopyTime('m1', { startedMs: 1_770_000_000_001, endedMs: 1_770_000_000_009 });
    expect(await store.migrations.copyTime('m1')).toEqual({
      startedMs: 1_770_000_000_000.5,
      endedMs: 1_770_000_000_009,
    });
    await store.migrations.putEvidence('m1', { a: 1 }, [{ name: 'a.json', text: '1' }]);
    await store.migrations.putEvidence('m1', { a: 2 }, [{ name: 'a.json', text: '2' }]);
    expect(await store.migrations.evidence('m1')).toEqual({ a: 1 });
    expect(await store.migrations.evidenceFiles('m1')).toEqual([{ name: 'a.json', text: '1' }]);
    await store.migrations.putPromotion('m1', { promotedAt: 'now', lsn: '0/1' });
    expect(await store.migrations.promotion('m1')).toEqual({ promotedAt: 'now', lsn: '0/1' });
  });

  it('has a report also when it was refused before there was a record', async () => {
    const report = { migrationId: 'refused', status: 'invalid_input', tables: [] } as unknown as MigrationReport;
    await store.migrations.putReport('refused', report);
    expect(await store.migrations.report('refused')).toEqual(report);
    expect(await store.migrations.get('refused')).toBeUndefined();
  });

  it('under a used id starts clean, and the record of the earlier run can still be found by its hash', async () => {
    const first = record('again');
    await store.migrations.open(first);
    await store.migrations.putTable('again', table('s.a', 1));
    await store.migrations.putReport('again', { status: 'failed' } as MigrationReport);
    const second = record('again');
    await store.migrations.open(second);
    await store.migrations.open(first);
    expect(await store.migrations.get('again')).toEqual(second);
    expect(await store.migrations.byHash(first.hash)).toEqual(first);
    expect(await store.migrations.tables('again')).toEqual([]);
    expect(await store.migrations.report('again')).toBeUndefined();
    const listed = (await store.migrations.list(100)).filter(({ migrationId }) => migrationId === 'again');
    expect(listed).toEqual([{ ...second, status: null }]);
  });

  it('leaves nothing after a purge', async () => {
    await store.migrations.open(record('gone'));
    await store.migrations.putReport('gone', { status: 'proven' } as MigrationReport);
    await store.connections.put('gone-source', endpoint, { migrationId: 'gone' });
    const catalogueId = await store.discovery.putCatalogue('gone', catalogue(1));
    await store.discovery.putProfile(
      catalogueId,
      { schema: 's', table: 't', rows: 1, exact: true, sample: 1, columns: [] },
      [],
    );
    await store.plans.put({ yaml: 'x', document: {} as PlanDocument, planHash: 'h', migrationId: 'gone' });
    await store.outbox.add(notification('gone', 'k', 'g'));
    await store.archive.put({ migrationId: 'gone', hash: 'h' }, 'quarantine', entries(1));
    await store.migrations.purge('gone');
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'caravan_store' AND column_name = 'migration_id'`,
    );
    for (const { name } of rows) {
      const found = await client.query(`SELECT 1 FROM caravan_store.${name} WHERE migration_id = 'gone'`);
      expect(found.rowCount, name).toBe(0);
    }
    await client.end();
    expect(rows.length).toBeGreaterThan(8);
  });
});

describe('mapping files', () => {
  it('are one for the same text, and go with the last migration that was started with them', async () => {
    const [id, again] = [await store.mappings.put('a: 1'), await store.mappings.put('a: 1')];
    expect(again).toBe(id);
    expect(await store.mappings.get(id)).toBe('a: 1');
    for (const name of ['mapped-1', 'mapped-2']) {
      const plain = record(name);
      await store.migrations.open({ ...plain, input: { ...plain.input, mapping: id } });
    }
    await store.migrations.purge('mapped-1');
    expect(await store.mappings.get(id)).toBe('a: 1');
    await store.migrations.purge('mapped-2');
    expect(await store.mappings.get(id)).toBeUndefined();
  });
});

describe('documents', () => {
  it('keep every text that JSON can hold', async () => {
    const odd = [
      '\u0000',
      'a\u0000b',
      '\\u0000',
      '\\\\u0000',
      '\ud800',
      '\ude00x',
      '\ufdd0',
      '\ufdd00000',
      '😀',
      '\\\ud800"',
    ];
    expect(decodeJson(encodeJson(odd))).toEqual(odd);
    await store.migrations.putEvidence('odd', { odd, [odd.join()]: 1e21, small: 1e-7, deep: [[null]] }, []);
    expect(await store.migrations.evidence('odd')).toEqual({ odd, [odd.join()]: 1e21, small: 1e-7, deep: [[null]] });
  });

  it('hold the catalogue of 10,000 tables, and a retry gives the same id', { timeout: 60_000 }, async () => {
    const large = catalogue(10_000);
    const id = await store.discovery.putCatalogue('large', large);
    expect(await store.discovery.putCatalogue('large', large)).toBe(id);
    const other = await open();
    const startedMs = performance.now();
    expect(await other.discovery.catalogue(id)).toEqual(large);
    const firstMs = performance.now() - startedMs;
    await other.discovery.catalogue(id);
    expect(performance.now() - startedMs - firstMs).toBeLessThan(firstMs / 2);
    await other.close();
    await expect(store.discovery.catalogue('no uuid')).rejects.toThrow(/INTERNAL/u);
  });

  it('hold profiles, what gives values away only sealed', async () => {
    const id = await store.discovery.putCatalogue('sealed', catalogue(1));
    const fingerprint: ColumnFingerprint = {
      ...{ rows: 3, nulls: 0, distinct: 'AA==', least: 'canary-least', greatest: 'z' },
      top: { values: [{ value: 'canary-top', hash: 1, count: 2, error: 0 }], floor: 0 },
    };
    const column = { column: 'c', rows: 3, nulls: 0, distinct: 2, minLength: 1 };
    const profile = { schema: 's', table: 't', rows: 3, exact: true, sample: 1 };
    const extremes = { min: 'canary-min', max: 'canary-max', mean: 271828.25, variance: 0 };
    await store.discovery.putProfile(
      id,
      { ...profile, columns: [{ ...column, ...extremes, fingerprint }, column] },
      [],
    );
    const [read] = await store.discovery.profiles(id);
    expect(read?.profile).toEqual({ ...profile, columns: [{ ...column, ...extremes }, column] });
    expect(await store.discovery.fingerprints(id, { schema: 's', name: 't' })).toEqual(new Map([['c', fingerprint]]));
    expect(await store.discovery.fingerprints(id, { schema: 's', name: 'other' })).toEqual(new Map());
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ text: string }>(
      `SELECT p::text AS text FROM caravan_store.profiles p WHERE catalogue_id::text = $1`,
      [id],
    );
    await client.end();
    expect(rows).toHaveLength(1);
    const text = rows[0]?.text ?? '';
    expect(text).toContain('minLength');
    for (const word of ['canary', Buffer.from('canary').toString('hex'), '271828']) expect(text).not.toContain(word);
  });

  it('hold plans, also those of no migration', async () => {
    const plan = { yaml: 'a: 1', document: { name: 'p' } as PlanDocument, planHash: 'h1' };
    const id = await store.plans.put(plan);
    expect(await store.plans.put(plan)).toBe(id);
    expect(await store.plans.put({ ...plan, migrationId: 'm' })).not.toBe(id);
    expect(await store.plans.get(id)).toEqual({ planId: id, ...plan });
    expect(await store.plans.get('nothing')).toBeUndefined();
  });

  it('hold what was learned, once a migration and signature', async () => {
    const fact = { migrationId: 'l', kind: 'throughput', signature: randomUUID(), numbers: { rows: 1 } } as const;
    await store.learning.add(fact);
    await store.learning.add({ ...fact, numbers: { rows: 2 } });
    await store.learning.add({ ...fact, migrationId: 'l2' });
    const facts = (await store.learning.facts('throughput')).filter(({ signature }) => signature === fact.signature);
    expect(facts.map(({ numbers }) => numbers.rows)).toEqual([1, 2]);
  });

  it('archive entries once each', async () => {
    const [first, second] = [record('kept'), record('kept')];
    await store.migrations.open(first);
    await store.archive.put(first, 'quarantine', entries(5000));
    await store.archive.put(first, 'quarantine', entries(5001));
    expect(await store.archive.count('kept', 'quarantine')).toBe(5001);
    // The earlier run's sidecar may be found when a later run is already at work.
    await store.migrations.open(second);
    await store.archive.put(first, 'quarantine', entries(5002));
    expect(await store.archive.count('kept', 'quarantine')).toBe(0);
    await store.archive.put(second, 'quarantine', entries(7));
    expect(await store.archive.count('kept', 'quarantine')).toBe(7);
    expect(await store.archive.count('kept', 'value_ledger')).toBe(0);
  });
});

describe('the outbox', () => {
  it('counts equal alerts until one was taken, and hears each key once', async () => {
    const id = randomUUID();
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.outbox.add(notification(id, `k${String(n)}`, 'g'))));
    await store.outbox.add(notification(id, 'k1', 'g'));
    await store.outbox.add(notification(id, 'other', 'g2'));
    const all = await store.outbox.after(id, 0);
    expect(all.map(({ notification: { group, count } }) => [group, count])).toEqual([
      ['g', 20],
      ['g2', 1],
    ]);
    const taken = (await store.outbox.claim('log', 1000, 60)).filter(
      ({ notification: { migrationId } }) => migrationId === id,
    );
    expect(taken.map(({ attempts, notification: { group } }) => [group, attempts])).toEqual([['g', 1]]);
    await store.outbox.add(notification(id, 'later', 'g'));
    expect((await store.outbox.after(id, all[1]?.id ?? 0)).map(({ notification: { key } }) => key)).toEqual(['later']);
  });

  it('gives those of a migration in order, each to one taker of a channel, and to every channel', async () => {
    const id = randomUUID();
    for (let n = 0; n < 10; n += 1) await store.outbox.add(notification(id, `k${String(n)}`, `g${String(n)}`));
    const told: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      const claims = await Promise.all([1, 2, 3].map(() => claimOf(id, 'hook')));
      const claimed = claims.flat();
      expect(claimed).toHaveLength(1);
      told.push(claimed[0]?.notification.key ?? '');
      expect(await claimOf(id, 'hook')).toEqual([]);
      await store.outbox.delivered(claimed[0]?.id ?? 0, 'hook');
    }
    expect(told).toEqual(Array.from({ length: 10 }, (_, n) => `k${String(n)}`));
    expect((await claimOf(id, 'terminal')).map(({ notification: { key } }) => key)).toEqual(['k0']);
  });

  it('gives again what failed or whose taker died, never what was delivered', async () => {
    const id = randomUUID();
    for (const key of ['a', 'b']) await store.outbox.add(notification(id, key, key));
    expect(await store.outbox.pending(id)).toBe(2);
    const [a] = await claimOf(id, id);
    if (a === undefined) throw new Error('nothing was given');
    await store.outbox.failed(a, id, later(3600));
    expect(await claimOf(id, id), 'the later one waits for the earlier one').toEqual([]);
    await store.outbox.failed(a, id, later(0));
    const [again] = await claimOf(id, id, 0);
    expect(again).toMatchObject({ attempts: 2, notification: { key: 'a' } });
    const [third] = await claimOf(id, id);
    expect(third).toMatchObject({ attempts: 3 });
    // The first taker wakes up: what it says is of no account.
    await store.outbox.failed(a, id, { ...later(0), giveUp: { tries: 1, afterSeconds: 0 } });
    expect(await store.outbox.pending(id)).toBe(2);
    await store.outbox.delivered(a.id, id);
    expect((await claimOf(id, id)).map(({ notification: { key } }) => key)).toEqual(['b']);
    expect(await store.outbox.pending(id)).toBe(1);
  });

  it('gives up after so many tries over so long a time, keeps that, and goes on with the next', async () => {
    const id = randomUUID();
    for (const key of ['a', 'b']) await store.outbox.add(notification(id, key, key));
    const fail = async (afterSeconds: number): Promise<boolean> => {
      const [claimed] = await claimOf(id, id);
      if (claimed === undefined) throw new Error('nothing was given');
      return (await store.outbox.failed(claimed, id, { ...later(0), giveUp: { tries: 2, afterSeconds } })).dead;
    };
    expect(await fail(0), 'too few tries').toBe(false);
    expect(await fail(3600), 'too soon').toBe(false);
    expect(await fail(0)).toBe(true);
    expect(await store.outbox.pending(id)).toBe(1);
    const [b] = await claimOf(id, id);
    expect(b?.notification.key).toBe('b');
    await store.outbox.delivered(b?.id ?? 0, id);
    const { count, notifications } = await store.outbox.dead(10);
    expect(count).toBe(1);
    expect(notifications).toMatchObject([{ channel: id, attempts: 3, reason: 'HTTP 500', notification: { key: 'a' } }]);
    expect(await store.outbox.revive()).toBe(1);
    expect((await store.outbox.dead(10)).count).toBe(0);
    expect(await claimOf(id, id)).toMatchObject([{ attempts: 1, notification: { key: 'a' } }]);
  });
});

type Claim = Awaited<ReturnType<Store['outbox']['claim']>>;

async function claimOf(id: string, channel: string, leaseSeconds = 60): Promise<Claim> {
  const claimed = await store.outbox.claim(channel, 1000, leaseSeconds);
  return claimed.filter(({ notification: { migrationId } }) => migrationId === id);
}

describe('the store', () => {
  it('goes on by itself when PostgreSQL was away, and says STORE_LOST meanwhile', { timeout: 60_000 }, async () => {
    await store.migrations.list(1);
    await server.restart('immediate');
    await until(() =>
      store.migrations.list(1).then(
        () => true,
        () => false,
      ),
    );
    await server.restart('fast');
    expect(await store.migrations.list(1)).toHaveLength(1);
    const away = openStore({
      databaseUrl: server.url.replace(/:[0-9]+\//u, ':1/'),
      secretBox: openSecretBox({ keyFile: join(scratch.folder, 'secret.key') }),
    });
    await expect(away).rejects.toThrow(/STORE_LOST/u);
  });
});
