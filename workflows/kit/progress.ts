import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { TableProgress } from '../../contracts/migration.js';
import { phaseProgressSignal } from './messages.js';

/** Least time between two signals, in milliseconds: a signal costs events in the parent's history. */
const INTERVAL_MS = 2000;

/** Tells the parent how far tables are, grouped, and no oftener than people can read. */
export class ProgressReporter {
  readonly #parentId: string;
  readonly #changed = new Map<string, TableProgress>();
  #bytes = 0;
  #sentAtMs = 0;

  constructor(parentId: string) {
    this.#parentId = parentId;
  }

  async report(table: TableProgress, bytes: number): Promise<void> {
    this.#changed.set(table.source, table);
    this.#bytes += bytes;
    if (Date.now() - this.#sentAtMs >= INTERVAL_MS) await this.flush();
  }

  async flush(): Promise<void> {
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
