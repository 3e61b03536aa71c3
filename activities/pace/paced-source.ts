import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { AskOptions, Asking, Cell } from '../../databases/asking.js';
import type { SourceLimits } from '../../contracts/migration.schema.js';
import type { TableProfile } from '../../contracts/profile.js';
import type {
  CanonicalBatch,
  KeyRange,
  Reader,
  RowBatch,
  ScanOptions,
  Snapshot,
  SnapshotOptions,
  Source,
} from '../../databases/source.js';
import type { TableMeasures } from '../../databases/measures/measures.js';
import { cancellation } from './cancellation.js';
import type { Pace } from './pace.js';

interface Parts {
  readonly source: Source;
  readonly pace: Pace;
  /** Name of the sessions that the source holds; one at first. */
  readonly lease: string;
  /** Gives the pace back. */
  readonly end: () => void;
}

/** A source that keeps to the limits of its migration, whoever reads it: the profile, the copy, the proof. */
export class PacedSource implements Source {
  readonly engine: Source['engine'];
  readonly #parts: Parts;
  #closed = false;

  constructor(parts: Parts) {
    this.engine = parts.source.engine;
    this.#parts = parts;
  }

  catalogue(): Promise<Catalogue> {
    return this.#parts.source.catalogue();
  }

  /** Statements of the server cannot be slowed down: the next one waits until this one is paid for. */
  async profile(table: CatalogueTable, options: Parameters<Source['profile']>[1]): Promise<TableProfile> {
    const { source, pace } = this.#parts;
    await pace.clear(options.signal);
    const startedMs = performance.now();
    const profile = await source.profile(table, options);
    const read = { rows: profile.rows * profile.sample, bytes: table.estimatedBytes * profile.sample };
    await pace.charge(read);
    await pace.spent({ rows: 0, bytes: 0, busyMs: performance.now() - startedMs }, options.signal);
    return profile;
  }

  chunkBounds(table: TableMapping): Promise<string[]> {
    return this.#parts.source.chunkBounds(table);
  }

  /** One session is left for what is done beside: cutting tables, looking at the source. */
  async openSnapshot({ connections, tables }: SnapshotOptions): Promise<Snapshot> {
    const { source, pace, lease } = this.#parts;
    const readers = readersOf(pace.limits, connections);
    // While several begin, one more holds the lock.
    await pace.resize(lease, readers === 1 ? 1 : readers + 1, cancellation());
    const snapshot = await source.openSnapshot({ connections: readers, tables });
    await pace.resize(lease, snapshot.connections);
    return pacedSnapshot(snapshot, { pace, lease });
  }

