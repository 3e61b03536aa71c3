import { CancellationScope } from '@temporalio/workflow';
import type { Notification } from '../../contracts/events.js';
import type { Finding } from '../../contracts/migration.js';
import { amani } from './profiles.js';

/** Objects that an alert names. */
const NAMED = 5;

/**
 * Tells people through AMANI's outbox, one after another, so that they come to it in their order. Nobody waits for it
 * but the end, so that telling costs a migration no time.
 */
export class Teller {
  readonly #migrationId: string;
  readonly #run: string;
  /** The last of them; never rejects. */
  #told: Promise<unknown> = Promise.resolve();

  /** `run`: the id may have been used before, and what that run told is another thing. */
  constructor(migrationId: string, run: string) {
    this.#migrationId = migrationId;
    this.#run = run;
  }

  /** One alert for each kind of finding, with its count: a million equal errors are one line (PH-18). */
  alert(findings: readonly Finding[], round: number): void {
    const groups = Map.groupBy(findings, ({ code }) => code);
    for (const [code, group] of groups) {
      const count = group.reduce((sum, finding) => sum + finding.count, 0);
      const objects = [...new Set(group.map(({ object }) => object))];
      const named = `${objects.slice(0, NAMED).join(', ')}${objects.length > NAMED ? ' …' : ''}`;
      this.tell('alert', `${code}/${String(round)}`, `${code}: ${String(count)} in ${named}.`, count);
    }
  }

  tell(kind: Notification['kind'], group: string, text: string, count = 1): void {
    const notification = { migrationId: this.#migrationId, key: `${this.#run}/${group}`, kind, group, text, count };
    const telling = (): Promise<unknown> =>
      CancellationScope.nonCancellable(() => amani(`tell: ${group}`).notify(notification));
    this.#told = this.#told.then(telling).catch(() => undefined);
  }

  /** Resolves when everything told so far is in the outbox. */
  async settled(): Promise<void> {
    await this.#told;
  }
}
