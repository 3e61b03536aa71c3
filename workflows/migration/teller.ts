import { CancellationScope } from '@temporalio/workflow';
import type { Notification } from '../../contracts/events.js';
import type { Finding } from '../../contracts/migration.js';
import { amani } from '../kit/profiles.js';

/** Objects that an alert names. */
const NAMED = 5;

/** Tells people through AMANI's outbox. Nobody waits for it but the end, so that telling costs a migration no time. */
export class Teller {
  readonly #migrationId: string;
  /** None of these rejects. */
  readonly #told: Promise<unknown>[] = [];

  constructor(migrationId: string) {
    this.#migrationId = migrationId;
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
    const notification = { migrationId: this.#migrationId, key: group, kind, group, text, count };
    const telling = CancellationScope.nonCancellable(() => amani(`tell: ${group}`).notify(notification));
    this.#told.push(telling.catch(() => undefined));
  }

  /** Resolves when everything told so far is in the outbox. */
  async settled(): Promise<void> {
    await Promise.all(this.#told);
  }
}