  async openReader(): Promise<Reader> {
    return pacedReader(await this.#parts.source.openReader(), this.#parts.pace);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { source, pace, lease, end } = this.#parts;
    try {
      await source.close();
    } finally {
      await pace.release(lease);
      end();
    }
  }
}

function readersOf({ connections: most }: SourceLimits, wanted: number): number {
  return most === undefined ? wanted : Math.max(1, Math.min(wanted, most - 1));
}

function pacedSnapshot(snapshot: Snapshot, { pace, lease }: { pace: Pace; lease: string }): Snapshot {
  const stop = pace.onLimits((limits) => {
    const readers = readersOf(limits, snapshot.connections);
    if (readers >= snapshot.connections) return;
    snapshot.shrink?.(readers).catch(() => undefined);
    // It is being brought down to this, so nobody must wait for more.
    void pace.resize(lease, readers);
  });
  return {
    consistent: snapshot.consistent,
    detail: snapshot.detail,
    position: snapshot.position,
    get connections() {
      return snapshot.connections;
    },
    lend: (work) => snapshot.lend((reader) => work(pacedReader(reader, pace))),
    moved: async () => {
      const beside = await pace.take(1, cancellation());
      try {
        return await snapshot.moved();
      } finally {
        await pace.release(beside);
      }
    },
    close: async () => {
      stop();
      await snapshot.close();
    },
  };
}

function pacedReader(reader: Reader, pace: Pace): Reader {
  return {
    read: (table: TableMapping, range: KeyRange, signal?: AbortSignal, asText?: boolean) =>
      paced(reader.read(table, range, signal, asText), rowBatchSize, { pace, signal }),
    scan: (table: TableMapping, range: KeyRange, options: ScanOptions) =>
      paced(reader.scan(table, range, options), canonicalSize, { pace, signal: options.signal }),
    ...(reader.sent && {
      sent: async (table, range, signal) => {
        const batches = await reader.sent?.(table, range, signal);
        return batches && paced(batches, canonicalSize, { pace, signal });
      },
    }),
    ...(reader.measure && { measure: (table, signal) => pacedMeasure(reader, { table, signal }, pace) }),
    ...(reader.asking && { asking: async (options) => pacedAsking(await asking(reader, options), pace) }),
  };
}

function asking(reader: Reader, options: AskOptions): Promise<Asking> {
  if (reader.asking === undefined) throw new Error('the reader takes no queries');
  return reader.asking(options);
}

/** A query cannot be slowed down while it runs: the next one waits until this one is paid for. */
function pacedAsking(asked: Asking, pace: Pace): Asking {
  return {
    ask: async (question) => {
      await pace.clear(cancellation());
      const read = { rows: 0, bytes: 0 };
      const onRow = (cells: readonly Cell[]): void => {
        read.rows += 1;
        for (const cell of cells) read.bytes += cell?.length ?? 0;
        question.onRow(cells);
      };
      const answered = await asked.ask({ ...question, onRow });
      await pace.spent({ ...read, busyMs: answered.ms }, cancellation());
      return answered;
    },
    explain: (sql) => asked.explain(sql),
    close: () => asked.close(),
  };
}

/** A statement of the server cannot be slowed down: the next one waits until this one is paid for. */
async function pacedMeasure(
  reader: Reader,
  { table, signal }: { readonly table: TableMapping; readonly signal: AbortSignal | undefined },
  pace: Pace,
): Promise<TableMeasures> {
  await pace.clear(signal);
  const startedMs = performance.now();
  const measures = await reader.measure?.(table, signal);
  if (measures === undefined) throw new Error('this source measures nothing');
  await pace.charge({ rows: measures.rows, bytes: 0 });
  await pace.spent({ rows: 0, bytes: 0, busyMs: performance.now() - startedMs }, signal);
  return measures;
}

interface Size {
  readonly rows: number;
  readonly bytes: number;
}

/** Batches at the migration's pace: the last one's time, too, is over before the end. */
async function* paced<Batch>(
  batches: AsyncIterable<Batch>,
  sizeOf: (batch: Batch) => Size,
  { pace, signal }: { pace: Pace; signal: AbortSignal | undefined },
): AsyncGenerator<Batch> {
  await pace.clear(signal);
  let startedMs = performance.now();
  for await (const batch of batches) {
    // It is another's once it is given.
    const size = sizeOf(batch);
    yield batch;
    const busyMs = performance.now() - startedMs;
    const waiting = pace.spent({ ...size, busyMs }, signal);
    if (waiting !== undefined) await waiting;
    startedMs = performance.now();
  }
}

/** From the first byte of the first field to the last of the last: fields of a batch stand in order. */
function rowBatchSize({ rows, fields, start, end }: RowBatch): Size {
  const count = rows * fields;
  let first = 0;
  while (first < count && (start[first] ?? -1) < 0) first += 1;
  let last = count - 1;
  while (last > first && (start[last] ?? -1) < 0) last -= 1;
  return { rows, bytes: Math.max(0, (end[last] ?? 0) - (start[first] ?? 0)) };
}

function canonicalSize({ rows, end }: CanonicalBatch): Size {
  return { rows, bytes: rows === 0 ? 0 : (end[rows - 1] ?? 0) };
}
