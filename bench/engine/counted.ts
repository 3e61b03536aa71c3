import { cpuText } from './cpu.js';
import { eachOf } from './each-of.js';
import type { EngineStack } from './stack.js';

/** What one side did, in all rounds. */
export class Done {
  count = 0;
  seconds = 0;
  readonly #cpu: Record<string, number> = {};

  /** Does so many, some at once, and adds what they took. */
  async add(
    stack: Pick<EngineStack, 'cpu'>,
    { count, atOnce }: { readonly count: number; readonly atOnce: number },
    work: (at: number) => Promise<void>,
  ): Promise<void> {
    await this.time(stack, () => eachOf(count, atOnce, work));
    this.count += count;
  }

  async time(stack: Pick<EngineStack, 'cpu'>, work: () => Promise<void>): Promise<void> {
    const begun = { ms: performance.now(), cpu: stack.cpu() };
    await work();
    this.seconds += (performance.now() - begun.ms) / 1000;
    for (const [part, seconds] of Object.entries(stack.cpu()))
      this.#cpu[part] = (this.#cpu[part] ?? 0) + seconds - (begun.cpu[part] ?? 0);
  }

  get perMinute(): number {
    return (this.count * 60) / this.seconds;
  }

  /** "in 12.3 s; CPU 4.5 s: temporal 3.0, …". */
  get text(): string {
    return `in ${this.seconds.toFixed(1)} s; ${cpuText({}, this.#cpu)}`;
  }
}
