import { CaravanFailure } from '../contracts/failures.js';
import type { ExistingSnapshot } from '../databases/existing.js';
import type { Snapshot, Source } from '../databases/source.js';

interface Held {
  readonly migrationId: string;
  readonly source: Source;
  readonly snapshot: Snapshot;
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
