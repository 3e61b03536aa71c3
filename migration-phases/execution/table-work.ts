import type { CopiedTable, CutTable, InPlan, InTable } from '../../contracts/activities.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { Finding } from '../../contracts/migration.js';
import { tableWorkflowId } from '../../contracts/names.js';
import type { TableCopyInput, TableCopyResult } from '../../contracts/phases.js';
import { codeOf } from '../../workflows/kit/failures.js';
import { executePausableChild } from '../../workflows/kit/pausable-child.js';
import type { PauseGate } from '../../workflows/kit/pause.js';
import { builder } from '../../workflows/kit/profiles.js';
import { askingTwice } from '../../workflows/kit/shortages.js';
import type { ProgressReporter } from '../../workflows/kit/progress.js';
import type { CopySnapshot } from './copy-chunks.js';
import { copyChunks, initialState } from './table-copy.js';

/** Tables with more chunks than this are child workflows, so that this history stays small. */
const INLINE_CHUNKS = 8;
/** Times that a table's chunks are gone through, when a crash of the target took some away. */
const MAX_ROUNDS = 5;

type TableCut = Omit<TableCopyInput, 'paused' | 'state' | 'snapshot'>;

type Sums = Omit<CopiedTable, 'chunks'> & { readonly unchecked: number };

/** What a workflow lends to the tables that it builds. */
export interface WorkParts {
  readonly plan: InPlan;
  readonly gate: PauseGate;
  readonly progress: ProgressReporter;
  readonly findings: Finding[];
  readonly snapshot: () => Promise<CopySnapshot>;
  /** Resolves when KORA's validators are there, or have been waited for. */
  readonly ready: () => Promise<void>;
}

/** Copies tables that stand alone, and makes their keys; keeps the sums of all that were copied. */
export class TableWork {
  readonly totals = { rows: 0, bytes: 0, quarantined: 0, changed: 0 };
  /** Chunks that KORA did not check. */
  unchecked = 0;
  readonly #parts: WorkParts;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  async copy(table: InTable): Promise<void> {
    const cutting = askingTwice(() => builder(`cut ${table.table} into chunks`).cutTable(table));
    const [cut, snapshot] = await Promise.all([cutting, this.#parts.snapshot()]);
    this.add({ ...(await this.#copyAndSeal({ ...table, ...cut }, snapshot)), unchecked: 0 });
  }

  async keys(table: InTable): Promise<void> {
    const built = await askingTwice(() => builder(`keys and indexes of ${table.table}`).buildKeys(table));
    this.#parts.findings.push(...built.findings);
  }

  find(findings: readonly Finding[]): void {
    this.#parts.findings.push(...findings);
  }

  add({ rows, bytes, quarantined, changed, unchecked }: Sums): void {
    this.totals.rows += rows;
    this.totals.bytes += bytes;
    this.totals.quarantined += quarantined;
    this.totals.changed += changed;
    this.unchecked += unchecked;
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
      // Complete since an earlier try of the migration's tables: only what came after the copy failed. Chunks that are
      // there already say how long they took.
      if (done < chunks || round > 1) milliseconds = await this.#copyChunks(copy, snapshot, round);
      try {
        const sealed = await askingTwice(() =>
          builder(`seal ${table}`).sealTable({ migrationId, planId, table, milliseconds }),
        );
        const { rows } = sealed;
        if (done === chunks) this.#parts.progress.report({ source: table, rows, totalRows: rows, state: 'copied' }, 0);
        return sealed;
      } catch (error) {
        if (codeOf(error) !== 'LEDGER_INCOMPLETE' || round >= MAX_ROUNDS) throw error;
      }
    }
  }

  /** Gives the time it took, in milliseconds, summed over the chunks. */
  async #copyChunks(copy: TableCut, snapshot: CopySnapshot, round: number): Promise<number> {
    await this.#parts.ready();
    const copied = await (copy.chunks > INLINE_CHUNKS
      ? this.#copyAsChild(copy, snapshot, round)
      : this.#copyInline(copy, snapshot));
    if (copied.snapshotLost) snapshot.lose();
    this.unchecked += copied.unchecked ?? 0;
    return copied.milliseconds;
  }

  async #copyInline(copy: TableCut, snapshot: CopySnapshot): Promise<TableCopyResult> {
    const parts = { gate: this.#parts.gate, progress: this.#parts.progress, snapshot };
    let state = initialState();
    while (state.nextChunk < copy.chunks) state = await copyChunks(copy, state, parts);
    return state;
  }

  async #copyAsChild(copy: TableCut, snapshot: CopySnapshot, round: number): Promise<TableCopyResult> {
    const name = round === 1 ? copy.table : `${copy.table}/${String(round)}`;
    const workflowId = tableWorkflowId(this.#parts.plan.migrationId, name);
    const { gate } = this.#parts;
    return executePausableChild<TableCopyResult>(WORKFLOWS.tableCopy, gate, {
      workflowId,
      input: { ...copy, snapshot: snapshot.usable, paused: gate.paused } satisfies TableCopyInput,
      staticSummary: `copy ${copy.table}, ${String(copy.chunks)} chunks`,
    });
  }
}
