import { Pace } from './pace.js';
import type { PaceParts } from './pace.js';

/** The paces of one process, by migration: made by the first who reads, stopped by the last. */
export class Pacer {
  readonly #paces = new Map<string, { readonly pace: Pace; readonly ready: Promise<void>; readers: number }>();

  /** `end` gives it back. */
  async hold(migrationId: string, parts: PaceParts): Promise<{ readonly pace: Pace; readonly end: () => void }> {
    const held = this.#paces.get(migrationId) ?? this.#make(migrationId, parts);
    held.readers += 1;
    const end = (): void => {
      held.readers -= 1;
      if (held.readers > 0) return;
      held.pace.stop();
      if (this.#paces.get(migrationId) === held) this.#paces.delete(migrationId);
    };
    try {
      await held.ready;
    } catch (error) {
      end();
      throw error;
    }
    return { pace: held.pace, end };
  }

  #make(migrationId: string, parts: PaceParts) {
    const pace = new Pace(migrationId, parts);
    const made = { pace, ready: pace.start(), readers: 0 };
    made.ready.catch(() => undefined);
    this.#paces.set(migrationId, made);
    return made;
  }
}
