import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import type { Stack } from '../../cli/stack/ensure-stack.js';
import { readConfig } from '../../config/config.js';
import type { Notification } from '../../contracts/events.js';
import type { TestFolder } from './fixtures.js';
import { testFolder, uniqueId } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const SECRET = 'shared with the receiver';

interface Delivery {
  readonly id: string;
  readonly signature: string;
  readonly body: string;
  readonly notification: Notification;
}

/** A receiver that can be away, and that can fail. */
class Receiver {
  readonly deliveries: Delivery[] = [];
  /** How many of the next requests are answered with 500. */
  failing = 0;
  #server: Server | undefined;

  async listen(port = 0): Promise<number> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { 'x-caravan-delivery': id, 'x-caravan-signature': signature } = request.headers;
        this.deliveries.push({
          id: String(id),
          signature: String(signature),
          body,
          notification: JSON.parse(body) as Notification,
        });
        this.failing -= 1;
        response.writeHead(this.failing >= 0 ? 500 : 204).end();
      });
    });
    this.#server = server;
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
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
}

describe('AMANI', () => {
  const receiver = new Receiver();
  let home: string;
  let stack: Stack;
  let folder: TestFolder;
  let target: TestDatabase;
  let port: number;

  beforeAll(async () => {
    folder = testFolder();
    home = mkdtempSync(join(tmpdir(), 'caravan-amani-'));
    port = await receiver.listen();
    await receiver.close();
    const { PATH, HOME, XDG_CACHE_HOME } = process.env;
    const webhook = { CARAVAN_WEBHOOK_URL: `http://127.0.0.1:${String(port)}/hook`, CARAVAN_WEBHOOK_SECRET: SECRET };
    stack = await ensureStack({ config: readConfig({ PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home, ...webhook }) });
    target = await freshDatabase(stack.databaseUrl);
  });
  afterAll(async () => {
    await receiver.close();
    await stack.stop();
    folder.remove();
    rmSync(home, { recursive: true, force: true });
  });

  const migrate = (id: string, schema: string): Promise<Ran> => {
    const source = folder.sqlite(id, 'CREATE TABLE note (id INTEGER PRIMARY KEY); INSERT INTO note VALUES (1)');
    const ends = ['--source', source, '--target', target.url, '--target-schema', schema];
    return caravan(['migrate', ...ends, '--workflow-id', id, '--yes', '--json'], { home });
  };
  /** It was told that it started, and how it ended; in which order depends on the attempts that failed. */
  const isComplete = (id: string): boolean =>
    ['progress', 'result'].every((kind) => receiver.of(id).some(({ notification }) => notification.kind === kind));

  it('holds nothing up while its webhook is dead, and delivers everything when that is back', async () => {
    const id = uniqueId('dead');
    const ran = await migrate(id, 'one');
    expect(ran.exit, ran.stderr).toBe(0);
    expect(receiver.deliveries).toEqual([]);
    await receiver.listen(port);
    await until('everything is delivered', () => isComplete(id), 60_000);
    const kinds = receiver.of(id).map(({ notification }) => notification.kind);
    expect(new Set(receiver.of(id).map(({ id: delivery }) => delivery)).size).toBe(kinds.length);
  }, 120_000);

  it('signs what it sends, and sends again, under the same number, what was not taken', async () => {
    const id = uniqueId('fails');
    receiver.failing = 2;
    const ran = await migrate(id, 'two');
    expect(ran.exit, ran.stderr).toBe(0);
    const numbers = (): Set<string> => new Set(receiver.of(id).map(({ id: delivery }) => delivery));
    const isTaken = (): boolean => isComplete(id) && receiver.of(id).length === numbers().size + 2;
    await until('the refused ones came again', isTaken, 60_000);
    const deliveries = receiver.of(id);
    for (const { body, signature } of deliveries) {
      expect(signature).toBe(`sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
    }
    const keys = new Set(deliveries.map(({ id: delivery, notification }) => `${notification.key} ${delivery}`));
    expect(keys.size).toBe(numbers().size);
  }, 120_000);

  it('makes one alert with a count of many equal errors', async () => {
    const id = uniqueId('dirty');
    const people = `CREATE TABLE person (id INTEGER PRIMARY KEY, born DATE);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO person SELECT i, CASE WHEN i <= 3 THEN '2023-02-30' ELSE '2020-01-01' END FROM n;`;
    const ends = ['--source', folder.sqlite(id, people), '--target', target.url, '--target-schema', 'three'];
    const ran = await caravan(['migrate', ...ends, '--workflow-id', id, '--yes', '--json'], { home });
    expect(ran.exit, ran.stderr).toBe(3);
    await until('the end is told', () => isComplete(id), 60_000);
    const alerts = receiver.of(id).filter(({ notification }) => notification.kind === 'alert');
    expect(alerts.map(({ notification }) => notification)).toMatchObject([{ group: 'values_changed/1', count: 3 }]);
    expect(alerts[0]?.body).not.toContain('2023-02-30');
  }, 120_000);
});
