// Records histories of real migrations, which tests replay: `npm run record-histories`. Until the first tagged release
// a change that breaks replay may record them anew; from then on it must be patched or versioned.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import pg from 'pg';
import { NativeConnection, Worker } from '@temporalio/worker';
import { ensureStack } from '../dist/cli/stack/ensure-stack.js';
import { readConfig } from '../dist/config/config.js';
import { executionStart } from '../dist/contracts/executions.js';
import { parseDefinition } from '../dist/language/definition.js';
import { prepare } from '../dist/language/prepared.js';
import { openSecretBox } from '../dist/platform/secrets/secret-box.js';
import { openStore } from '../dist/platform/store/open-store.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test', 'histories');
const home = mkdtempSync(join(tmpdir(), 'caravan-record-'));
const { PATH, HOME, XDG_CACHE_HOME } = process.env;
const config = readConfig({ PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home });
const stack = await ensureStack({ config });
const connection = await Connection.connect({ address: stack.temporalAddress });
const client = new Client({ connection, namespace: stack.namespace });

try {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await record('finished', buildShop(), async (migrate) => (await migrate('--yes')).ended);
  await record(
    'finished-with-exceptions',
    buildShop({ dirty: true }),
    async (migrate) => (await migrate('--yes')).ended,
  );
  await record('rejected', buildShop(), async (migrate, id) => {
    const running = await migrate();
    await planOf(id);
    await caravan(['reject', id, '--reason', 'recorded for replay', '--by', 'recorder']).ended;
    await running.ended;
  });
  await record('cancelled', buildShop({ dirty: true }), async (migrate, id) => {
    const running = await migrate();
    const { planHash } = await planOf(id);
    await client.workflow.getHandle(id).executeUpdate('approvePlan', { args: [{ planHash, by: 'recorder' }] });
    await until(async () =>
      (await client.workflow.getHandle(id).query('findings')).some((finding) => finding.disposition === 'open'),
    );
    await caravan(['cancel', id]).ended;
    await running.ended;
  });
  await recordVerification();
  await record('failed', buildShop({ duplicates: true }), async (migrate) => (await migrate('--yes')).ended);
  await recordExecutions();
} finally {
  await connection.close();
  await stack.stop();
  rmSync(home, { recursive: true, force: true });
}

/** A database is moved, one of its rows is lost, and the proof of what is there is recorded. */
async function recordVerification() {
  const source = `sqlite:${buildShop()}`;
  const target = await freshDatabase('compared');
  await caravan(['migrate', '--source', source, '--target', target, '--yes', '--json']).ended;
  const moved = new pg.Client({ connectionString: target });
  await moved.connect();
  await moved.query('DELETE FROM purchase WHERE id = 7');
  await moved.end();
  const id = 'recorded-compared';
  await caravan(['verify', '--source', source, '--target', target, '--workflow-id', id, '--json']).ended;
  await writeHistories('compared', id);
}

/** Runs one migration and writes the history of its workflow and of each child. */
async function record(name, sourcePath, story) {
  const id = `recorded-${name}`;
  const target = await freshDatabase(name.replaceAll('-', '_'));
  const base = ['migrate', '--source', `sqlite:${sourcePath}`, '--target', target, '--workflow-id', id, '--json'];
  await story(async (...more) => caravan([...base, ...more]), id);
  await writeHistories(name, id);
}

async function writeHistories(name, id) {
  const found = client.workflow.list({ query: `WorkflowId = "${id}" OR WorkflowId STARTS_WITH "${id}/"` });
  const ids = new Map();
  await until(async () => (await client.workflow.getHandle(id).describe()).status.name !== 'RUNNING');
  for await (const { workflowId, runId } of found) ids.set(workflowId, runId);
  for (const [workflowId, runId] of ids) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const file = `${name}.${workflowId === id ? 'migration' : workflowId.slice(id.length + 1).replaceAll('/', '-')}.json`;
    const recorded = { workflowId, history: JSON.parse(historyToJSON(history)) };
    // Stack traces name files: of the repository, not of the machine.
    writeFileSync(join(folder, file), `${JSON.stringify(recorded).replaceAll(root, '')}\n`);
    console.log(file, history.events.length, 'events');
  }
}

