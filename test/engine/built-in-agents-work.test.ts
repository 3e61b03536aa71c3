import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventId } from '../../contracts/executions.js';
import { parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { faultStack, scratch } from '../migration/faults-harness.js';
import type { FaultStack } from '../migration/faults-harness.js';
import { freshDatabase, until } from '../migration/harness.js';
import type { TestDatabase } from '../migration/harness.js';
import { mysql8, startPrivateMysql } from '../databases/mysql-server.js';
import { handleOf, viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';

const files = scratch();
let stack: FaultStack;
let engine: EngineView;
let database: TestDatabase;
const servers: PrivateMariadb[] = [];
const mysql = await mysql8();
let web: Server;
let webPort: number;
let asked: string[];

beforeAll(async () => {
  stack = await faultStack([
    {
      role: 'control',
      environment: {
        CARAVAN_HTTP_ALLOW: '127.0.0.1',
        CARAVAN_SQL_WRITE: 'pg-write,lite-write,maria-write,mysql-write',
      },
    },
  ]);
  engine = await viewEngine(stack.home);
  asked = [];
  web = createServer((request, response) => {
    asked.push(String(request.headers['idempotency-key']));
    response.statusCode = request.url === '/flaky' && asked.length === 1 ? 503 : 200;
    response.setHeader('content-type', 'application/json');
    response.end('{"price": 7}');
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  webPort = (web.address() as AddressInfo).port;
  await connections();
});
afterAll(async () => {
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await engine.close();
  await database.drop();
  await stack.dispose();
  await Promise.all(servers.map((server) => server.stop()));
  files.remove();
});

/** The same table in each engine, and each under two names: one that may be written to. */
async function connections(): Promise<void> {
  const { connections: store } = engine.store;
  database = await freshDatabase(stack.databaseUrl);
  await database.query('CREATE TABLE t (id bigint PRIMARY KEY, name text)');
  await database.query("INSERT INTO t VALUES (1, 'one'), (9007199254740993, NULL)");
  const file = files.path('agents.sqlite');
  const lite = new DatabaseSync(file);
  lite.exec(
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'one'), (9007199254740993, NULL)",
  );
  lite.close();
  for (const mode of ['read', 'write']) {
    await store.put(`pg-${mode}`, parseEndpointUrl(database.url));
    await store.put(`lite-${mode}`, { engine: 'sqlite', path: file });
  }
  if (hasMariadb) await addServer('maria', await startPrivateMariadb());
  if ('folder' in mysql) await addServer('mysql', await startPrivateMysql(mysql.folder));
}

async function addServer(name: string, server: PrivateMariadb): Promise<void> {
  servers.push(server);
  await server.script(
    "CREATE DATABASE d; CREATE TABLE d.t (id bigint PRIMARY KEY, name text); INSERT INTO d.t VALUES (1, 'one'), (9007199254740993, NULL)",
  );
  for (const mode of ['read', 'write']) await engine.store.connections.put(`${name}-${mode}`, server.endpoint('d'));
}

/** One task of a built-in agent as a whole execution: its output, or the code of its failure. */
async function runTask(
  type: string,
  input: unknown,
  more: object = {},
): Promise<{ output?: unknown; code?: string; executionId: string }> {
  const task = { id: 'only', agent: 'it', input, timeout: 20, retry_policy: 'none', ...more };
  const definition = {
    name: 'one',
    orchestration_pattern: 'supervisor',
    agents: { it: { type } },
    tasks: [task],
    coordination: { type: 'graph' },
  };
  const { result, executionId } = await engine.start(JSON.stringify(definition));
  const ended = await result.catch(() => undefined);
  if (ended !== undefined) return { output: ended.output['only'], executionId };
  const row = await engine.store.engine.executions.get(executionId);
  return { code: String(row?.error?.code), executionId };
}

const sql = (connection: string, statement: string, more: object = {}) =>
  runTask('sql', { connection, sql: statement, ...more });

/** Long, and unlike SLEEP ended by a limit of time with an error. */
const COUNT =
  'SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c';
const engines = [
  { name: 'pg', one: '$1', sleep: 'SELECT pg_sleep(10)' },
  {
    name: 'lite',
    one: '?',
    sleep: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
  },
  ...(hasMariadb ? [{ name: 'maria', one: '?', sleep: COUNT }] : []),
  ...('folder' in mysql ? [{ name: 'mysql', one: '?', sleep: COUNT }] : []),
];

describe.runIf('missing' in mysql)(`mysql: SKIPPED, ${'missing' in mysql ? mysql.missing : ''}`, () => {
  it.skip('answers as the others do', () => undefined);
});

describe.each(engines)('the agent sql on $name', ({ name, one, sleep }) => {
  const read = `${name}-read`;

  it('gives columns, rows and their count; what JSON cannot carry is text', async () => {
    const { output } = await sql(read, `SELECT id, name FROM t WHERE id >= ${one} ORDER BY id`, { params: [1] });
    expect(output).toEqual({
      columns: ['id', 'name'],
      rows: [
        [1, 'one'],
        ['9007199254740993', null],
      ],
      row_count: 2,
    });
  });

  it('takes a value as a value, whatever stands in it', async () => {
    const { output } = await sql(read, `SELECT id FROM t WHERE name = ${one}`, { params: ["x' OR '1'='1"] });
    expect(output).toMatchObject({ rows: [] });
  });

  it.each([
    ['INSERT INTO t VALUES (5)', 'a statement that does not read'],
    ['DROP TABLE t', 'a definition'],
    ['SELECT 1; DROP TABLE t', 'two statements'],
    ['COMMIT', 'the end of the transaction'],
    ['/*! DROP TABLE t */', 'what hides in a comment'],
    ['SELECT * FROM no_such_table', 'a table that is not there'],
    ['SELECT (', 'what is no SQL'],
  ])('refuses "%s": %s', async (statement, _what) => {
    expect(await sql(read, statement)).toMatchObject({ code: 'SQL_REFUSED' });
    const { output } = await sql(read, 'SELECT count(*) FROM t');
    expect(output).toMatchObject({ rows: [[2]] });
  });

  it('refuses more rows than were asked for, rather than to leave some out', async () => {
    expect(await sql(read, 'SELECT id FROM t', { max_rows: 1 })).toMatchObject({ code: 'SQL_REFUSED' });
  });

  it('ends a statement that takes too long, and the control worker goes on', async () => {
    const startedAt = Date.now();
    expect(await sql(read, sleep, { timeout_seconds: 0.5 })).toMatchObject({ code: 'SQL_UNAVAILABLE' });
    expect(Date.now() - startedAt).toBeLessThan(9000);
  });

  it('writes where the operator allows it', async () => {
    const insert = `INSERT INTO t (id, name) VALUES (100, ${one})`;
    const { output } = await sql(`${name}-write`, insert, { params: ['new'] });
    expect(output).toMatchObject({ row_count: 1 });
    expect(await sql(`${name}-write`, insert, { params: ['again'] })).toMatchObject({ code: 'SQL_REFUSED' });
    const { output: seen } = await sql(read, 'SELECT name FROM t WHERE id = 100');
    expect(seen).toMatchObject({ rows: [['new']] });
    await sql(`${name}-write`, 'DELETE FROM t WHERE id = 100');
  });
});

describe('the agent sql', () => {
  it('is kept from writing by the server itself, where a statement begins as one that reads', async () => {
    const hidden = 'WITH gone AS (DELETE FROM t RETURNING id) SELECT count(*) FROM gone';
    expect(await sql('pg-read', hidden)).toMatchObject({ code: 'SQL_REFUSED' });
    const undone = "SELECT set_config('transaction_read_only', 'off', true)";
    expect(await sql('pg-read', undone)).toMatchObject({ code: 'SQL_REFUSED' });
    expect(await database.query('SELECT count(*)::int AS n FROM t')).toEqual([{ n: 2 }]);
  });

  it('hands over at most 256 KiB, and takes no more than that into its memory', async () => {
    const large = "SELECT repeat('x', 1000) FROM generate_series(1, 900)";
    expect(await sql('pg-read', large)).toMatchObject({ code: 'SQL_REFUSED' });
    expect(await sql('pg-read', "SELECT repeat('x', 100000000)")).toMatchObject({ code: 'SQL_REFUSED' });
  });

  it('says which connection is not there', async () => {
    expect(await sql('nobody', 'SELECT 1')).toMatchObject({ code: 'CONNECTION_UNKNOWN' });
  });
});

describe('the agent http in an execution', () => {
  it('tries again with the same key after a failure that passes, and is told as the workflow tells it', async () => {
    asked.length = 0;
    const retry = { max_attempts: 3, initial_interval_seconds: 0.1, backoff_coefficient: 1, max_interval_seconds: 1 };
    const url = `http://127.0.0.1:${String(webPort)}/flaky`;
    const { output, executionId } = await runTask('http', { url }, { retry_policy: retry });
    expect(output).toMatchObject({ status: 200, body: { price: 7 } });
    expect(asked).toEqual([`${executionId}/only/run`, `${executionId}/only/run`]);
    const events = await engine.store.engine.executions.events(executionId, {});
    const ofTask = events.filter(({ taskId }) => taskId === 'only');
    const named = { agent_id: 'caravan/http', agent: 'it' };
    expect(ofTask.map(({ id, data }) => [id, data])).toEqual([
      [eventId('task.started', { task: 'only', attempt: 1 }), named],
      [eventId('task.failed', { task: 'only', attempt: 1 }), { ...named, reason: 'HTTP_UNAVAILABLE' }],
      [eventId('task.started', { task: 'only', attempt: 2 }), named],
      [eventId('task.completed', { task: 'only', attempt: 2 }), named],
    ]);
    expect(await engine.store.engine.executions.rebuild(executionId)).toEqual({ brokenAt: null });
  });

  it('refuses at once what no attempt will mend', async () => {
    expect(await runTask('http', { url: 'http://10.1.2.3/' }, { retry_policy: 'fixed' })).toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
  });
});

describe('the agent human', () => {
  const person = async (timeout: number) => {
    const definition = {
      name: 'ask',
      orchestration_pattern: 'supervisor',
      agents: { boss: { type: 'human' }, shop: { type: 'http' } },
      tasks: [
        { id: 'choose', agent: 'boss', timeout },
        {
          id: 'buy',
          agent: 'shop',
          depends_on: ['choose'],
          input: { url: `http://127.0.0.1:${String(webPort)}/`, method: 'POST', body: '${{ tasks.choose.output }}' },
        },
      ],
      coordination: { type: 'graph' },
    };
    const started = await engine.start(JSON.stringify(definition));
    const handle = handleOf(engine.client, started.executionId);
    await until('a person is asked', async () => {
      const { waitsFor } = await handle.query<{ waitsFor: unknown[] }>('execution').catch(() => ({ waitsFor: [] }));
      return waitsFor.length === 1;
    });
    const code = async (): Promise<unknown> => {
      await started.result.catch(() => undefined);
      return (await engine.store.engine.executions.get(started.executionId))?.error?.code;
    };
    return { ...started, handle, code };
  };

  it('takes what a person gives as the output of the task', async () => {
    const { handle, result } = await person(60);
    await handle.executeUpdate('decideTask', {
      args: [{ taskId: 'choose', approved: true, by: 'ann', output: { size: 3 } }],
    });
    expect((await result).status).toBe('completed');
    const state = (await result).output;
    expect(state['buy']).toMatchObject({ status: 200 });
  });

  it('fails when the person says no, and when nobody answers before the deadline', async () => {
    const no = await person(60);
    await no.handle.executeUpdate('decideTask', { args: [{ taskId: 'choose', approved: false, by: 'ann' }] });
    expect(await no.code()).toBe('TASK_REJECTED');
    const late = await person(1);
    expect(await late.code()).toBe('DEADLINE_PASSED');
  });
});
