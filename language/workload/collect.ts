import type { SkipReason, Workload, WorkloadQuery, WorkloadSource } from '../../contracts/workload.js';
import { classify } from './classify.js';
import type { Classed } from './classify.js';
import { placeholdersOf } from './placeholders.js';
import type { LogEntry, Recorded } from './recorded.js';
import type { Dialect } from './scan.js';
import { shapeText, shortHash } from './shape.js';

/** What is kept of a log of any length. What is more is counted, and its runs weigh on what is kept of its shape. */
export const WORKLOAD_BOUNDS = {
  /** Different shapes. */
  shapes: 10_000,
  /** Different texts of one shape. */
  textsOfShape: 20,
  /** The same of reads, while little of the room for characters is taken. */
  readsOfShape: 2_000,
  charactersForReads: 8_000_000,
  /** Characters of all texts together. */
  characters: 32_000_000,
  /** Statements of one transaction. */
  statementsOfTransaction: 1_000,
  /** Characters that are kept of a skipped one. */
  skippedCharacters: 2_000,
  /** Places of broken lines that are named. */
  brokenAt: 100,
} as const;

interface Kept {
  readonly query: Omit<WorkloadQuery, 'count' | 'seconds' | 'transaction'>;
  count: number;
  seconds: number | undefined;
  readonly order: number;
  transaction: number | undefined;
}

interface Shape {
  readonly texts: Map<string, Kept>;
  /** Runs of texts that are not kept. */
  others: number;
  class: 'read' | 'write' | 'skipped';
}

interface OpenTransaction {
  readonly writes: Write[];
  lost: number;
}

interface Write {
  readonly recorded: Recorded;
  readonly classed: Classed;
  readonly id: string;
  readonly shape: string;
}

/** Gathers the statements of a log: classed, each text once, weighed by how often it ran. */
export class Collector {
  readonly #dialect: Dialect;
  readonly #readAtMs: number;
  readonly #shapes = new Map<string, Shape>();
  readonly #open = new Map<string, OpenTransaction>();
  readonly #manual = new Set<string>();
  readonly #skipped: Partial<Record<SkipReason, number>> = {};
  readonly #brokenAt: number[] = [];
  #broken = 0;
  #statements = 0;
  #characters = 0;
  #kept = 0;
  #transactions = 0;

  constructor(dialect: Dialect, readAt: Date) {
    this.#dialect = dialect;
    this.#readAtMs = readAt.getTime();
  }

