import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { DatabaseSync } from 'node:sqlite';
import { findMariadb, startMariadb } from '../../platform/local-stack/mariadb-server.js';
import type { MariadbServer } from '../../platform/local-stack/mariadb-server.js';
import { copyMariadb } from '../setup/data-folders.js';
import {
  bigSqlite,
  clientOf,
  expectArrived,
  expectUntouched,
  scratch,
  shadowOf,
  startFaulty,
} from './faults-harness.js';
import type { Faulty } from './faults-harness.js';
import { holdProof, lockShadowTable, untilBlocked, untilProgress } from './faults-holds.js';
import type { Release } from './faults-holds.js';
import { caravan, removeSqlite, until } from './harness.js';

const ROWS = 20_000;

/** Presses "cancel" twice at once; both come to an end, and the migration is cancelled once. */
async function cancelTwice({ id }: Faulty): Promise<void> {
  const [first, second] = await Promise.all([caravan(['cancel', id]), caravan(['cancel', id])]);
  expect(Math.min(first.exit ?? 9, second.exit ?? 9), first.stderr + second.stderr).toBe(0);
  expect(Math.max(first.exit ?? 9, second.exit ?? 9)).toBeLessThanOrEqual(1);
}

async function expectCancelled(faulty: Faulty): Promise<void> {
  const ran = await faulty.running.ended;
  expect(ran.json, ran.stderr).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
  expect(ran.exit).toBe(1);
  await expectUntouched(faulty.target);
  await faulty.target.drop();
}

describe('a cancelled migration ends with exit 1 and leaves the target as it was', () => {
  const folder = scratch();
  let source: string;
  let client: Client;

  beforeAll(() => {
    client = clientOf(inject('sharedHome'));
    source = bigSqlite(folder.path('big.sqlite'), ROWS);
  });
  afterAll(async () => {
    await client.connection.close();
    folder.remove();
  });

  it('while the plan waits for approval', async () => {
    const faulty = await startFaulty({ source, flags: [] });
    await untilProgress(client, faulty, { status: 'waiting' });
    await cancelTwice(faulty);
    await expectCancelled(faulty);
  });

  it('while a COPY waits for a lock in the target', async () => {
    const faulty = await startFaulty({ source });
    const release = await lockShadowTable(faulty, 'big', 'SHARE');
    await untilBlocked(faulty.target);
    const cancelling = cancelTwice(faulty);
    await untilProgress(client, faulty, { status: 'compensating' });
    await release();
    await cancelling;
    await expectCancelled(faulty);
  });

  it('while the proof reads', async () => {
    const faulty = await startFaulty({ source });
    const release = await holdProof(faulty);
    await untilProgress(client, faulty, { phase: 'verification' });
    const cancelling = cancelTwice(faulty);
    await untilProgress(client, faulty, { status: 'compensating' });
    await release();
    await cancelling;
    await expectCancelled(faulty);
  });

  it('while findings wait for acceptance', async () => {
    const file = folder.path('orphans.sqlite');
    removeSqlite(file);
    const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    database.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id));
      INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1), (2, 99)`);
    database.close();
    const faulty = await startFaulty({ source: `sqlite:${file}`, flags: [] });
    await untilProgress(client, faulty, { status: 'waiting', phase: 'planning' });
    expect(await caravan(['approve', faulty.id])).toMatchObject({ exit: 0 });
    await untilProgress(client, faulty, { status: 'waiting', phase: 'verification' });
    await cancelTwice(faulty);
    await expectCancelled(faulty);
  });
});

describe.runIf(findMariadb() !== null)('a migration that is cancelled while it profiles a locked source', () => {
  const folder = scratch();
  let server: MariadbServer;
  let client: Client;
  const releases: Release[] = [];

  beforeAll(async () => {
    await copyMariadb(folder.path('maria'));
    server = await startMariadb({ dataFolder: folder.path('maria') });
    client = clientOf(inject('sharedHome'));
    const connection = await createConnection(server.url.replace('mariadb:', 'mysql:'));
    await connection.query('CREATE TABLE big (id int PRIMARY KEY, amount int)');
    await connection.query('INSERT INTO big VALUES (1, 31), (2, 62)');
    await connection.query('LOCK TABLES big WRITE');
    releases.push(() => connection.end());
  });
  afterAll(async () => {
    for (const release of releases) await release();
    await client.connection.close();
    await server.dispose();
    folder.remove();
  });

  it('does not wait for the lock', async () => {
    const faulty = await startFaulty({ source: server.url });
    const other = await createConnection(server.rootUrl.replace('mariadb:', 'mysql:'));
    releases.push(() => other.end());
    await until('a query of the profile waits for the lock', async () => {
      const [rows] = await other.query(
        "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'",
      );
      return (rows as unknown[]).length > 0;
    });
    await untilProgress(client, faulty, { phase: 'discovery', status: 'running' });
    await cancelTwice(faulty);
    await expectCancelled(faulty);
  });
});

describe('a migration that is cancelled after the pivot', () => {
  const folder = scratch();
  let client: Client;

  beforeAll(() => {
    client = clientOf(inject('sharedHome'));
  });
  afterAll(async () => {
    await client.connection.close();
    folder.remove();
  });

  it('only goes forward: it ends proven, with nothing left behind', async () => {
    const faulty = await startFaulty({ source: bigSqlite(folder.path('big.sqlite'), 1000) });
    const { target, id } = faulty;
    // The sidecar cannot be dropped for as long as somebody reads it: the migration stands right after its pivot.
    const release = await lockShadowTable(faulty, '_meta.value_ledger', 'ACCESS SHARE');
    await until('it is promoted', async () => {
      const [row] = await target.query("SELECT to_regclass('public.big') IS NOT NULL AS there");
      return row?.['there'] === true;
    });
    const cancelled = caravan(['cancel', id]);
    const handle = client.workflow.getHandle(id);
    await until('the request has arrived', async () => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).some((event) => event.workflowExecutionCancelRequestedEventAttributes != null);
    });
    await release();
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json.status).toBe('proven');
    expect((await cancelled).stdout).toContain('proven');
    expect(await shadowOf(target)).toBeUndefined();
    await expectArrived(target, 1000);
    await target.drop();
  });
});
