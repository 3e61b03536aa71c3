import { executeChild, getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import type { BuiltTable, CopiedTable, CutTable, InPlan, InTable } from '../../contracts/activities.js';
import { assertNever } from '../../contracts/failures.js';
import type { GraphTask } from '../../contracts/graph.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { Finding } from '../../contracts/migration.js';
import { tableWorkflowId } from '../../contracts/names.js';
import type { ExecutionInput, ExecutionResult, TableCopyInput, TableCopyResult } from '../../contracts/phases.js';
import { runGraph } from '../../workflows/graph/run-graph.js';
import { readTasks } from '../../workflows/graph/read-tasks.js';
import { codeOf } from '../../workflows/kit/failures.js';
import { setPausedSignal } from '../../workflows/kit/messages.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { CHILD, boundWorker, builder } from '../../workflows/kit/profiles.js';
import { askingTwice } from '../../workflows/kit/shortages.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { TableBatches } from './batches.js';
import { CopySnapshot } from './copy-chunks.js';
import { stepsOf } from './steps.js';
import type { Step } from './steps.js';
import { copyChunks, initialState } from './table-copy.js';
import { Validators } from './validators.js';

/** Tasks at once. */
const WINDOW = 4;
/** Tables with more chunks than this are child workflows, so that this history stays small. */
const INLINE_CHUNKS = 8;
/** Readers of S1. */
const CONNECTIONS = 4;
/** Times that a table's chunks are gone through, when a crash of the target took some away. */
const MAX_ROUNDS = 5;

/** Builds the shadow: the plan's slice of this phase on the one task runner. */
export async function execution(input: ExecutionInput): Promise<ExecutionResult> {
  return new Execution(input).run();
}

type TableCut = Omit<TableCopyInput, 'paused' | 'state' | 'snapshot'>;

class Execution {
  readonly #input: ExecutionInput;
  readonly #gate: PauseGate;
  readonly #progress: ProgressReporter;
  readonly #findings: Finding[] = [];
  readonly #totals = { rows: 0, bytes: 0, quarantined: 0, changed: 0 };
  /** S1 as all copies of this migration see it: when one finds its process dead, none sends it another chunk. */
  #snapshot: Promise<CopySnapshot> | undefined;
  /** The same, once it is open. */
  #opened: CopySnapshot | undefined;
  #unchecked = 0;
  #validators: Validators | undefined;
  #copiesLeft = 0;
  readonly #plan: InPlan;
  readonly #batches: TableBatches;

  constructor(input: ExecutionInput) {
    const { migrationId, planId } = input;
    this.#input = input;
    this.#plan = { migrationId, planId };
    this.#gate = new PauseGate(input.paused);
    this.#progress = new ProgressReporter(migrationId);
    this.#batches = new TableBatches({
      plan: this.#plan,
      gate: this.#gate,
      snapshot: () => this.#openSnapshot(),
      ready: async () => this.#validators?.ready(),
      onBuilt: (built) => {
        this.#built(built);
      },
      copy: (table) => this.#copy(table),
      keys: (table) => this.#keys(table),
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
        ...this.#totals,
        findings: this.#findings,
        failed: outcome.failed.flatMap(({ task, failure }) => this.#batches.failedOf(task, failure)).slice(0, PAGE),
        snapshotLost: this.#opened?.lost === true,
        ...(this.#opened?.lost === true ? {} : { copiedAt: this.#opened?.opened?.position }),
        ...(this.#unchecked > 0 && { unchecked: this.#unchecked }),
      };
    } finally {
      await this.#validators?.stop();
      await this.#closeSnapshot();
    }
  }

  /** S1 is held until the last copy has ended. */
  async #run(step: Step): Promise<void> {
    try {
      await ('batch' in step ? this.#batches.run(step) : this.#runTask(step));
    } finally {
      if (isCopy(step)) {
        this.#copiesLeft -= 1;
        if (this.#copiesLeft === 0) await this.#closeSnapshot();
      }
    }
  }

  async #runTask(task: GraphTask): Promise<void> {
    const plan = this.#plan;
    switch (task.action) {
      case 'shadow.create':
        await askingTwice(() => builder('make the shadow').createShadow(plan));
        this.#validators = new Validators(plan);
        return;
      case 'table.copy':
        await this.#copy({ ...plan, table: tableOf(task) });
        return;
      case 'table.keys':
        await this.#keys({ ...plan, table: tableOf(task) });
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

  async #copy(table: InTable): Promise<void> {
    const cutting = askingTwice(() => builder(`cut ${table.table} into chunks`).cutTable(table));
    const [cut, snapshot] = await Promise.all([cutting, this.#openSnapshot()]);
    this.#add(await this.#copyAndSeal({ ...table, ...cut }, snapshot));
  }

  async #keys(table: InTable): Promise<void> {
    const built = await askingTwice(() => builder(`keys and indexes of ${table.table}`).buildKeys(table));
    this.#findings.push(...built.findings);
  }

  #built({ table: source, findings, unchecked, ...built }: BuiltTable): void {
    this.#add(built);
    if (unchecked === true) this.#unchecked += 1;
    this.#findings.push(...findings);
    const { rows, bytes } = built;
    this.#progress.report(
      { source, rows, totalRows: rows, state: 'copied', ...(unchecked === true && { unchecked: 1 }) },
      bytes,
    );
  }

  #add({ rows, bytes, quarantined, changed }: CopiedTable): void {
    this.#totals.rows += rows;
    this.#totals.bytes += bytes;
    this.#totals.quarantined += quarantined;
    this.#totals.changed += changed;
  }

  /**
   * Chunk transactions commit asynchronously: a target that crashes may lose the last ones, rows and ledger rows
   * together. The seal finds that, and what is not in the ledger is copied again.
   */
  async #copyAndSeal(cut: InTable & CutTable, snapshot: CopySnapshot): Promise<CopiedTable> {
    const { migrationId, planId, table, chunks, done } = cut;
    const copy = { migrationId, planId, table, chunks, totalRows: cut.rows };
    let milliseconds = 0;
    for (let round = 1; ; round += 1) {
      // Complete since an earlier try of the migration's tables: only what came after the copy failed.
      if (done < chunks || round > 1) milliseconds += await this.#copyChunks(copy, snapshot, round);
      try {
        // Chunks of an earlier try took time as well, which is not known here.
        const whole = done === chunks ? milliseconds : Math.round((milliseconds * chunks) / (chunks - done));
        const sealed = await askingTwice(() =>
          builder(`seal ${table}`).sealTable({ migrationId, planId, table, milliseconds: whole }),
        );
        const { rows } = sealed;
        if (done === chunks) this.#progress.report({ source: table, rows, totalRows: rows, state: 'copied' }, 0);
        return sealed;
      } catch (error) {
        if (codeOf(error) !== 'LEDGER_INCOMPLETE' || round >= MAX_ROUNDS) throw error;
      }
    }
  }

  /** Gives the time it took, in milliseconds, summed over the chunks. */
  async #copyChunks(copy: TableCut, snapshot: CopySnapshot, round: number): Promise<number> {
    await this.#validators?.ready();
    const copied = await (copy.chunks > INLINE_CHUNKS
      ? this.#copyAsChild(copy, snapshot, round)
      : this.#copyInline(copy, snapshot));
    if (copied.snapshotLost) snapshot.lose();
    this.#unchecked += copied.unchecked ?? 0;
    return copied.milliseconds;
  }

  async #copyInline(copy: TableCut, snapshot: CopySnapshot): Promise<TableCopyResult> {
    const parts = { gate: this.#gate, progress: this.#progress, snapshot };
    let state = initialState();
    while (state.nextChunk < copy.chunks) state = await copyChunks(copy, state, parts);
    return state;
  }

  async #copyAsChild(copy: TableCut, snapshot: CopySnapshot, round: number): Promise<TableCopyResult> {
    const name = round === 1 ? copy.table : `${copy.table}/${String(round)}`;
    const workflowId = tableWorkflowId(this.#input.migrationId, name);
    const stopListening = this.#gate.onChange((paused) => {
      getExternalWorkflowHandle(workflowId)
        .signal(setPausedSignal, paused)
        .catch(() => undefined);
    });
    try {
      return (await executeChild(WORKFLOWS.tableCopy, {
        ...CHILD,
        workflowId,
        args: [{ ...copy, snapshot: snapshot.usable, paused: this.#gate.paused } satisfies TableCopyInput],
        staticSummary: `copy ${copy.table}, ${String(copy.chunks)} chunks`,
      })) as TableCopyResult;
    } finally {
      stopListening();
    }
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
  return 'batch' in step || step.action === 'table.copy';
}

function tableOf(task: GraphTask): string {
  if (task.table === undefined) throw new Error(`task "${task.id}" names no table`);
  return task.table;
}