  add(entry: LogEntry): void {
    if (entry.kind === 'broken') {
      this.#broken += 1;
      if (this.#brokenAt.length < WORKLOAD_BOUNDS.brokenAt) this.#brokenAt.push(entry.line);
    } else if (entry.kind === 'closed') {
      this.#endTransaction(entry.session);
      this.#manual.delete(entry.session);
    } else this.#statement(entry);
  }

  #statement(recorded: Recorded): void {
    const times = recorded.times ?? 1;
    this.#statements += times;
    const { sql, atMs = this.#readAtMs, tooLong, binary, cut } = recorded;
    const classed = classify({
      sql,
      dialect: this.#dialect,
      atMs,
      ...(tooLong && { tooLong }),
      ...(binary && { binary }),
      ...(cut && { cut }),
    });
    this.#follow(recorded.session, classed);
    const shape = shortHash(recorded.database ?? '', shapeOf(sql, classed, this.#dialect));
    const id = shortHash(recorded.database ?? '', classed.class === 'skipped' ? shape : sql);
    const open = this.#open.get(recorded.session);
    if (classed.class === 'write' && open) {
      if (open.writes.length < WORKLOAD_BOUNDS.statementsOfTransaction)
        open.writes.push({ recorded, classed, id, shape });
      else open.lost += 1;
    } else this.#keep({ recorded, classed, id, shape });
  }

  /** Begins and ends transactions; a write outside of one stands alone. */
  #follow(session: string, { transaction, class: kind }: Classed): void {
    if (transaction === 'begin') {
      this.#endTransaction(session);
      this.#open.set(session, { writes: [], lost: 0 });
    } else if (transaction === 'end') this.#endTransaction(session);
    else if (transaction === 'autocommit off') this.#manual.add(session);
    else if (transaction === 'autocommit on') {
      this.#manual.delete(session);
      this.#endTransaction(session);
    }
    if (kind === 'write' && this.#manual.has(session) && !this.#open.has(session)) {
      this.#open.set(session, { writes: [], lost: 0 });
    }
  }

  #endTransaction(session: string): void {
    const open = this.#open.get(session);
    if (!open) return;
    this.#open.delete(session);
    const { writes, lost } = open;
    if (lost > 0) {
      this.#skip('transaction_too_long', lost + writes.length);
      return;
    }
    if (writes.length === 1 && writes[0]) this.#keep(writes[0]);
    else if (writes.length > 1) this.#keepTransaction(writes);
  }

  /** The same statements in the same order are one transaction, however often they ran. */
  #keepTransaction(writes: readonly Write[]): void {
    const whole = shortHash(...writes.map(({ id }) => id));
    const shapes = shortHash(...writes.map(({ shape }) => shape));
    const first = this.#shapes.get(`${shapes}:0`)?.texts.get(`${whole}:0`);
    // A part of a transaction is none: it is kept whole or not at all.
    if (first === undefined && !this.#hasRoom(writes, this.#shapes.get(`${shapes}:0`))) {
      this.#skip('not_kept', writes.length);
      return;
    }
    const number = first?.transaction ?? (this.#transactions += 1);
    writes.forEach((write, at) => {
      const made = { ...write, id: shortHash(whole, String(at)), shape: shortHash(shapes, String(at)) };
      this.#keep(made, { key: `${whole}:${String(at)}`, shapeKey: `${shapes}:${String(at)}`, number });
    });
  }

  #hasRoom(writes: readonly Write[], known: Shape | undefined): boolean {
    const characters = writes.reduce((sum, { recorded, classed }) => sum + recorded.sql.length + classed.run.length, 0);
    if (this.#characters + characters > WORKLOAD_BOUNDS.characters) return false;
    return known !== undefined || this.#shapes.size + writes.length <= WORKLOAD_BOUNDS.shapes;
  }

  #skip(reason: SkipReason, times: number): void {
    this.#skipped[reason] = (this.#skipped[reason] ?? 0) + times;
  }

