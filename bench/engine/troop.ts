import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const AGENTS = 4;
/** Milliseconds between two kills, at random around this. */
const KILL_MS = 6000;
/** The type of its agents. */
export const MORTAL = 'mortal';

/** Agents in processes of their own. */
export class Troop {
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
    const child = spawn(process.execPath, [entry, this.#home, MORTAL], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#living.add(child);
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`an agent's process ended with ${String(code)}`);
      }),
    ]);
  }
}
