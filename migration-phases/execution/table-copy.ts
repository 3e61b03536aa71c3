import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { TableCopyInput, TableCopyResult, TableCopyState } from '../../contracts/phases.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { inWindow } from '../../workflows/kit/window.js';
import { CopySnapshot, sendChunk } from './copy-chunks.js';

/** Chunks of one table at once: two keep two cores busy, the third fills the pause between one chunk and the next. */
const CHUNKS = 3;
/** Chunks between two looks at the size of the history. */
const STRIDE = 200;

/** Copies the chunks of one large table; continues as new before its history grows long. */
export async function tableCopy(input: TableCopyInput): Promise<TableCopyResult> {
  const gate = new PauseGate(input.paused);
  const progress = new ProgressReporter(input.migrationId);
  const from = input.state ?? initialState();
  const snapshot = new CopySnapshot(from.snapshotLost ? undefined : input.snapshot);
  const state = await copyChunks(input, from, { gate, progress, snapshot });
  await progress.flush();
  if (state.nextChunk < input.chunks) {
    await condition(allHandlersFinished);
    return continueAsNew<typeof tableCopy>({ ...input, paused: gate.paused, state });
  }
  const { rows, bytes, milliseconds, snapshotLost, unchecked } = state;
  return { rows, bytes, milliseconds, snapshotLost, unchecked };
}

export function initialState(): TableCopyState {
  return { version: 1, nextChunk: 0, rows: 0, bytes: 0, milliseconds: 0, snapshotLost: false };
}

/** What the copies of one workflow share: the first sign that S1 is lost holds for all of them. */
export interface CopyParts {
  readonly gate: PauseGate;
  readonly progress: ProgressReporter;
  readonly snapshot: CopySnapshot;
}

/** Copies until the table's end, or until continue-as-new is due. Also runs inline for a small table. */
export async function copyChunks(
  input: Omit<TableCopyInput, 'state' | 'paused' | 'snapshot'>,
  from: TableCopyState,
  { gate, progress, snapshot }: CopyParts,
): Promise<TableCopyState> {
  let { nextChunk, rows, bytes, milliseconds, unchecked = 0 } = from;
  const source = input.table;
  const tell = (state: 'copying' | 'copied', more: number): void =>
    progress.report({ source, rows, totalRows: input.totalRows, state, ...(unchecked > 0 && { unchecked }) }, more);
  while (nextChunk < input.chunks && (nextChunk === from.nextChunk || !workflowInfo().continueAsNewSuggested)) {
    const end = Math.min(input.chunks, nextChunk + STRIDE);
    const stride = Array.from({ length: end - nextChunk }, (_, index) => nextChunk + index);
    await inWindow(stride, CHUNKS, async (chunk) => {
      await gate.open();
      const { migrationId, planId, table } = input;
      const summary = `copy ${table} [${String(chunk + 1)}/${String(input.chunks)}]`;
      const copied = await sendChunk({ migrationId, planId, table, chunk }, snapshot, summary);
      rows += copied.rows;
      bytes += copied.bytes;
      milliseconds += copied.milliseconds;
      if (copied.checked === false) unchecked += 1;
      tell('copying', copied.bytes);
    });
    nextChunk = end;
  }
  if (nextChunk >= input.chunks) tell('copied', 0);
  const snapshotLost = from.snapshotLost || snapshot.lost;
  return { version: 1, nextChunk, rows, bytes, milliseconds, snapshotLost, unchecked };
}
