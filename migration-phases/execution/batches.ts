import { isCancellation } from '@temporalio/workflow';
import type { BuiltTable, InPlan, InTable } from '../../contracts/activities.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { FailedTask } from '../../contracts/phases.js';
import { batchSummary, namesOf, workBatch } from '../../workflows/kit/batches.js';
import { reportFailure } from '../../workflows/kit/failures.js';
import type { PauseGate } from '../../workflows/kit/pause.js';
import { sendCopy } from './copy-chunks.js';
import type { CopySnapshot } from './copy-chunks.js';
import type { Step, TableBatch } from './steps.js';

/** What the execution lends to its batches. */
export interface BatchParts {
  readonly plan: InPlan;
  readonly gate: PauseGate;
  readonly snapshot: () => Promise<CopySnapshot>;
  /** Resolves when KORA's validators are there, or have been waited for. */
  readonly ready: () => Promise<void>;
  readonly onBuilt: (built: BuiltTable) => void;
  /** Each by activities of its own. */
  readonly copy: (table: InTable) => Promise<void>;
  readonly keys: (table: InTable) => Promise<void>;
}

/** Small tables, one after the other in one activity; one that is in the way is built by activities of its own. */
export class TableBatches {
  readonly #parts: BatchParts;
  readonly #built = new Set<string>();
  readonly #failed = new Map<string, FailedTask>();

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  async run({ batch }: TableBatch): Promise<void> {
    const { plan, gate, onBuilt } = this.#parts;
    const [snapshot] = await Promise.all([this.#parts.snapshot(), this.#parts.ready()]);
    await workBatch(namesOf(batch), {
      many: async (tables) => {
        await gate.open();
        const input = { ...plan, tables };
        const sent = await sendCopy(snapshot, batchSummary('copy', tables), (worker, from) =>
          worker.buildTables({ ...input, ...from }),
        );
        return sent.built;
      },
      one: (table) => this.#alone(batch, table),
      onDone: (built) => {
        this.#built.add(built.table);
        onBuilt(built);
      },
    });
    if (batch.some(({ table }) => this.#failed.has(table))) throw new Error('a table of the batch failed');
  }

  /** What fails for good is told under the names of the plan's own tasks, and the other tables go on. */
  async #alone(batch: TableBatch['batch'], table: string): Promise<void> {
    const { plan, gate, copy, keys } = this.#parts;
    const pair = batch.find((candidate) => candidate.table === table);
    let task = pair?.copy.id ?? table;
    try {
      await gate.open();
      await copy({ ...plan, table });
      task = pair?.keys.id ?? table;
      await gate.open();
      await keys({ ...plan, table });
      this.#built.add(table);
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.#failed.set(table, { task, table, failure: reportFailure(error) });
    }
  }

  /** What failed when a step did: of a batch, the tables that were not built. */
  failedOf(step: Step, failure: FailureReport): FailedTask[] {
    if (!('batch' in step)) return [{ task: step.id, ...('table' in step && { table: step.table }), failure }];
    const missing = step.batch.filter(({ table }) => !this.#built.has(table));
    return missing.map(({ table, copy }) => this.#failed.get(table) ?? { task: copy.id, table, failure });
  }
}
