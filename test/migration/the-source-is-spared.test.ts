import { Redis } from 'ioredis';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Assessment } from '../../contracts/assessment.js';
import type { BusEvent } from '../../contracts/events.js';
import { eventChannel } from '../../contracts/events.js';
import type { Progress } from '../../contracts/migration.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import type { MigrationView, StackView } from './fixtures.js';
import { startMigrate, urlOf, viewStack } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const ROWS = 20_000;
const ROWS_PER_SECOND = 5000;
/** Over the 25 running threads from which on a server counts as suffering. */
const SLEEPERS = 27;

describe.skipIf(!hasMariadb)('A source that others work on (MariaDB)', () => {
  let server: PrivateMariadb;
  let root: Connection;
  let view: StackView;
  let target: TestDatabase;
  let redis: Redis;

  beforeAll(async () => {
    server = await startPrivateMariadb({ 'general-log': '1', 'log-output': 'TABLE', 'max-connections': '200' });
    await server.script(`
      CREATE DATABASE shop; USE shop;
      CREATE TABLE reading (id INT PRIMARY KEY, value DOUBLE, note VARCHAR(40));
      INSERT INTO reading SELECT seq, seq / 3, CONCAT('reading ', seq) FROM seq_1_to_${String(ROWS)};
      ANALYZE TABLE reading;
      CREATE USER reader@'%' IDENTIFIED BY 'secret'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON shop.* TO reader@'%';
      GRANT RELOAD ON *.* TO reader@'%';
      CREATE TABLE locked (id INT PRIMARY KEY);
      CREATE USER blind@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON shop.reading TO blind@'%';
      GRANT INSERT ON shop.locked TO blind@'%';`);
    root = await server.connect('shop');
    view = await viewStack();
    target = await freshDatabase();
    redis = new Redis(view.stack.redisUrl);
  });
  afterAll(async () => {
    redis.disconnect();
    await target.drop();
    await view.close();
    await root.end();
    await server.stop();
  });

  it('is read within the limits, slower while it suffers, and freely again when a person says so', async () => {
    const events: BusEvent[] = [];
    redis.on('message', (_channel: string, text: string) => events.push(JSON.parse(text) as BusEvent));
    const limits = ['--max-source-connections', '2', '--max-rows-per-second', String(ROWS_PER_SECOND)];
    const ends = { source: urlOf(server.endpoint('shop', 'reader')), target: target.url };
    const running = startMigrate(ends, '--yes', ...limits);
    await redis.subscribe(eventChannel(running.id));
    const migration = view.migration(running.id);
    const watching = watchSessions(root, running.ended);
    await until('it is copied', async () => (await seen(migration))?.phase === 'execution', 60_000);
    const sleepers = await Promise.all(Array.from({ length: SLEEPERS }, () => server.connect('shop')));
    const sleeping = sleepers.map((sleeper) => sleeper.query('SELECT SLEEP(60)').catch(() => undefined));
    await until('it has slowed down by itself', async () => {
      const slowed = (await seen(migration))?.throttle?.slowed;
      return slowed?.why.includes('threads are running (over 25)') === true && slowed.share <= 0.5;
    });
    for (const { threadId } of sleepers) await root.query(`KILL ${String(threadId)}`);
    await Promise.all(sleeping);
    const spared = { limits: { connections: 2, rowsPerSecond: ROWS_PER_SECOND }, by: null };
    await until('it reads at its full pace again', async () => (await seen(migration))?.throttle?.slowed === null);
    expect((await migration.progress()).throttle).toEqual({ ...spared, slowed: null });
    const told = new Set(events.map(({ type }) => type));
    expect([told.has('source.strained'), told.has('source.relieved')]).toEqual([true, true]);
    await until('it is proven', async () => (await seen(migration))?.phase === 'verification', 60_000);
    const tight = { limits: { ...spared.limits, rowsPerSecond: 1 }, by: 'bob' };
    await migration.handle.executeUpdate('throttle', { args: [tight] });
    const named = await caravan(['throttle', running.id, '--bytes-per-second', '20M', '--by', 'ann']);
    expect(named.stdout, named.stderr).toContain('at 1 rows/s, 20,000,000 bytes/s, 2 connections at most, by ann');
    expect((await migration.progress()).phase, 'the proof keeps to the limits, too').toBe('verification');
    const offAtMs = performance.now();
    const off = await caravan(['throttle', running.id, '--off', '--by', 'ann']);
    expect(off.exit, off.stderr).toBe(0);
    const ran = await running.ended;
    expect(performance.now() - offAtMs, 'what was to take hours').toBeLessThan(15_000);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json.copy.rows).toBe(ROWS);
    expect(ran.json.copy.seconds).toBeGreaterThanOrEqual(3);
    expect(await watching, 'sessions on the source').toBeLessThanOrEqual(2);
    const late = await caravan(['throttle', running.id, '--off']);
    expect(late.stderr).toContain('NOT_NOW');
    const details = await migration.handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(details.currentDetails).toMatch(/slowed down by itself: \d+ threads are running/u);
  }, 120_000);

  it('is never written: every session of the login is read-only before it reads', async () => {
    const [rows] = await root.query<RowDataPacket[]>(
      `SELECT thread_id AS thread, CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log
        WHERE user_host LIKE 'reader%' AND command_type = 'Query' ORDER BY event_time`,
    );
    const sessions = Map.groupBy(rows, (row) => row['thread'] as number);
    expect(sessions.size).toBeGreaterThan(3);
    for (const said of sessions.values()) {
      const texts = said.map((row) => String(row['text']));
      const readOnly = texts.findIndex((text) => /SET SESSION TRANSACTION .*READ ONLY/u.test(text));
      expect(readOnly, texts.join('\n')).toBeGreaterThanOrEqual(0);
      expect(texts.slice(0, readOnly).filter((text) => !/^\s*SET /u.test(text))).toEqual([]);
      expect(
        texts.filter((text) => /^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|TRUNCATE)/iu.test(text)),
      ).toEqual([]);
    }
  });

  it('is assessed as far as a login may see it, and what it may not see is named with what mends it', async () => {
    const ran = await caravan(['assess', '--source', urlOf(server.endpoint('shop', 'blind')), '--json']);
    expect(ran.exit, ran.stderr).toBe(0);
    const { assessment } = ran.json as unknown as { assessment: Assessment };
    expect(assessment.refused).toEqual([
      {
        object: 'shop.locked',
        reason: 'the login may not read it',
        needed: 'grant SELECT on it, or leave it out with --exclude shop.locked',
      },
    ]);
    expect(assessment.tables.map(({ source, rows }) => [source, rows])).toEqual([['shop.reading', ROWS]]);
    expect(assessment.cannotSee.length).toBeGreaterThan(0);
    for (const { mend } of assessment.cannotSee) expect(mend).toMatch(/^GRANT /u);
  });

  it('refuses limits that are none, before anything is started', async () => {
    const ends = ['--source', 'sqlite:nowhere', '--target', target.url];
    for (const wrong of [
      ['--max-source-connections', '1'],
      ['--max-rows-per-second', '0'],
      ['--max-bytes-per-second', 'x'],
    ]) {
      const ran = await caravan(['migrate', ...ends, ...wrong]);
      expect(ran.exit, wrong.join(' ')).toBe(2);
    }
  });
});

async function seen(migration: MigrationView): Promise<Progress | undefined> {
  return migration.progress().catch(() => undefined);
}

/** The most sessions of the login that two looks in a row saw: the server takes a moment to forget one. */
async function watchSessions(root: Connection, ended: Promise<unknown>): Promise<number> {
  let over = false;
  void ended.then(() => (over = true));
  let most = 0;
  let before = 0;
  await until(
    'the migration ends',
    async () => {
      const [rows] = await root.query<RowDataPacket[]>(
        `SELECT count(*) AS sessions FROM information_schema.processlist WHERE user = 'reader'`,
      );
      const now = Number(rows[0]?.['sessions']);
      most = Math.max(most, Math.min(before, now));
      before = now;
      return over;
    },
    120_000,
  );
  return most;
}
