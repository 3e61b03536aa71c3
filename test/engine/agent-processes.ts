import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { EngineStore } from '../../platform/store/engine/engine-store.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { pythonPackage } from '../databases/server-packages.js';
import { until } from '../migration/harness.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The body of `PUT /api/v1/agents/{id}`. */
const registration = z.strictObject({
  type: z.string(),
  capabilities: z.array(z.string()),
  version: z.string(),
  taskQueue: z.string(),
  resources: z.object({}),
});

export interface AgentsApi {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The part of the HTTP API that agents need, with its paths and bodies, in the test's own process: agents that are
 * processes of their own register here as they would there.
 */
export async function serveAgents({ agents }: EngineStore, leaseSeconds: number): Promise<AgentsApi> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const [, id = ''] = /^\/api\/v1\/agents\/([\w.:@-]{1,200})$/.exec(request.url ?? '') ?? [];
      if (id === '') response.writeHead(404);
      else if (request.method === 'PUT') {
        await agents.put({ id, ...registration.parse(JSON.parse(await text(request))) });
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(JSON.stringify({ agent_id: id, lease_seconds: leaseSeconds }));
      } else response.writeHead((await agents.remove(id)) ? 204 : 404);
      response.end();
    };
    answer().catch(() => response.writeHead(422).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface AgentProcess {
  readonly id: string;
  readonly process: ChildProcess;
  kill(): void;
  /** An orderly end. */
  stop(): Promise<void>;
}

export interface AgentCommand {
  readonly home: string;
  readonly api: AgentsApi;
  readonly type: string;
  /** Program and arguments; relative to the project. Default the TypeScript example. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export const TYPESCRIPT_AGENT = [process.execPath, '--no-warnings', 'examples/agents/typescript/agent.ts'];

/** Starts an agent as a process of its own, and waits until it is registered. */
export async function startAgentProcess(store: EngineStore, made: AgentCommand): Promise<AgentProcess> {
  const { home, api, type, command = TYPESCRIPT_AGENT, environment = {} } = made;
  const state = readLivingStack(home);
  if (state === null) throw new Error(`no stack runs in ${home}`);
  const before = new Set((await store.agents.living(3600)).map(({ id }) => id));
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env: {
      PATH: process.env['PATH'] ?? '',
      TEMPORAL_ADDRESS: state.temporalAddress,
      TEMPORAL_NAMESPACE: state.namespace,
      CARAVAN_API: api.url,
      CARAVAN_TOKEN: 'unused',
      PYTHONDONTWRITEBYTECODE: '1',
      AGENT_TYPE: type,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let id: string | undefined;
  try {
    await until(`an agent of type ${type} is registered`, async () => {
      if (child.exitCode !== null) throw new Error(`the agent ended: ${said}`);
      const living = await store.agents.living(3600);
      id = living.find((agent) => agent.type === type && !before.has(agent.id))?.id;
      return id !== undefined;
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    id: id ?? '',
    process: child,
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** How the Python example is started; or what is missing for it. */
export type PythonAgent = { readonly command: readonly string[] } | { readonly missing: string };

/** The Python example, with Temporal's SDK, which is fetched once and kept from run to run. */
export async function pythonAgent(): Promise<PythonAgent> {
  const sdk = await pythonPackage('temporalio');
  if ('missing' in sdk) return sdk;
  const { folder, python = 'python3' } = sdk;
  return { command: ['env', `PYTHONPATH=${folder}`, python, 'examples/agents/python/agent.py'] };
}