  #keep(
    write: Write,
    inTransaction?: { readonly key: string; readonly shapeKey: string; readonly number: number },
  ): void {
    const { recorded, classed } = write;
    const times = recorded.times ?? 1;
    if (classed.reason !== undefined) this.#skip(classed.reason, times);
    const shape = this.#shapeFor(inTransaction?.shapeKey ?? write.shape, classed.class);
    if (shape === undefined) {
      if (classed.class !== 'skipped') this.#skip('not_kept', times);
      return;
    }
    const key = inTransaction?.key ?? write.id;
    const known = shape.texts.get(key);
    if (known) {
      known.count += times;
      if (recorded.seconds !== undefined) known.seconds = (known.seconds ?? 0) + recorded.seconds;
      return;
    }
    const room = this.#characters + recorded.sql.length <= WORKLOAD_BOUNDS.characters;
    if (shape.texts.size >= this.#mostTexts(classed.class) || !room) {
      if (shape.texts.size > 0) shape.others += times;
      else if (classed.class !== 'skipped') this.#skip('not_kept', times);
      return;
    }
    this.#put(shape, key, { write, times, number: inTransaction?.number });
  }

  /** A write is compared by whole tables, and a read by its answer: many of these are soon done. */
  #mostTexts(kind: Shape['class']): number {
    if (kind === 'skipped') return 1;
    const isRoomy = kind === 'read' && this.#characters < WORKLOAD_BOUNDS.charactersForReads;
    return isRoomy ? WORKLOAD_BOUNDS.readsOfShape : WORKLOAD_BOUNDS.textsOfShape;
  }

  #shapeFor(key: string, kind: Shape['class']): Shape | undefined {
    const known = this.#shapes.get(key);
    if (known) return known;
    if (this.#shapes.size >= WORKLOAD_BOUNDS.shapes) return undefined;
    const made: Shape = { texts: new Map(), others: 0, class: kind };
    this.#shapes.set(key, made);
    return made;
  }

  #put(shape: Shape, key: string, given: { write: Write; times: number; number: number | undefined }): void {
    const { recorded, classed, id, shape: shapeId } = given.write;
    const isSkipped = classed.class === 'skipped';
    const values = classed.reason === 'without_values' ? placeholdersOf(recorded.sql, this.#dialect) : undefined;
    // It is run once it has values, and is needed whole.
    const isCut = isSkipped && values === undefined;
    const sql = isCut ? recorded.sql.slice(0, WORKLOAD_BOUNDS.skippedCharacters) : recorded.sql;
    this.#characters += sql.length + classed.run.length;
    this.#kept += 1;
    shape.texts.set(key, {
      order: this.#kept,
      count: given.times,
      seconds: recorded.seconds,
      transaction: given.number,
      query: {
        id,
        shape: shapeId,
        sql,
        run: classed.run,
        translated: null,
        class: classed.class,
        ...(classed.reason !== undefined && { reason: classed.reason }),
        ...(classed.detail !== undefined && { detail: classed.detail }),
        tables: classed.tables,
        orderBy: classed.order,
        limited: classed.limited,
        synthetic: false,
        ...(values !== undefined && { placeholders: values }),
        ...(recorded.database !== undefined && { database: recorded.database }),
      },
    });
  }

  /** What is open at the end of a file has no end in the next one. */
  endOfFile(): void {
    for (const session of [...this.#open.keys()]) this.#endTransaction(session);
    this.#manual.clear();
  }

  finish(source: WorkloadSource): Workload {
    this.endOfFile();
    const kept = [...this.#shapes.values()].flatMap(weighed);
    const queries = ordered(kept);
    const total = (kind: WorkloadQuery['class']): number =>
      queries.filter((query) => query.class === kind).reduce((sum, { count }) => sum + count, 0);
    return {
      version: 1,
      source,
      dialect: this.#dialect,
      readAt: new Date(this.#readAtMs).toISOString(),
      queries,
      counts: {
        statements: this.#statements,
        read: total('read'),
        write: total('write'),
        skipped: this.#skipped,
        broken: this.#broken,
        brokenAt: this.#brokenAt,
        distinct: queries.filter((query) => query.class !== 'skipped').length,
        synthetic: 0,
      },
    };
  }
}

/** A skipped text that holds values is named by its shape; what could not even be scanned by its beginning. */
function shapeOf(sql: string, { reason }: Classed, dialect: Dialect): string {
  if (reason === 'too_long' || reason === 'cut') return shapeText(sql.slice(0, 2_000), dialect);
  return shapeText(sql, dialect);
}

/** Runs of texts that are not kept weigh on those of their shape, the first of them most. */
function weighed({ texts, others }: Shape): Kept[] {
  const kept = [...texts.values()];
  const each = Math.floor(others / Math.max(1, kept.length));
  return kept.map((one, at) => ({ ...one, count: one.count + each + (at === 0 ? others - each * kept.length : 0) }));
}

/** The weightiest first; a transaction is one, in its own order. */
function ordered(kept: readonly Kept[]): WorkloadQuery[] {
  const groups = Map.groupBy(kept, ({ transaction, order }) =>
    transaction === undefined ? `q${String(order)}` : `t${String(transaction)}`,
  );
  return [...groups.values()]
    .map((group) => group.toSorted((one, other) => one.order - other.order))
    .toSorted(
      (one, other) => (other[0]?.count ?? 0) - (one[0]?.count ?? 0) || (one[0]?.order ?? 0) - (other[0]?.order ?? 0),
    )
    .flatMap((group) =>
      group.map(({ query, count, seconds, transaction }) => ({
        ...query,
        count,
        ...(seconds !== undefined && { seconds }),
        ...(transaction !== undefined && { transaction }),
      })),
    );
}
