import { isCancellation } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { BuiltTable, InPlan } from '../../contracts/activities.js';
import { assertNever } from '../../contracts/failures.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { GraphTask } from '../../contracts/graph.js';
import type { Finding } from '../../contracts/migration.js';
import type { ExecutionInput, ExecutionResult, FailedTask } from '../../contracts/phases.js';
import { runGraph } from '../../workflows/graph/run-graph.js';
import { readTasks } from '../../workflows/graph/read-tasks.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { boundWorker, builder } from '../../workflows/kit/profiles.js';
import { askingTwice } from '../../workflows/kit/shortages.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { TableBatches } from './batches.js';
import { CopySnapshot } from './copy-chunks.js';
import { stepsOf } from './steps.js';
import type { Step } from './steps.js';
import { TableGroups } from './groups.js';
import { TableWork } from './table-work.js';
import { Validators } from './validators.js';

/** Tasks at once. */
const WINDOW = 4;
/** Readers of S1. */
const CONNECTIONS = 4;

/** Builds the shadow: the plan's slice of this phase on the one task runner. */
export async function execution(input: ExecutionInput): Promise<ExecutionResult> {
  return new Execution(input).run();
}

class Execution {
  readonly #input: ExecutionInput;
  readonly #gate: PauseGate;
  readonly #progress: ProgressReporter;
  readonly #findings: Finding[] = [];
  readonly #work: TableWork;
  /** S1 as all copies of this migration see it: when one finds its process dead, none sends it another chunk. */
  #snapshot: Promise<CopySnapshot> | undefined;
  /** The same, once it is open. */
  #opened: CopySnapshot | undefined;
  #validators: Validators | undefined;
  #copiesLeft = 0;
  readonly #plan: InPlan;
  readonly #batches: TableBatches;
  readonly #groups: TableGroups;

  constructor(input: ExecutionInput) {
    const { migrationId, planId } = input;
    this.#input = input;
    this.#plan = { migrationId, planId };
    this.#gate = new PauseGate(input.paused);
    this.#progress = new ProgressReporter(migrationId);
    const parts = {
      plan: this.#plan,
      gate: this.#gate,
      snapshot: () => this.#openSnapshot(),
      ready: async () => this.#validators?.ready(),
    };
    this.#work = new TableWork({ ...parts, progress: this.#progress, findings: this.#findings });
    this.#groups = new TableGroups({ ...parts, work: this.#work });
    this.#batches = new TableBatches({
      ...parts,
      onBuilt: (built) => {
        this.#built(built);
      },
      copy: (table) => this.#work.copy(table),
      keys: (table) => this.#work.keys(table),
    });
  }

  async run(): Promise<ExecutionResult> {
    const tasks = await readTasks(this.#input.planId, 'execution');
    const steps = stepsOf(tasks, WINDOW);
    this.#copiesLeft = steps.filter(isCopy).length;
    try {
      const outcome = await runGraph({
        tasks: steps,
        window: WINDOW,
        run: (step) => this.#run(step),
        gate: () => this.#gate.open(),
      });
      await this.#progress.flush();
      return {
        ...this.#work.totals,
        findings: this.#findings,
        failed: outcome.failed.flatMap(({ task, failure }) => this.#failedOf(task, failure)).slice(0, PAGE),
        snapshotLost: this.#opened?.lost === true,
        ...(this.#opened?.lost === true ? {} : { copiedAt: this.#opened?.opened?.position }),
        ...(this.#work.unchecked > 0 && { unchecked: this.#work.unchecked }),
      };
    } finally {
      await this.#validators?.stop();
      await this.#closeSnapshot();
    }
  }

  /** S1 is held until the last copy has ended. */
  async #run(step: Step): Promise<void> {
    try {
      if ('group' in step) await this.#groups.run(step);
      else if ('batch' in step) await this.#batches.run(step);
      else await this.#runTask(step);
    } finally {
      if (isCopy(step)) {
        this.#copiesLeft -= 1;
        if (this.#copiesLeft === 0) await this.#closeSnapshot();
      }
    }
  }

  #failedOf(step: Step, failure: FailureReport): FailedTask[] {
    return 'group' in step ? this.#groups.failedOf(step, failure) : this.#batches.failedOf(step, failure);
  }

  async #runTask(task: GraphTask): Promise<void> {
    const plan = this.#plan;
    switch (task.action) {
      case 'shadow.create':
        await askingTwice(() => builder('make the shadow').createShadow(plan));
        this.#validators = new Validators(plan);
        return;
      case 'table.copy':
        await this.#work.copy({ ...plan, table: tableOf(task) });
        return;
      case 'table.keys':
        await this.#work.keys({ ...plan, table: tableOf(task) });
        return;
      case 'foreign_keys.add':
        this.#findings.push(...(await askingTwice(() => builder('foreign keys').addForeignKeys(plan))).findings);
        return;
      case 'verify':
      case 'promote':
        throw new Error(`task "${task.id}" is not of this phase`);
      default:
        assertNever(task.action, 'task action');
    }
  }

  #built({ table: source, findings, unchecked, ...built }: BuiltTable): void {
    this.#work.add({ ...built, unchecked: unchecked === true ? 1 : 0 });
    this.#findings.push(...findings);
    const { rows, bytes } = built;
    this.#progress.report(
      { source, rows, totalRows: rows, state: 'copied', ...(unchecked === true && { unchecked: 1 }) },
      bytes,
    );
  }

  /** S1 is opened once, by the first copy. */
  async #openSnapshot(): Promise<CopySnapshot> {
    const { migrationId, planId, catalogueId } = this.#input;
    const options = { migrationId, planId, catalogueId, connections: CONNECTIONS };
    this.#snapshot ??= askingTwice(() => builder('open the snapshot of the copy').openCopySnapshot(options)).then(
      (opened) => (this.#opened = new CopySnapshot(opened)),
    );
    return this.#snapshot;
  }

  async #closeSnapshot(): Promise<void> {
    const opening = this.#snapshot;
    if (opening === undefined) return;
    this.#snapshot = undefined;
    try {
      const { usable } = await opening;
      if (usable === undefined) return;
      const { queue, snapshotId } = usable;
      const { migrationId } = this.#input;
      await boundWorker(queue, 'close the snapshot of the copy').closeCopySnapshot({ migrationId, snapshotId });
    } catch (error) {
      if (isCancellation(error)) throw error;
      // A process that is gone holds no snapshot.
    }
  }
}

function isCopy(step: Step): boolean {
  return 'batch' in step || 'group' in step || step.action === 'table.copy';
}

function tableOf(task: GraphTask): string {
  if (task.table === undefined) throw new Error(`task "${task.id}" names no table`);
  return task.table;
}
