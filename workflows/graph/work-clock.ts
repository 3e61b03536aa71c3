import { condition } from '@temporalio/workflow';

/** Counts the time that an execution works: time paused, or waiting for people alone, does not count. */
export class WorkClock {
  readonly #limitMs: number;
  #usedMs: number;
  #sinceMs: number | undefined;
  #changes = 0;
  #stopped = true;
  #paused = false;
  #calls = 0;
  #waits = 0;
  #listener: ((stands: boolean) => void) | undefined;

  constructor(limitSeconds: number, usedSeconds: number) {
    this.#limitMs = limitSeconds * 1000;
    this.#usedMs = usedSeconds * 1000;
  }

  get usedSeconds(): number {
    const running = this.#sinceMs === undefined ? 0 : Date.now() - this.#sinceMs;
    return Math.round(this.#usedMs + running) / 1000;
  }

  /** Told when it stands still, and when it goes on. */
  listen(listener: (stands: boolean) => void): void {
    this.#listener = listener;
  }

  start(): void {
    this.#stopped = false;
    this.#set();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#set();
  }

  /** Calls of agents, from the first attempt to the answer. */
  calls(more: 1 | -1): void {
    this.#calls += more;
    this.#set();
  }

  /** Questions to people. */
  waits(more: 1 | -1): void {
    this.#waits += more;
    this.#set();
  }

  stop(): void {
    this.#stopped = true;
    this.#set();
  }

  /** Resolves with true when the limit is reached, with false when the clock was stopped before. */
  async expires(): Promise<boolean> {
    while (!this.#stopped) {
      const seen = this.#changes;
      const changed = (): boolean => this.#stopped || this.#changes !== seen;
      if (this.#sinceMs === undefined) await condition(changed);
      else if (!(await condition(changed, Math.max(1, this.#limitMs - this.#usedMs)))) return true;
    }
    return false;
  }

  #set(): void {
    const works = !this.#stopped && !this.#paused && (this.#waits === 0 || this.#calls > 0);
    if (works === (this.#sinceMs !== undefined)) return;
    this.#changes += 1;
    if (works) this.#sinceMs = Date.now();
    else {
      this.#usedMs += Date.now() - (this.#sinceMs ?? Date.now());
      this.#sinceMs = undefined;
    }
    if (!this.#stopped) this.#listener?.(!works);
  }
}
