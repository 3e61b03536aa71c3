import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { executionWorkflowId } from '../../contracts/executions.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { openFloor } from './floor.js';
import { cpuText } from './cpu.js';
import { eachOf } from './each-of.js';
import { preparedOf, queueOf } from './stack.js';
import type { EngineStack } from './stack.js';
import { startApi } from './start-api.js';
import { tokenOf } from './tokens.js';

/** Agents that one execution has: tasks that are under way at once. */
const AGENTS = 100;
/** A task builds on the one so many before it, and every tenth on another one, too. */
const WIDTH = 150;
const OTHER = 401;
/** Between two questions for the status, milliseconds. */
const ASK_MS = 500;
/** Chains of bare activities beside it: tasks of each, and how many tasks in all. */
const FLOOR_STEPS = 50;
const FLOOR_TASKS = 5000;
/** Progress is told so often: parts of the whole. */
const TOLD = 0.05;
const NAME = 'bench-graph';

export interface GraphSize {
  readonly name: string;
  readonly tasks: number;
}

/**
 * One execution of a large graph, from the stored definition to its end, while its status is asked for over HTTP. Each
 * task must run once, after all it depends on.
 */
export async function* benchGraph(
  stack: EngineStack,
  { name, tasks }: GraphSize,
  tell: (text: string) => void,
): AsyncGenerator<BenchLine> {
  const seen = new Order(tasks);
  await stack.agent('runner', ({ taskId }) => seen.run(Number(taskId.slice(1))), AGENTS);
  tell(`${name}: storing a definition of ${String(tasks)} tasks`);
  const begun = performance.now();
  const workflowId = await stack.define(preparedOf(definition(tasks)));
  const stored = secondsSince(begun);
  const api = await startApi(stack);
  try {
    const started = { ms: performance.now(), cpu: stack.cpu() };
    const executionId = await stack.execute({ workflowId, name: NAME }, {});
    const asked = await follow(stack, { url: `${api.url}/api/v1/workflows/${workflowId}/status`, tasks, tell, name });
    const seconds = secondsSince(started.ms);
    const cpu = cpuText(started.cpu, stack.cpu());
    const wrong = seen.problem();
    if (wrong !== undefined || asked.status !== 'completed')
      throw new WrongResult(`it ended as ${asked.status}: ${wrong ?? 'each task ran once'}. No figure is printed.`);
    const floor = await floorPerSecond(stack, Math.min(tasks, FLOOR_TASKS));
    const note = [
      `stored in ${stored.toFixed(1)} s, ran in ${seconds.toFixed(1)} s, ${(tasks / seconds).toFixed(0)} tasks/s, ` +
        `${String(AGENTS)} at once; each ran once, after all it depends on`,
      cpu,
      `status over HTTP meanwhile: ${asked.times}`,
      `control worker at most ${String(asked.memoryMiB)} MiB`,
      await historiesOf(stack, executionId),
      `bare workflows with as many activities under way: ${floor.toFixed(0)} tasks/s`,
    ].join('; ');
    yield withLimit({ bench: 'engine', case: name, value: seen.done, unit: 'tasks', note }, { min: tasks });
  } finally {
    await api.stop();
  }
}

const secondsSince = (ms: number): number => (performance.now() - ms) / 1000;

function before(at: number): number[] {
  if (at < WIDTH) return [];
  return at % 10 === 0 && at >= OTHER ? [at - WIDTH, at - OTHER] : [at - WIDTH];
}

function definition(tasks: number): object {
  return {
    name: NAME,
    orchestration_pattern: 'swarm',
    agents: { one: { type: 'runner', count: AGENTS } },
    tasks: Array.from({ length: tasks }, (_, at) => ({
      id: `t${String(at)}`,
      agent: 'one',
      depends_on: before(at).map((earlier) => `t${String(earlier)}`),
    })),
  };
}

