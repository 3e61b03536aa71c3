import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { Endings, cpuText, eachOf, preparedOf, statusesOf } from './stack.js';
import type { EngineStack } from './stack.js';

const EXECUTIONS = 1000;
const LEAST = 999;
const TASKS = 3;
const AGENTS = 4;
/** Milliseconds between two kills, at random around this. */
const KILL_MS = 6000;
/** Executions under way at once. */
const AT_ONCE = 100;
const NAME = 'bench-chaos';

/** Executions whose agents, processes of their own, are killed without a word while they work, and replaced. */
export async function* benchChaos(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  const { database } = stack;
  await database.query('CREATE TABLE bench_survivors (execution uuid, task text, PRIMARY KEY (execution, task))');
  const prepared = preparedOf({
    name: NAME,
    orchestration_pattern: 'supervisor',
    agents: { one: { type: 'mortal' } },
    tasks: Array.from({ length: TASKS }, (_, at) => ({
      id: String(at + 1),
      agent: 'one',
      depends_on: at === 0 ? [] : [String(at)],
      timeout: 5,
    })),
  });
  const troop = new Troop(stack.home);
  await troop.fill();
  const begun = { ms: performance.now(), cpu: stack.cpu() };
  try {
    const endings = new Endings(stack);
    const killing = troop.killUntilStopped();
    await eachOf(EXECUTIONS, AT_ONCE, async (at) => {
      if (at % 100 === 0) tell(`chaos: ${String(at)} started, ${String(troop.kills)} agents killed`);
      await endings.of(await stack.start(prepared));
    });
    await endings.close();
    troop.stopKilling();
    await killing;
  } finally {
    await troop.end();
  }
  const seconds = (performance.now() - begun.ms) / 1000;
  const cpu = cpuText(begun.cpu, stack.cpu());
  const completed = await requireEffects(stack);
  const note = `${String(EXECUTIONS)} executions of ${String(TASKS)} tasks, ${String(troop.kills)} agents killed -9, in ${seconds.toFixed(1)} s; ${cpu}`;
  yield withLimit({ bench: 'engine', case: 'chaos', value: completed, unit: 'completed', note }, { min: LEAST });
}

/** Those that completed; throws when one of them lacks an effect. */
async function requireEffects(stack: EngineStack): Promise<number> {
  const { rows } = await stack.database.query<{ missing: number }>(
    `SELECT count(*)::int AS missing
       FROM caravan_store.workflow_executions AS e
       JOIN caravan_store.workflow_definitions AS d USING (workflow_id)
      WHERE d.name = $1 AND e.status = 'completed'
        AND (SELECT count(*) FROM bench_survivors AS s WHERE s.execution = e.execution_id) <> $2`,
    [NAME, TASKS],
  );
  const missing = rows[0]?.missing ?? Number.NaN;
  if (missing !== 0) throw new WrongResult(`${String(missing)} completed without all effects. No figure is printed.`);
  return (await statusesOf(stack, NAME))['completed'] ?? 0;
}

/** Agents in processes of their own. */
class Troop {
  readonly #home: string;
  readonly #living = new Set<ChildProcess>();
  readonly #stopped = new AbortController();
  kills = 0;

  constructor(home: string) {
    this.#home = home;
  }

  async fill(): Promise<void> {
    while (this.#living.size < AGENTS) await this.#spawn();
  }

  async killUntilStopped(): Promise<void> {
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      await pause(KILL_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      if (isStopped()) return;
      const [victim] = [...this.#living].sort(() => Math.random() - 0.5);
      if (victim === undefined) continue;
      this.kills += 1;
      await this.#kill(victim);
      await this.fill();
    }
  }

  stopKilling(): void {
    this.#stopped.abort();
  }

  async end(): Promise<void> {
    this.stopKilling();
    await Promise.all([...this.#living].map((child) => this.#kill(child)));
  }

  async #kill(child: ChildProcess): Promise<void> {
    this.#living.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async #spawn(): Promise<void> {
    const entry = fileURLToPath(new URL('./agent-process.js', import.meta.url));
    const child = spawn(process.execPath, [entry, this.#home, 'mortal'], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#living.add(child);
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`an agent's process ended with ${String(code)}`);
      }),
    ]);
  }
}
