// An agent for tests that kill it. Its effect, once for a key, is a file; it answers when the file `go` is there.
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';

interface Task {
  readonly attempt: number;
  readonly context: { readonly idempotencyKey: string };
}

const { CARAVAN_API = '', AGENT_TYPE = '', TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '', FOLDER = '' } = process.env;
const id = `${AGENT_TYPE}-${randomUUID().slice(0, 8)}`;
const taskQueue = `agent-${id}`;
const inFolder = (name: string): string => join(FOLDER, name.replaceAll('/', '_'));

async function register(): Promise<number> {
  const response = await fetch(`${CARAVAN_API}/api/v1/agents/${id}`, {
    method: 'PUT',
    body: JSON.stringify({ type: AGENT_TYPE, capabilities: [], version: '1.0.0', taskQueue, resources: {} }),
  });
  return ((await response.json()) as { lease_seconds: number }).lease_seconds * 1000;
}

async function runTask({ attempt, context }: Task): Promise<{ output: unknown }> {
  const effect = inFolder(`effect-${context.idempotencyKey}`);
  const isFirst = !existsSync(effect);
  if (isFirst) writeFileSync(effect, id, { flag: 'wx' });
  writeFileSync(inFolder(`began-${id}-${String(attempt)}`), '');
  while (!existsSync(inFolder('go'))) await pause(20);
  return { output: { by: id, attempt, isFirst } };
}

const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
const worker = await Worker.create({ connection, namespace: TEMPORAL_NAMESPACE, taskQueue, activities: { runTask } });
setInterval(() => void register().catch(() => undefined), (await register()) / 4);
await worker.run();
process.exit(0);
