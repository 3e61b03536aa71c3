import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { copyPostgres } from '../setup/data-folders.js';
import type { Stack } from '../../cli/stack/ensure-stack.js';
import { readConfig } from '../../config/config.js';
import type { Notification } from '../../contracts/events.js';
import type { TestFolder } from './fixtures.js';
import { testFolder, uniqueId } from './fixtures.js';
import type { Ran } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const SECRET = 'shared with the receiver';

interface Delivery {
  readonly id: string;
  readonly signature: string;
  readonly body: string;
  readonly notification: Notification;
  readonly status: number;
}

/** A receiver that can be away, and that can fail. */
class Receiver {
  readonly deliveries: Delivery[] = [];
  /** How many of the next requests are answered with 500. */
  failing = 0;
  /** Notifications that are answered with 410, for as long as this says so. */
  refuses: (notification: Notification) => boolean = () => false;
  #server: Server | undefined;

  async listen(port = 0): Promise<number> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { 'x-caravan-delivery': id, 'x-caravan-signature': signature } = request.headers;
        const notification = JSON.parse(body) as Notification;
        this.failing -= 1;
        const status = this.refuses(notification) ? 410 : this.failing >= 0 ? 500 : 204;
        this.deliveries.push({ id: String(id), signature: String(signature), body, notification, status });
        response.writeHead(status).end("what a receiver writes is nobody else's business");
      });
    });
    this.#server = server;
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((closed) =>
      server === undefined
        ? closed()
        : server.close(() => {
            closed();
          }),
    );
  }

  of(migrationId: string): Delivery[] {
    return this.deliveries.filter(({ notification }) => notification.migrationId === migrationId);
  }

  /** What was taken, in the order in which it came. */
  taken(migrationId: string): Delivery[] {
    return this.of(migrationId).filter(({ status }) => status === 204);
  }
}

describe('AMANI', () => {
  const receiver = new Receiver();
  let home: string;
  let stack: Stack;
  let folder: TestFolder;
  let port: number;

  beforeAll(async () => {
    folder = testFolder();
    home = mkdtempSync(join(tmpdir(), 'caravan-amani-'));
    port = await receiver.listen();
    await receiver.close();
    const { PATH, HOME, XDG_CACHE_HOME } = process.env;
    const webhook = { CARAVAN_WEBHOOK_URL: `http://127.0.0.1:${String(port)}/hook`, CARAVAN_WEBHOOK_SECRET: SECRET };
    await copyPostgres(join(home, 'postgres'));
    stack = await ensureStack({ config: readConfig({ PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home, ...webhook }) });
  });
  afterAll(async () => {
    await receiver.close();
    await stack.stop();
    folder.remove();
    rmSync(home, { recursive: true, force: true });
  });

  const NOTE = 'CREATE TABLE note (id INTEGER PRIMARY KEY); INSERT INTO note VALUES (1)';
  /** Into a database of its own. */
  const migrate = async (id: string, tables = NOTE): Promise<Ran> => {
    const target = await freshDatabase(stack.databaseUrl);
    const source = folder.sqlite(uniqueId('source'), tables);
    const ends = ['--source', source, '--target', target.url];
    const ran = await caravan(['migrate', ...ends, '--workflow-id', id, '--yes', '--json'], { home });
    await target.drop();
    return ran;
  };
  /** It was told how it ended, which is always the last. */
  const isComplete = (id: string): boolean =>
    receiver.taken(id).some(({ notification }) => notification.kind === 'result');
  const groups = (deliveries: readonly Delivery[]): string[] =>
    deliveries.map(({ notification }) => notification.group);

  it('holds nothing up while its webhook is dead, and delivers everything when that is back', async () => {
    const id = uniqueId('dead');
    await receiver.close();
    const ran = await migrate(id);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(receiver.of(id)).toEqual([]);
    await receiver.listen(port);
    await until('everything is delivered', () => isComplete(id), 60_000);
    expect(groups(receiver.of(id))).toEqual(['started', 'result']);
  }, 120_000);

  it('signs what it sends, and sends again, under the same number, what was not taken', async () => {
    const id = uniqueId('fails');
    receiver.failing = 2;
    const ran = await migrate(id);
    expect(ran.exit, ran.stderr).toBe(0);
    await until('the refused ones came again', () => isComplete(id), 60_000);
    expect(groups(receiver.of(id)), 'no later one comes before it was taken').toEqual([
      'started',
      'started',
      'started',
      'result',
    ]);
    const deliveries = receiver.of(id);
    for (const { body, signature } of deliveries) {
      expect(signature).toBe(`sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
    }
    expect(new Set(deliveries.map(({ id: delivery, notification }) => `${notification.key} ${delivery}`)).size).toBe(2);
  }, 120_000);

  it('makes one alert with a count of many equal errors', async () => {
    const id = uniqueId('dirty');
    const people = `CREATE TABLE person (id INTEGER PRIMARY KEY, born DATE);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO person SELECT i, CASE WHEN i <= 3 THEN '2023-02-30' ELSE '2020-01-01' END FROM n;`;
    const ran = await migrate(id, people);
    expect(ran.exit, ran.stderr).toBe(3);
    await until('the end is told', () => isComplete(id), 60_000);
    const alerts = receiver.of(id).filter(({ notification }) => notification.kind === 'alert');
    expect(alerts.map(({ notification }) => notification)).toMatchObject([{ group: 'values_changed/1', count: 3 }]);
    expect(alerts[0]?.body).not.toContain('2023-02-30');
  }, 120_000);

  it('gives up what is refused for good, without holding up what comes after; it is shown, and sent again', async () => {
    const id = uniqueId('refused');
    receiver.refuses = ({ migrationId, group }) => migrationId === id && group === 'started';
    const ran = await migrate(id);
    expect(ran.exit, ran.stderr).toBe(0);
    await until('the later one is delivered', () => isComplete(id), 60_000);
    expect(groups(receiver.of(id))).toEqual(['started', 'started', 'started', 'result']);
    const status = await caravan(['status'], { home });
    expect(status.stdout).toContain('1 notification could not be delivered');
    const listed = await caravan(['notifications', '--json'], { home });
    expect(JSON.parse(listed.stdout)).toMatchObject({
      undelivered: 1,
      notifications: [{ migrationId: id, group: 'started', channel: 'webhook', reason: 'HTTP 410', attempts: 3 }],
    });
    expect(listed.stdout).not.toContain('business');
    const sick = await caravan(['doctor'], { home });
    expect(sick.exit).toBe(1);
    expect(sick.stdout).toMatch(/BAD +notify +1 notification could not be delivered/);
    receiver.refuses = () => false;
    const mended = await caravan(['doctor', '--fix'], { home });
    expect(mended.exit, mended.stdout).toBe(0);
    await until('it is taken', () => groups(receiver.taken(id)).includes('started'), 60_000);
    const numbers = new Set(receiver.of(id).map(({ id: delivery }) => delivery));
    expect(numbers.size, 'under the number that it had').toBe(2);
    const well = await caravan(['notifications'], { home });
    expect(well.stdout).toContain('every notification was delivered');
  }, 120_000);

  it('tells of a second run under the same name as well', async () => {
    const id = uniqueId('twice');
    for (let run = 0; run < 2; run += 1) {
      const ran = await migrate(id);
      expect(ran.exit, ran.stderr).toBe(0);
    }
    await until('both are told', () => receiver.taken(id).length === 4, 60_000);
    expect(groups(receiver.taken(id))).toEqual(['started', 'result', 'started', 'result']);
  }, 120_000);
});
