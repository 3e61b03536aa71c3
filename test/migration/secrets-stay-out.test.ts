import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { StackView, TestFolder } from './fixtures.js';
import { startMigrate, testFolder, viewStack } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { freshDatabase, until } from './harness.js';

/** Words that may stand nowhere but in the source and, where they can be stored, in the target. */
const canary = (what: string): string => `canary-${what}-${randomBytes(6).toString('hex')}`;
const PASSWORD = canary('password');
const WRONG = canary('wrong');
const DATE = canary('date');
const NUMBER = canary('number');
const TWICE = canary('twice');
const WIDE = canary('wide').slice(0, 15);
const CANARIES = [PASSWORD, WRONG, DATE, NUMBER, TWICE, WIDE];

const COLUMNS = Array.from({ length: 600 }, (_, at) => `c${String(at)}`);

/** Values that become NULL, rows that PostgreSQL refuses, and, in the second file, a key that fails after the load. */
const EXCEPTIONS = `
  CREATE TABLE person (id INTEGER PRIMARY KEY, born DATE NOT NULL, age INTEGER, code TEXT CHECK (length(code) > 3));
  CREATE TABLE wide (id INTEGER PRIMARY KEY, ${COLUMNS.map((name) => `${name} TEXT`).join(', ')});
  WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 300)
  INSERT INTO person SELECT v, '1990-01-01', v, 'code ' || v FROM n;
  UPDATE person SET born = '${DATE}' WHERE id = 3;
  UPDATE person SET age = '${NUMBER}' WHERE id = 4;
  INSERT INTO wide VALUES (1, ${COLUMNS.map(() => `'${WIDE}'`).join(', ')});
  INSERT INTO wide (id) VALUES (2);`;
const TWINS = `
  CREATE TABLE twin (id INTEGER PRIMARY KEY, name TEXT COLLATE BINARY);
  INSERT INTO twin VALUES (1, '${TWICE}'), (2, '${TWICE}');`;

describe('Secrets and values', () => {
  let view: StackView;
  let folder: TestFolder;
  let target: TestDatabase;
  let login: string;
  let redis: Redis;
  let heard = '';
  const ids: string[] = [];

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    target = await freshDatabase();
    login = target.name.replace('t_', 'login_');
    await target.query(`CREATE ROLE ${login} LOGIN PASSWORD '${PASSWORD}'; GRANT CREATE ON DATABASE ${target.name} TO ${login};
      GRANT ALL ON SCHEMA public TO ${login}`);
    redis = new Redis(view.stack.redisUrl);
    const monitor = await redis.monitor();
    monitor.on('monitor', (_: string, words: string[]) => (heard += `${words.join(' ')}\n`));
    const as = (password: string): string =>
      Object.assign(new URL(target.url), { username: login, password }).toString();
    const exceptions = folder.sqlite('exceptions', EXCEPTIONS);
    const twins = folder.sqlite('twins', TWINS);
    const planned = startMigrate(
      { source: twins, target: as(PASSWORD) },
      '--dry-run',
      '--target-schema',
      'twins',
      '--out',
      join(folder.path, 'p.yaml'),
    );
    await planned.ended;
    const plan = parse(readFileSync(join(folder.path, 'p.yaml'), 'utf8')) as {
      migration: { tables: { uniqueKeys: unknown[] }[] };
    };
    for (const table of plan.migration.tables) table.uniqueKeys = [{ name: 'names', columns: ['name'] }];
    const edited = folder.write('edited.yaml', stringify(plan));
    const runs = [
      startMigrate({ source: exceptions, target: as(PASSWORD) }, '--yes'),
      startMigrate({ source: twins, target: as(PASSWORD) }, '--yes', '--plan', edited),
      startMigrate({ source: exceptions, target: as(WRONG) }, '--yes'),
    ];
    const ended = await Promise.all(runs.map((running) => running.ended));
    expect(ended.map(({ exit, json }) => `${String(exit)} ${json.error?.code ?? json.status}`)).toEqual([
      '3 proven_with_exceptions',
      '1 KEY_VIOLATED',
      '2 LOGIN_REFUSED',
    ]);
    for (const { stdout, stderr } of ended) expectNone('what the command prints', stdout + stderr);
    ids.push(planned.id, ...runs.map(({ id }) => id));
    monitor.disconnect();
  }, 180_000);
  afterAll(async () => {
    redis.disconnect();
    await target.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`);
    await target.drop();
    folder.remove();
    await view.close();
  });

  it('stand in no history, no search attribute, no memo and no failure of any workflow of a migration', async () => {
    let workflows = 0;
    await until('the workflows are visible', async () => (await view.client.workflow.count(queryOf(ids))).count >= 10);
    for await (const { workflowId, runId } of view.client.workflow.list({ query: queryOf(ids) })) {
      const handle = view.client.workflow.getHandle(workflowId, runId);
      const [history, { raw }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      const events = textsIn(history.events);
      expectNone(`the history of ${workflowId}`, events);
      expectNone(`the description of ${workflowId}`, textsIn(raw));
      expect(events).toContain(ids.find((id) => workflowId.startsWith(id)));
      workflows += 1;
    }
    expect(workflows).toBeGreaterThanOrEqual(10);
  });

  it('stand in no log of the stack, and were never sent to Redis', () => {
    const logs = join(inject('sharedHome'), 'logs');
    const files = readdirSync(logs);
    expect(files.some((name) => name.startsWith('worker-copy'))).toBe(true);
    for (const name of files) {
      // PostgreSQL logs the statements that it refuses: it is the target's server as well.
      if (!name.startsWith('postgres')) expectNone(name, readFileSync(join(logs, name), 'utf8'));
    }
    expect(heard).toContain('execution.rows_quarantined');
    expectNone('Redis', heard);
  });

  it('stand in no table of the store: passwords nowhere, values in no message, report or outbox', async () => {
    const client = new pg.Client({ connectionString: view.stack.databaseUrl });
    await client.connect();
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema = 'caravan_store'",
    );
    expect(tables.length).toBeGreaterThan(8);
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      const text = rows.map((row) => row.text).join('\n');
      expectNone(name, text);
    }
    await client.end();
  });
});

function queryOf(ids: readonly string[]): string {
  return ids.map((id) => `WorkflowId STARTS_WITH '${id}'`).join(' OR ');
}

/** A canary as it is, in Base64 at any offset, or as hex. */
function expectNone(where: string, text: string, words: readonly string[] = CANARIES): void {
  for (const word of words) {
    const hidden = [word, Buffer.from(word).toString('hex'), ...[0, 1, 2].map((offset) => base64Core(word, offset))];
    for (const form of hidden) expect(text.includes(form), `${word} stands in ${where}`).toBe(false);
  }
}

/** The part of a text's Base64 that is the same wherever it begins. */
function base64Core(word: string, offset: number): string {
  return Buffer.from('x'.repeat(offset) + word)
    .toString('base64')
    .slice(offset === 0 ? 0 : 4, -6);
}

/** All texts of a value, bytes decoded. */
function textsIn(value: unknown): string {
  if (value instanceof Uint8Array) return `${Buffer.from(value).toString('utf8')}\n`;
  if (typeof value === 'string') return `${value}\n`;
  if (Array.isArray(value)) return value.map(textsIn).join('');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, item]) => `${key} ${textsIn(item)}`)
    .join('');
}
