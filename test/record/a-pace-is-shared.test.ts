import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextShare, signsOf } from '../../activities/pace/judge.js';
import { Pace } from '../../activities/pace/pace.js';
import type { PaceParts } from '../../activities/pace/pace.js';
import type { SourceStrain } from '../../contracts/messages.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import type { Store } from '../../platform/store/store.js';
import { uniqueId } from '../migration/fixtures.js';
import type { TestDatabase } from '../migration/harness.js';
import { freshDatabase, until } from '../migration/harness.js';

const FREE = { rows: 0, bytes: 0, busyMs: 0 };

describe('The pace at which a source is read', () => {
  let folder: string;
  let database: TestDatabase;
  let store: Store;
  const paces: Pace[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'caravan-pace-'));
    database = await freshDatabase();
    const secretBox = openSecretBox({ keyFile: join(folder, 'secret.key') });
    store = await openStore({ databaseUrl: database.url, secretBox });
  });
  afterAll(async () => {
    for (const one of paces) one.stop();
    await store.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** The pace of one more process. */
  async function processOf(migrationId: string, more: Partial<PaceParts> = {}): Promise<Pace> {
    const processId = `process-${String(paces.length)}`;
    const look = () => Promise.resolve(undefined);
    const made = new Pace(migrationId, {
      throttles: store.throttles,
      processId,
      look,
      onShare: () => undefined,
      ...more,
    });
    paces.push(made);
    await made.start();
    return made;
  }

  it.concurrent('is one limit for all processes, of rows and of bytes, whichever takes longer', async () => {
    const shared = uniqueId('shared');
    await store.throttles.set(shared, { rowsPerSecond: 1000, bytesPerSecond: 1_000_000 });
    const processes = await Promise.all([processOf(shared), processOf(shared), processOf(shared)]);
    const startedMs = performance.now();
    await Promise.all(
      processes.map(async (process) => {
        for (let batch = 0; batch < 5; batch += 1) await process.spent({ ...FREE, rows: 100 });
      }),
    );
    const rowsMs = performance.now() - startedMs;
    expect(rowsMs).toBeGreaterThanOrEqual(1450);
    expect(rowsMs).toBeLessThan(6000);
    await processes[0].spent({ ...FREE, rows: 1, bytes: 500_000 });
    expect(performance.now() - startedMs - rowsMs).toBeGreaterThanOrEqual(450);
  });

  it.concurrent('lets go whoever waits, as soon as the limits are lifted or changed', async () => {
    const lifted = uniqueId('lifted');
    await store.throttles.set(lifted, { rowsPerSecond: 1 });
    const process = await processOf(lifted);
    const waiting = process.spent({ ...FREE, rows: 1_000_000 });
    await until('it has to wait', async () => (await store.throttles.debt(lifted)) > 0);
    await store.throttles.set(lifted, {});
    const startedMs = performance.now();
    await waiting;
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    expect(process.spent({ ...FREE, rows: 1_000_000 }), 'without a limit nobody even asks').toBeUndefined();
  });

  it.concurrent('stops waiting with the activity that it is waited for', async () => {
    const cancelled = uniqueId('cancelled');
    await store.throttles.set(cancelled, { rowsPerSecond: 1 });
    const process = await processOf(cancelled);
    const cancel = new AbortController();
    const waiting = process.spent({ ...FREE, rows: 1000 }, cancel.signal);
    cancel.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.concurrent('shares sessions on the source; those of a process that died are free again', async () => {
    const sessions = uniqueId('sessions');
    const dying = uniqueId('dying');
    await store.throttles.set(sessions, { connections: 3 });
    const [one, other] = [await processOf(sessions), await processOf(sessions)];
    const two = await one.take(2);
    await other.take(1);
    let isTaken = false;
    const third = other.take(2).then(() => (isTaken = true));
    await pause(500);
    expect(isTaken).toBe(false);
    await one.release(two);
    await third;
    const dead = { migrationId: dying, lease: 'of the dead', sessions: 2 };
    await store.throttles.set(dying, { connections: 2 });
    expect(await store.throttles.lease(dead, 300)).toBe(true);
    const next = { ...dead, lease: 'of the living' };
    expect(await store.throttles.lease(next, 300)).toBe(false);
    await until('its sessions are free', () => store.throttles.lease(next, 300));
  });

  it.concurrent('counts sessions that were there before there was a limit', async () => {
    const late = uniqueId('late');
    const [one, other] = [await processOf(late), await processOf(late)];
    await store.throttles.set(late, {});
    await one.take(4);
    await store.throttles.set(late, { connections: 4 });
    await until('both know it', () => one.limits.connections === 4 && other.limits.connections === 4);
    await until('they are counted', async () => {
      const free = { migrationId: late, lease: 'probe', sessions: 1 };
      const isFree = await store.throttles.lease(free, 1);
      return !isFree;
    });
  });

  it.concurrent(
    'halves itself while the source suffers, and comes back slowly; one process looks for all',
    async () => {
      const strained = uniqueId('strained');
      let suffers = true;
      let looks = 0;
      const told: SourceStrain[] = [];
      const look = () => {
        looks += 1;
        return Promise.resolve({ threadsRunning: suffers ? 26 : 25, answerMs: 1 });
      };
      await store.throttles.set(strained, {});
      const parts = { look, onShare: (strain: SourceStrain) => void told.push(strain) };
      const startedMs = performance.now();
      const processes = [await processOf(strained, parts), await processOf(strained, parts)];
      for (const process of processes) process.watch();
      await until('it slows down', () => told.length > 0);
      suffers = false;
      expect(told).toEqual([{ share: 0.5, why: '26 threads are running (over 25)' }]);
      await until('both know it', () => processes.every((process) => process.spent({ ...FREE }) !== undefined));
      const restedMs = performance.now();
      await processes[1]?.spent({ ...FREE, busyMs: 300 });
      expect(performance.now() - restedMs, 'as long a rest as the work took').toBeGreaterThanOrEqual(290);
      await until('it reads at full pace', () => told.length === 2);
      expect(told[1]).toEqual({ share: 1, why: '' });
      expect(looks).toBeLessThanOrEqual((performance.now() - startedMs) / 3000 + 1);
    },
  );

  it.concurrent('remembers that a migration was spared, until its id begins anew', async () => {
    const taught = uniqueId('taught');
    const spared = async (): Promise<boolean | undefined> => (await store.throttles.get(taught))?.spared;
    const seen: unknown[] = [];
    const { throttles } = store;
    const steps = [
      () => throttles.open(taught, {}),
      () => throttles.set(taught, { connections: 2 }),
      () => throttles.set(taught, {}),
      () => throttles.open(taught, {}),
      () => throttles.setShare(taught, 0.5),
      () => throttles.setShare(taught, 1),
      () => throttles.open(taught, { rowsPerSecond: 1 }),
    ];
    for (const step of steps) {
      await step();
      seen.push(await spared());
    }
    expect(seen).toEqual([false, true, true, false, true, true, true]);
    expect(await throttles.get(taught)).toMatchObject({ share: 1, limits: { rowsPerSecond: 1 } });
  });

  it('judges by stated limits', () => {
    expect(signsOf({})).toEqual([]);
    expect(signsOf({ threadsRunning: 25, replicaLagSeconds: 10, answerMs: 1000 })).toEqual([]);
    expect(signsOf({ threadsRunning: 26, replicaLagSeconds: 11, answerMs: 1001 })).toHaveLength(3);
    const shares = Array.from({ length: 8 }).reduce<number[]>((all) => [...all, nextShare(all.at(-1) ?? 1, true)], []);
    expect(shares.at(-1), 'it never stands still').toBe(0.1);
    expect(nextShare(0.9, false)).toBe(1);
  });
});
