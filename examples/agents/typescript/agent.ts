// An agent: it registers, and does the tasks that come on its own task queue.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { NativeConnection, Worker } from '@temporalio/worker';

const { CARAVAN_API = 'http://127.0.0.1:7420', CARAVAN_TOKEN = '', AGENT_TYPE = 'research' } = process.env;
const { TEMPORAL_ADDRESS = 'localhost:7233', TEMPORAL_NAMESPACE = 'default', AGENT_CAPABILITIES = '' } = process.env;
const id = `${AGENT_TYPE}-${hostname()}-${randomUUID().slice(0, 8)}`;
const taskQueue = `agent-${id}`;
const capabilities = AGENT_CAPABILITIES.split(',').filter((name) => name !== '');

async function tell(method: 'PUT' | 'DELETE', body?: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${CARAVAN_TOKEN}` };
  const sent =
    body === undefined
      ? { headers: { authorization: headers.authorization } }
      : { headers, body: JSON.stringify(body) };
  const response = await fetch(`${CARAVAN_API}/api/v1/agents/${id}`, { method, ...sent });
  if (!response.ok) throw new Error(`${method} of the agent: HTTP ${response.status}`);
  return response;
}

/** Registering is the heartbeat, too; the answer says how long it holds. */
async function register(): Promise<number> {
  const response = await tell('PUT', { type: AGENT_TYPE, capabilities, version: '1.0.0', taskQueue, resources: {} });
  return ((await response.json()) as { lease_seconds: number }).lease_seconds * 1000;
}

/** The work. `context.idempotencyKey` is the same for every attempt: do nothing twice under it. */
async function runTask({ taskId, input }: { taskId: string; input: unknown }): Promise<{ output: unknown }> {
  return { output: { by: id, taskId, input } };
}

const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
const worker = await Worker.create({ connection, namespace: TEMPORAL_NAMESPACE, taskQueue, activities: { runTask } });
const heartbeat = setInterval(() => void register().catch(console.error), (await register()) / 3);
await worker.run(); // until SIGINT or SIGTERM
clearInterval(heartbeat);
await tell('DELETE');
await connection.close();
