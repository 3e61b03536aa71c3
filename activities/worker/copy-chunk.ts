import type { CopiedChunk, CopyChunk } from '../../contracts/activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { isNative } from '../../contracts/mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { ISSUE } from '../../contracts/record.js';
import { isRowRule } from '../../contracts/rules.js';
import type { RowRule } from '../../contracts/rules.js';
import type { KeyRange, Reader, RowBatch } from '../../databases/source.js';
import type { ChunkWriter, TakenChunk, Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { mappingOf, openSourceOf, openTargetOf, planOf, withEnd } from '../ends.js';
import type { Alive } from '../heartbeat.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { giveSink, takeSink } from './byte-sink.js';
import type { CopySink } from './byte-sink.js';
import { noRows } from '../no-rows.js';
import { LinePasser } from './line-passer.js';
import { RowEncoder } from './row-encoder.js';
import type { Encoder } from './row-encoder.js';
import { rowValidator } from './row-validator.js';
import type { RowValidator } from './row-validator.js';

/** Ledger and quarantine entries are written when this many wait, so that memory stays flat. */
const MOST_ENTRIES = 2000;
/** Rows of a piece that is bisected when the target refuses it. */
const BISECT_ROWS = 1000;

interface Totals {
  rows: number;
  bytes: number;
  quarantined: number;
  changed: number;
}

/** Those that keep rows out are part of the validator. */
const isListed = ({ onBroken }: RowRule): boolean => onBroken !== 'quarantine';

/** Rows of a chunk that broke a rule, by its id. */
type Broken = Map<string, number>;

/**
 * Copies one chunk exactly once: rows, ledger row, quarantine and value ledger commit in one transaction, and a newer
 * attempt ends an older one before it begins (DATA-PLANE, Exactly once).
 */
export async function copyChunk(deps: Deps, host: SnapshotHost, input: CopyChunk, alive: Alive): Promise<CopiedChunk> {
  return withEnd(
    openTargetOf(deps, input.migrationId),
    (target) => copyChunkInto(target, { deps, host, alive }, input),
    alive.signal,
  );
}

export interface CopyParts {
  readonly deps: Deps;
  readonly host: SnapshotHost;
  readonly alive: Alive;
}

/** The same, on a target that is open. */
export async function copyChunkInto(
  target: Target,
  { deps, host, alive }: CopyParts,
  input: CopyChunk,
): Promise<CopiedChunk> {
  const startedMs = Date.now();
  const table = mappingOf(await planOf(deps, input.planId), input.table);
  const taken = await target.ledger.take(input.table, input.chunk, { repair: input.repair ?? false });
  if (taken.state === 'done') {
    const { rows, bytes, quarantined, changed, tookMs = 0, validator } = taken.chunk;
    const checked = validator !== undefined;
    return { rows, bytes, quarantined, changed, milliseconds: tookMs, already: true, checked };
  }
  const validator = await rowValidator(deps, target, table);
  const listed = (await deps.store.rules.accepted(input.migrationId, input.table)).filter(isRowRule).filter(isListed);
  const broken: Broken = new Map();
  const totals = await withReader(deps, host, input, (reader) => {
    const copy = new ChunkCopy({ deps, table, taken, validator, listed, alive, plain: input.plain === true, broken });
    return copy.run(reader);
  });
  const endedMs = Date.now();
  // A repair belongs to the proof's time, not to the copy's.
  if (input.repair !== true) await deps.store.migrations.addCopyTime(input.migrationId, { startedMs, endedMs });
  announce(deps, input, { ...totals, broken });
  const checked = validator.hash !== undefined;
  return { ...totals, milliseconds: endedMs - startedMs, already: false, checked };
}

function announce(
  { bus, processId }: Deps,
  { migrationId, table, chunk }: CopyChunk,
  { rows, quarantined, broken }: Totals & { readonly broken: Broken },
): void {
  const at = new Date().toISOString();
  for (const [rule, count] of broken)
    bus.publish({ type: 'execution.rule_broken', migrationId, at, data: { table, chunk, rule, count } });
  bus.publish({ type: 'execution.chunk_copied', migrationId, at, data: { table, chunk, rows, worker: processId } });
  if (quarantined === 0) return;
  bus.publish({ type: 'execution.rows_quarantined', migrationId, at, data: { table, chunk, count: quarantined } });
}

/** A reader of the snapshot that this process holds, or one that reads what is there now. */
export async function withReader<T>(
  deps: Deps,
  host: SnapshotHost,
  {
    migrationId,
    snapshotId,
    table,
  }: { readonly migrationId: string; readonly snapshotId?: string; readonly table: string },
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  if (snapshotId !== undefined) return host.lend(snapshotId, table, work);
  return withEnd(openSourceOf(deps, migrationId), async (source) => work(await source.openReader()));
}

interface ChunkParts {
  readonly deps: Deps;
  readonly table: TableMapping;
  readonly taken: Extract<TakenChunk, { state: 'taken' }>;
  readonly validator: RowValidator;
  readonly alive: Alive;
  readonly plain: boolean;
  readonly listed: readonly RowRule[];
  readonly broken: Broken;
}

class ChunkCopy {
  readonly #parts: ChunkParts;
  readonly #encoder: (computed: ReadonlySet<string>) => Encoder;
  readonly #range: KeyRange;
  #plain: boolean;

  constructor(parts: ChunkParts) {
    const { deps, table, taken, validator, listed } = parts;
    this.#parts = parts;
    this.#plain = parts.plain && !isNative(table);
    this.#encoder = encoderOf(deps, table, { validator, listed });
    this.#range = { lower: taken.chunk.lower, upper: taken.chunk.upper };
  }

  /** Streams; when the target refuses rows that passed every check, does it again row by row around them. */
  async run(reader: Reader): Promise<Totals> {
    try {
      return await this.#attempt(reader, false, (batch, encoder, writer, sink) =>
        this.#stream(batch, encoder, writer, sink),
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const { deps, table, taken } = this.#parts;
      deps.log.warn({ event: 'copy.refused', chunk: taken.chunk.chunk, sqlstate: error.facts.sqlstate });
      // An expression of the plan may fail where the source has a value: no row is lost to that.
      if (!this.#plain && !isNative(table) && table.columns.some((column) => column.generated !== undefined)) {
        this.#plain = true;
        return this.run(reader);
      }
      return this.#attempt(reader, true, (batch, encoder, writer, sink) =>
        this.#bisect({ batch, encoder, writer, sink }, 0, batch.rows),
      );
    }
  }

  /** `asText`: rows of a native table come as lines, which can be taken apart. */
  async #attempt(
    reader: Reader,
    asText: boolean,
    put: (batch: RowBatch, encoder: Encoder, writer: ChunkWriter, sink: CopySink) => Promise<void>,
  ): Promise<Totals> {
    const { deps, table, taken, alive, validator } = this.#parts;
    const sink = takeSink();
    const totals: Totals = { rows: 0, bytes: 0, quarantined: 0, changed: 0 };
    const writer = counted(await taken.begin(table, { plain: this.#plain, asText }), totals);
    const encoder = this.#encoder(writer.computed);
    this.#parts.broken.clear();
    try {
      let read = 0;
      const batches =
        table.rows === 'none' ? noRows<RowBatch>() : reader.read(table, this.#range, alive.signal, asText);
      for await (const batch of batches) {
        encoder.open(batch);
        await put(batch, encoder, writer, sink);
        read += batch.rows;
        if (encoder.changed.length + encoder.quarantined.length + encoder.broken.length >= MOST_ENTRIES)
          await this.#note(encoder, writer, totals);
        alive.report({ rows: read });
        deps.failpoint('copy.mid');
      }
      await empty(sink, writer);
      await this.#note(encoder, writer, totals);
      totals.rows = read - totals.quarantined;
      deps.failpoint('copy.before_commit');
      await writer.commit({ ...totals, ...(validator.hash !== undefined && { validator: validator.hash }) });
      deps.failpoint('copy.after_commit');
      giveSink(sink);
      return totals;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async #stream(batch: RowBatch, encoder: Encoder, writer: ChunkWriter, sink: CopySink): Promise<void> {
    if (batch.passed === true)
      return writer.write(batch.bytes.subarray(batch.start[0] ?? 0, batch.end[batch.rows - 1] ?? 0));
    for (let row = 0; row < batch.rows; row += 1) {
      encoder.encode(batch, row, sink);
      if (sink.isFull) await empty(sink, writer);
    }
  }

  /** Halves what the target refuses until single rows are left; those go to quarantine. O(k log n) for k bad rows. */
  async #bisect(work: Bisection, from: number, to: number): Promise<void> {
    if (to - from > BISECT_ROWS) {
      for (let at = from; at < to; at += BISECT_ROWS) await this.#bisect(work, at, Math.min(to, at + BISECT_ROWS));
      return;
    }
    const { batch, encoder, writer, sink } = work;
    const { changed, quarantined, broken } = encoder;
    const marks = { changed: changed.length, quarantined: quarantined.length, broken: broken.length };
    for (let row = from; row < to; row += 1) encoder.encode(batch, row, sink);
    await writer.savepoint();
    try {
      await empty(sink, writer);
      await writer.flush();
      await writer.releaseSavepoint();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await writer.rollbackToSavepoint();
      encoder.changed.length = marks.changed;
      encoder.quarantined.length = marks.quarantined;
      encoder.broken.length = marks.broken;
      if (to - from === 1) {
        encoder.quarantine(batch, from, { column: null, issue: ISSUE.refused_by_target });
        return;
      }
      const middle = from + Math.floor((to - from) / 2);
      await this.#bisect(work, from, middle);
      await this.#bisect(work, middle, to);
    }
  }

  /** Quarantine and value ledger, in the same transaction as the rows. */
  async #note(encoder: Encoder, writer: ChunkWriter, totals: Totals): Promise<void> {
    await writer.flush();
    if (encoder.quarantined.length > 0) await writer.quarantine(encoder.quarantined);
    if (encoder.changed.length > 0) await writer.valueLedger(encoder.changed);
    totals.quarantined += encoder.quarantined.length;
    totals.changed += encoder.changed.length;
    const { broken } = this.#parts;
    for (const rule of encoder.broken) broken.set(rule, (broken.get(rule) ?? 0) + 1);
    encoder.quarantined.length = 0;
    encoder.changed.length = 0;
    encoder.broken.length = 0;
  }
}

/** Of a native table rows are lines; of others fields that are checked and encoded. */
function encoderOf(
  deps: Deps,
  table: TableMapping,
  { validator, listed }: Pick<ChunkParts, 'validator' | 'listed'>,
): (computed: ReadonlySet<string>) => Encoder {
  const seal = (bytes: Uint8Array, context: string): Buffer => deps.box.seal(bytes, context);
  if (isNative(table)) return () => new LinePasser(table, seal);
  const { fields: checks, rules, ...more } = validator.compiled;
  const compiled = {
    checks,
    ...more,
    // Those that only list rows change none of what is written: they are no part of the validator.
    rules: [...rules, ...deps.compileRules(table, listed, new Date())],
    codecs: deps.compileTransform(table),
    rewrites: deps.compileRewrite(table),
  };
  return (computed) => new RowEncoder(table, { ...compiled, computed }, seal);
}

interface Bisection {
  readonly batch: RowBatch;
  readonly encoder: Encoder;
  readonly writer: ChunkWriter;
  readonly sink: CopySink;
}

async function empty(sink: CopySink, writer: ChunkWriter): Promise<void> {
  for (const piece of sink.take()) await writer.write(piece);
}

/** Counts the bytes of rows that are written. */
function counted(writer: ChunkWriter, totals: Totals): ChunkWriter {
  const write = writer.write.bind(writer);
  writer.write = (bytes: Buffer): Promise<void> => {
    totals.bytes += bytes.length;
    return write(bytes);
  };
  return writer;
}

/** The target refused data (SQLSTATE classes 22 and 23), which a bisection can locate. */
function isRefusal(error: unknown): error is CaravanFailure {
  if (!(error instanceof CaravanFailure)) return false;
  return error.code === 'ROW_REFUSED' || /^2[23]/.test(error.facts.sqlstate ?? '');
}