/** What the agents saw: which tasks ran, how often, and whether what they depend on was done. */
class Order {
  readonly #runs: Uint8Array;
  #early = 0;
  done = 0;

  constructor(tasks: number) {
    this.#runs = new Uint8Array(tasks);
  }

  run(at: number): void {
    if (before(at).some((earlier) => this.#runs[earlier] === 0)) this.#early += 1;
    if (this.#runs[at] === 0) this.done += 1;
    this.#runs[at] = Math.min(255, (this.#runs[at] ?? 0) + 1);
  }

  problem(): string | undefined {
    const missing = this.#runs.filter((runs) => runs === 0).length;
    const again = this.#runs.filter((runs) => runs > 1).length;
    if (missing + again + this.#early === 0) return undefined;
    return `${String(missing)} did not run, ${String(again)} ran again, ${String(this.#early)} ran too early`;
  }
}

interface Asked {
  readonly status: string;
  readonly times: string;
  readonly memoryMiB: number;
}

/** Asks for the status until it is over. */
async function follow(
  { state, secret }: EngineStack,
  { url, tasks, tell, name }: GraphSize & { readonly url: string; readonly tell: (text: string) => void },
): Promise<Asked> {
  const times: number[] = [];
  const worker = state.parts.find((part) => part.name === 'worker-control')?.pid ?? 0;
  let authorization = '';
  let memoryMiB = 0;
  let told = 0;
  for (;;) {
    // A token lives for an hour.
    if (times.length % 1000 === 0) authorization = `Bearer ${await tokenOf(secret)}`;
    const begun = performance.now();
    const response = await fetch(url, { headers: { authorization } });
    const answer = (await response.json()) as { status: string; performance_metrics?: { progress: number } };
    times.push(performance.now() - begun);
    if (!response.ok) throw new WrongResult(`HTTP ${String(response.status)}: ${JSON.stringify(answer)}`);
    memoryMiB = Math.max(memoryMiB, residentMiB(worker));
    if (['completed', 'failed', 'cancelled', 'timed_out'].includes(answer.status)) {
      const sorted = times.toSorted((a, b) => a - b);
      const p95 = sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
      const text = `p95 of ${String(times.length)} ${p95.toFixed(1)} ms, longest ${(sorted.at(-1) ?? 0).toFixed(1)} ms`;
      return { status: answer.status, times: text, memoryMiB };
    }
    const { progress = 0 } = answer.performance_metrics ?? {};
    if (progress >= told + TOLD) {
      told = progress;
      tell(`${name}: ${String(Math.round(progress * tasks))} of ${String(tasks)} tasks are done`);
    }
    await pause(ASK_MS);
  }
}

/** 0 where the kernel does not tell. */
function residentMiB(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** Runs of the workflow, and the largest of their histories. */
async function historiesOf({ client }: EngineStack, executionId: string): Promise<string> {
  const workflowId = executionWorkflowId(executionId);
  let runs = 0;
  let [events, bytes] = [0, 0];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    const described = await client.workflow.getHandle(workflowId, runId).describe();
    runs += 1;
    events = Math.max(events, described.historyLength);
    bytes = Math.max(bytes, described.historySize ?? 0);
  }
  const largest = `at most ${String(events)} events, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${String(runs)} ${runs === 1 ? 'history' : 'histories'} of ${largest} each`;
}

/** The same number of activities under way, in bare workflows of one chain each. */
async function floorPerSecond(stack: EngineStack, tasks: number): Promise<number> {
  await stack.agent('idle', () => null);
  const queue = await queueOf(stack, 'idle');
  const floor = await openFloor(stack);
  try {
    const begun = performance.now();
    const chains = Math.max(1, Math.round(tasks / FLOOR_STEPS));
    await eachOf(chains, AGENTS, () => floor.run({ queue, steps: FLOOR_STEPS }));
    return (chains * FLOOR_STEPS) / secondsSince(begun);
  } finally {
    await floor.close();
  }
}
