import { afterEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../contracts/events.js';
import { openBus } from '../../platform/bus/bus.js';
import { freePort, listLog, startRedis, until } from './platform-harness.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const event = (rows: number): BusEvent => ({
  type: 'execution.table_copied',
  migrationId: 'm1',
  at: '2026-01-02T03:04:05.000Z',
  data: { rows },
});

describe('the bus', () => {
  it('brings events to those who listen, and again after Redis was away', { timeout: 30_000 }, async () => {
    const port = await freePort();
    const first = await startRedis(port);
    cleanups.push(first.stop);
    const log = listLog();
    const bus = openBus(first.url, log);
    cleanups.push(bus.close);
    const heard: BusEvent[] = [];
    bus.subscribe('caravan:events:*', (one) => heard.push(one));
    let sent = 0;
    const publish = (rows: number) => {
      sent += 1;
      bus.publish(event(rows));
    };
    const publishUntilHeard = (rows: number) =>
      until(() => {
        publish(rows);
        return heard.some((one) => one.data.rows === rows);
      });
    await publishUntilHeard(1);
    expect(heard.at(-1)).toEqual(event(1));

    await first.stop();
    await until(() => log.lines.some((line) => line.event === 'bus.redis_away'));
    const publishedBefore = bus.counters().published;
    const startedMs = performance.now();
    for (let round = 0; round < 1000; round += 1) publish(2);
    expect(performance.now() - startedMs).toBeLessThan(100);
    // Every event is counted once. What was handed to a dying connection is counted when its failure is known.
    await until(() => bus.counters().published + bus.counters().dropped === sent);
    expect(bus.counters().published).toBe(publishedBefore);

    const second = await startRedis(port);
    cleanups.push(second.stop);
    await publishUntilHeard(3);
    expect(log.lines.map((line) => line.event)).toEqual(['bus.redis_away', 'bus.redis_back']);
  });

  it('lets a listener fail without harm', async () => {
    const redis = await startRedis(await freePort());
    cleanups.push(redis.stop);
    const log = listLog();
    const bus = openBus(redis.url, log);
    cleanups.push(bus.close);
    let heard = 0;
    bus.subscribe('caravan:events:m1', () => {
      heard += 1;
      throw new Error('the listener is broken');
    });
    await until(() => {
      bus.publish(event(1));
      return heard > 2;
    });
    expect(log.lines[0]).toMatchObject({ event: 'bus.handler_failed' });
  });

  it('takes no time and closes when there is no Redis at all', async () => {
    const log = listLog();
    const bus = openBus(`redis://127.0.0.1:${String(await freePort())}`, log);
    bus.subscribe('caravan:events:*', () => undefined);
    bus.publish(event(1));
    await until(() => log.lines.length > 0);
    await bus.close();
    expect(bus.counters()).toEqual({ published: 0, dropped: 1, received: 0 });
    expect(log.lines).toHaveLength(1);
  });
});
