import { CaravanFailure } from '../contracts/failures.js';
import type { ExistingSnapshot } from '../databases/existing.js';
import type { Reader, Snapshot, Source } from '../databases/source.js';
import { refuseDrift } from './drift/drift.js';
import type { Drift } from './drift/drift.js';
import type { SchemaWatch } from './drift/watch.js';

interface Held {
  readonly migrationId: string;
  readonly source: Source;
  readonly snapshot: Snapshot;
  readonly watch: SchemaWatch;
  /** What had changed when the snapshot was opened. */
  readonly drift: Drift;
  /** Only where a target that another tool made is compared with the source. */
  readonly target?: ExistingSnapshot;
}

/**
 * The snapshots that this process holds. Their names never enter a history: a workflow knows an id and the queue of
 * the one process that can use it.
 */
export class SnapshotHost {
  readonly #held = new Map<string, Held>();
  readonly #processId: string;
  #next = 1;

  constructor(processId: string) {
    this.#processId = processId;
  }

  hold(held: Held): string {
    const id = `${this.#processId}/${String(this.#next)}`;
    this.#next += 1;
    this.#held.set(id, held);
    return id;
  }

  /** SNAPSHOT_LOST when this process does not hold it (it was restarted under the same name, or it was closed). */
  get(id: string): Held {
    const held = this.#held.get(id);
    if (held !== undefined) return held;
    throw new CaravanFailure('SNAPSHOT_LOST', {
      attempted: 'use snapshot',
      on: id,
      seen: 'this process does not hold it',
    });
  }

  /** Holds the target's state beside the source's, for as long. */
  join(id: string, target: ExistingSnapshot): void {
    this.#held.set(id, { ...this.get(id), target });
  }

  /** A reader for one table; SCHEMA_DRIFT, with what changed, where it is not what was discovered. */
  async lend<T>(id: string, table: string, work: (reader: Reader) => Promise<T>): Promise<T> {
    const { source, snapshot, watch, drift } = this.get(id);
    refuseDrift(drift, table);
    return watch.named(
      source,
      () => snapshot.lend(work),
      (found) => {
        refuseDrift(found, table);
      },
    );
  }

  async close(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    await held.target?.close().catch(() => undefined);
    await held.snapshot.close().catch(() => undefined);
    await held.source.close().catch(() => undefined);
  }

  /** Migrations that a snapshot is held for; the janitor closes those of closed migrations. */
  migrations(): { id: string; migrationId: string }[] {
    return [...this.#held].map(([id, { migrationId }]) => ({ id, migrationId }));
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((id) => this.close(id)));
  }
}