/** Executions of the engine, with an agent of this process: completed, undone, and continued as new (every run of it). */
async function recordExecutions() {
  const store = await openStore({
    databaseUrl: stack.databaseUrl,
    secretBox: openSecretBox({ keyFile: join(home, 'secret.key') }),
  });
  const native = await NativeConnection.connect({ address: stack.temporalAddress });
  const worker = await Worker.create({
    connection: native,
    namespace: stack.namespace,
    taskQueue: 'recorder',
    activities: {
      runTask: ({ taskId, context, input }) => {
        if (taskId === 'fails' && context.purpose === 'run') throw new Error('recorded for replay');
        return { output: input };
      },
    },
  });
  const running = worker.run();
  const agent = {
    id: 'recorder',
    type: 'recorder',
    capabilities: [],
    version: '1',
    taskQueue: 'recorder',
    resources: {},
  };
  await store.engine.agents.put(agent);
  const beat = setInterval(() => void store.engine.agents.put(agent), 10_000);
  const undo = { compensate_with: { action: 'undo' } };
  await recordExecution(store, 'completed', [
    { id: 'asked', approval: true },
    { id: 'skipped', when: 'input.never' },
    { id: 'each', depends_on: ['asked'], for_each: '[1, 2, 3]', input: '${{ item }}' },
    { id: 'last', depends_on: ['each', 'skipped'], input: '${{ tasks.each.output }}' },
  ]);
  await recordExecution(store, 'compensated', [
    { id: 'a', ...undo },
    { id: 'b', depends_on: ['a'], ...undo },
    { id: 'fails', depends_on: ['b'], retry_policy: 'none' },
  ]);
  await recordExecution(store, 'nested', [
    {
      id: 'team',
      agent: undefined,
      pattern: { orchestration_pattern: 'handoff', tasks: [{ id: 'a', agent: 'worker', ...undo }] },
    },
    { id: 'fails', depends_on: ['team'], retry_policy: 'none' },
  ]);
  const chain = Array.from({ length: 30 }, (_, at) => ({ id: `t${at}`, depends_on: at === 0 ? [] : [`t${at - 1}`] }));
  await recordExecution(store, 'continued', chain, { historyEventsMax: 100 });
  clearInterval(beat);
  worker.shutdown();
  await running;
  await native.close();
  await store.close();
}

async function recordExecution(store, name, tasks, more = {}) {
  const definition = {
    name,
    orchestration_pattern: 'hierarchical',
    agents: { worker: { type: 'recorder', count: 1 } },
    tasks: tasks.map((task) => ({ agent: 'worker', ...task })),
    coordination: { type: 'hybrid' },
  };
  const prepared = prepare(parseDefinition(JSON.stringify(definition)).definition);
  const workflowId = await store.engine.definitions.create(prepared);
  const executionId = randomUUID();
  await store.engine.executions.create({ executionId, workflowId, input: { never: false }, options: {} });
  const start = { ...executionStart(executionId, name), args: [{ executionId, ...more }] };
  const handle = await client.workflow.start('graph', start);
  if (tasks.some(({ approval }) => approval)) {
    await until(async () => (await handle.query('execution')).waitsFor.length > 0);
    await handle.executeUpdate('decideTask', { args: [{ taskId: 'asked', approved: true, by: 'recorder' }] });
  }
  await handle.result().catch(() => undefined);
  const runs = [];
  for (let runId = handle.firstExecutionRunId; runId;) {
    const history = await client.workflow.getHandle(start.workflowId, runId).fetchHistory();
    runs.push(history);
    runId = history.events.at(-1).workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  for (const [at, history] of runs.entries()) {
    const file = `${name}.graph${runs.length === 1 ? '' : `-${at + 1}`}.json`;
    const recorded = { workflowId: start.workflowId, history: JSON.parse(historyToJSON(history)) };
    writeFileSync(join(folder, file), `${JSON.stringify(recorded).replaceAll(root, '')}\n`);
    console.log(file, history.events.length, 'events');
  }
}

async function planOf(id) {
  const handle = client.workflow.getHandle(id);
  await until(async () => {
    for (const { id: questionId, options, answer } of await handle.query('questions').catch(() => [])) {
      const args = [{ questionId, option: options[0], by: 'recorder' }];
      if (answer === undefined) await handle.executeUpdate('answerQuestion', { args });
    }
    return (await handle.query('plan').catch(() => null)) !== null;
  });
  return handle.query('plan');
}

async function until(holds, limitMs = 60_000) {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('waited in vain');
}

function buildShop({ dirty = false, duplicates = false } = {}) {
  const path = join(home, `shop-${Math.random().toString(36).slice(2)}.sqlite`);
  const shop = new DatabaseSync(path);
  shop.exec(`
    CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE);
    CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id), total NUMERIC(10,2));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
      INSERT INTO customer SELECT i, 'customer ' || i, '1990-01-01' FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
      INSERT INTO purchase SELECT i, 1 + i % 50, i * 1.25 FROM n;`);
  if (dirty) shop.exec(`UPDATE customer SET born = '2023-02-30' WHERE id = 7`);
  if (duplicates) {
    // Two keys to SQLite, one to PostgreSQL: a text and a blob of the same bytes.
    shop.exec(`CREATE TABLE voucher (code BLOB UNIQUE); INSERT INTO voucher VALUES ('a'), (x'61');`);
  }
  shop.close();
  return path;
}

async function freshDatabase(name) {
  const admin = new pg.Client({ connectionString: stack.databaseUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  return Object.assign(new URL(stack.databaseUrl), { pathname: `/${name}` }).toString();
}

function caravan(args) {
  const env = { PATH, HOME, CARAVAN_HOME: home };
  const child = spawn(process.execPath, [join(root, 'bin', 'caravan.js'), ...args], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { ended: new Promise((done) => child.once('close', done)) };
}
