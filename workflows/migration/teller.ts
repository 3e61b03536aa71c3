import { CancellationScope } from '@temporalio/workflow';
import { amani } from '../kit/profiles.js';

/** Tells people through AMANI's outbox. Nobody waits for it but the end, so that telling costs a migration no time. */
export class Teller {
  readonly #migrationId: string;
  /** None of these rejects. */
  readonly #told: Promise<unknown>[] = [];

  constructor(migrationId: string) {
    this.#migrationId = migrationId;
  }

  tell(kind: 'progress' | 'question' | 'result', group: string, text: string): void {
    const notification = { migrationId: this.#migrationId, key: group, kind, group, text, count: 1 };
    const telling = CancellationScope.nonCancellable(() => amani(`tell: ${group}`).notify(notification));
    this.#told.push(telling.catch(() => undefined));
  }

  /** Resolves when everything told so far is in the outbox. */
  async settled(): Promise<void> {
    await Promise.all(this.#told);
  }
}
