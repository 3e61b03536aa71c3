import { condition, setHandler } from '@temporalio/workflow';
import { setPausedSignal } from './messages.js';

/** The pause gate of a phase: while closed nothing new is started; what runs ends by itself. */
export class PauseGate {
  #paused: boolean;
  /** Children that must hear of a change. */
  readonly #listeners = new Set<(paused: boolean) => void>();

  constructor(paused: boolean) {
    this.#paused = paused;
    setHandler(setPausedSignal, (value) => {
      this.#paused = value;
      for (const listener of this.#listeners) listener(value);
    });
  }

  get paused(): boolean {
    return this.#paused;
  }

  async open(): Promise<void> {
    if (this.#paused) await condition(() => !this.#paused);
  }

  onChange(listener: (paused: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
