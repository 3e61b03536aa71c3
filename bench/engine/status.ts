import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { identityOf } from '../../platform/local-stack/processes.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { eachOf } from './each-of.js';
import { preparedOf, statusesOf, until } from './stack.js';
import type { EngineStack } from './stack.js';
import { startApi, startFloorApi } from './start-api.js';
import type { StartedApi } from './start-api.js';
import { tokenOf } from './tokens.js';

const NAME = 'bench-status';
/** Workflows that are asked for in turns, each with an execution that is over. */
const WORKFLOWS = 200;
const PER_SECOND = 300;
/** The floor's requests and ours in turns, so that both see the same machine. */
const ROUNDS = 4;
/** Of each side in each round. */
const SECONDS = 5;
/** The first ones open connections and compile the code. */
const WARM_UP = 2 * PER_SECOND;
/** Without workers few are asked: what counts is that they answer. */
const ALONE_SECONDS = 5;
const LIMIT_MS = 300_000;
const STATUS_MS = 5;
const ALONE_MS = 50;

/**
 * `GET /api/v1/workflows/{id}/status` with a token, asked at fixed times whether the last one was answered or not: a
 * time is counted from when the request was due.
 */
export async function* benchStatus(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  const asked = await prepare(stack, tell);
  const floor = { ...asked, ...opened(await startFloorApi(stack)) };
  const times = { ours: [] as number[], floor: [] as number[] };
  const cpu = { ours: 0, floor: 0 };
  try {
    await ask(asked, WARM_UP);
    await ask(floor, WARM_UP);
    const begun = { ours: asked.cpu(), floor: floor.cpu() };
    for (let round = 1; round <= ROUNDS; round += 1) {
      tell(`status: ${String(PER_SECOND)} requests a second for ${String(SECONDS)} s, round ${String(round)}`);
      times.ours.push(...(await ask(asked, PER_SECOND * SECONDS)));
      times.floor.push(...(await ask(floor, PER_SECOND * SECONDS)));
    }
    cpu.ours = asked.cpu() - begun.ours;
    cpu.floor = floor.cpu() - begun.floor;
  } finally {
    await floor.close();
    await asked.close();
  }
  const note =
    `${noteOf(times.ours)}; its process used ${cpu.ours.toFixed(1)} s of CPU; in turns with the floor: Fastify, the ` +
    `token checked, one row read; ${quantilesOf(times.floor)}, ${cpu.floor.toFixed(1)} s of CPU`;
  yield withLimit(
    { bench: 'engine', case: 'status', value: quantile(times.ours, 0.95), unit: 'ms', note },
    { max: STATUS_MS },
    { name: 'bare server', value: quantile(times.floor, 0.95) },
  );
}

/** The same with every worker killed. */
export async function* benchStatusAlone(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  const asked = await prepare(stack, tell);
  await ask(asked, WARM_UP);
  tell('status: all workers are killed');
  const { left, revive } = await killWorkers(stack);
  try {
    const times = await ask(asked, PER_SECOND * ALONE_SECONDS);
    if (left() > 0) throw new WrongResult('a worker lives. No figure is printed.');
    const note = `${noteOf(times)}; every worker was killed with SIGKILL`;
    const measured = { bench: 'engine', case: 'status-no-workers', value: quantile(times, 0.95), unit: 'ms', note };
    yield withLimit(measured, { max: ALONE_MS });
  } finally {
    revive();
    await asked.close();
  }
}

/** One server that is asked. */
interface Opened {
  readonly url: string;
  readonly connections: Agent;
  readonly cpu: () => number;
  readonly close: () => Promise<void>;
}

interface Asked extends Opened {
  readonly authorization: string;
  readonly workflowIds: readonly string[];
}

async function prepare(stack: EngineStack, tell: (text: string) => void): Promise<Asked> {
  await stack.agent('asked', () => null);
  const prepared = preparedOf({
    name: NAME,
    orchestration_pattern: 'supervisor',
    agents: { one: { type: 'asked' } },
    tasks: [1, 2, 3, 4, 5].map((at) => ({ id: `t${String(at)}`, agent: 'one' })),
  });
  tell(`status: running ${String(WORKFLOWS)} executions`);
  const workflowIds: string[] = [];
  await eachOf(WORKFLOWS, 8, async () => {
    const workflowId = await stack.define(prepared);
    await stack.execute({ workflowId, name: NAME }, {});
    workflowIds.push(workflowId);
  });
  await until('all are over', async () => (await statusesOf(stack, NAME))['completed'] === WORKFLOWS, LIMIT_MS);
  return {
    ...opened(await startApi(stack)),
    authorization: `Bearer ${await tokenOf(stack.secret)}`,
    workflowIds,
  };
}

function opened({ url, cpu, stop }: StartedApi): Opened {
  const connections = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    ...{ url, cpu, connections },
    close: async () => {
      connections.destroy();
      await stop();
    },
  };
}

/** So many requests, at the fixed rate. Milliseconds of each, from when it was due. */
async function ask(asked: Asked, count: number): Promise<number[]> {
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const begun = performance.now();
  for (let at = 0; at < count; at += 1) {
    const due = begun + (at * 1000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 1) await pause(early);
    open.push(
      one(asked, asked.workflowIds[at % asked.workflowIds.length] ?? '').then(() => {
        times.push(performance.now() - Math.max(due, begun));
      }),
    );
  }
  await Promise.all(open);
  return times;
}

function one({ url, authorization, connections }: Asked, workflowId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { agent: connections, headers: { authorization } };
    request(`${url}/api/v1/workflows/${workflowId}/status`, options, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (part: string) => (text += part))
        .on('end', () => {
          const { workflow_id: id, status } = JSON.parse(text) as { workflow_id?: string; status?: string };
          if (response.statusCode === 200 && id === workflowId && status === 'completed') resolve();
          else reject(new WrongResult(`HTTP ${String(response.statusCode)}: ${text}. No figure is printed.`));
        });
    })
      .on('error', reject)
      .end();
  });
}

/** The supervisor is stopped meanwhile: it would start them again. */
async function killWorkers({ state }: EngineStack): Promise<{ left: () => number; revive: () => void }> {
  const pids = state.parts.flatMap(({ name, pid }) => (name.startsWith('worker-') && pid !== null ? [pid] : []));
  if (pids.length === 0) throw new Error('the stack has no worker');
  const left = (): number => pids.filter((pid) => identityOf(pid) !== null).length;
  process.kill(state.supervisor.pid, 'SIGSTOP');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('the workers are gone', () => Promise.resolve(left() === 0), 10_000);
  return { left, revive: () => process.kill(state.supervisor.pid, 'SIGCONT') };
}

function quantile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
}

function noteOf(times: readonly number[]): string {
  return (
    `p95 of ${String(times.length)} requests at ${String(PER_SECOND)}/s, timed from when they were due, over HTTP with a ` +
    `token; ${quantilesOf(times)}`
  );
}

function quantilesOf(times: readonly number[]): string {
  const [p50, p99, most] = [0.5, 0.99, 1].map((part) => quantile(times, part).toFixed(1));
  return `p50 ${p50 ?? ''}, p99 ${p99 ?? ''}, longest ${most ?? ''} ms`;
}
