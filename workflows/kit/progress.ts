import { getExternalWorkflowHandle, sleep } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { TableProgress } from '../../contracts/migration.js';
import { phaseProgressSignal } from './messages.js';

/** Least time between two signals, in milliseconds: a signal costs events in the parent's history. */
const INTERVAL_MS = 2000;

/**
 * Tells the parent how far tables are, grouped, and no oftener than people can read. A signal costs a workflow task on
 * both sides, so one reporter serves all tables of a workflow, and a short migration sends hardly any.
 */
export class ProgressReporter {
  readonly #parentId: string;
  readonly #changed = new Map<string, TableProgress>();
  #bytes = 0;
  #sentAtMs = Date.now();
  #later: Promise<void> | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(parentId: string) {
    this.#parentId = parentId;
  }

  /** Kept for the next signal, which nobody waits for. */
  report(table: TableProgress, bytes: number): void {
    this.#changed.set(table.source, table);
    this.#bytes += bytes;
    this.#later ??= this.#sendLater();
  }

  async #sendLater(): Promise<void> {
    try {
      await sleep(Math.max(1, this.#sentAtMs + INTERVAL_MS - Date.now()), { summary: 'tell the progress' });
      await this.flush();
    } catch {
      // Cancelled: whoever ends the phase sends what is left.
    } finally {
      this.#later = undefined;
    }
  }

  /** Resolves when everything reported so far has been sent: a workflow that ends earlier takes its signals with it. */
  async flush(): Promise<void> {
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#changed.size > 0) {
      const tables = [...this.#changed.values()].slice(0, PAGE);
      for (const table of tables) this.#changed.delete(table.source);
      const bytes = this.#bytes;
      this.#bytes = 0;
      this.#sentAtMs = Date.now();
      try {
        await getExternalWorkflowHandle(this.#parentId).signal(phaseProgressSignal, { tables, bytes });
      } catch {
        return; // A parent that is gone needs no progress.
      }
    }
  }
}
