import { needsOf } from '../../contracts/needs.js';
import { showDetails, showPercent } from '../kit/visibility.js';
import type { MigrationState } from './state.js';

/** Least difference between two values of `CaravanProgress`: each costs an event. */
const STEP_PERCENT = 5;

/** What the Web UI shows of a migration. */
export class Showcase {
  readonly #migrationId: string;
  #percent = 0;

  constructor(migrationId: string) {
    this.#migrationId = migrationId;
  }

  show(state: MigrationState): void {
    const progress = state.progress();
    const { notes, plan, questions, findings } = state;
    const needs = needsOf(this.#migrationId, { progress, plan, questions, findings, rules: state.book.proposed });
    showDetails({ progress, notes, needs, findings });
    const { rows, totalRows } = progress;
    const percent = totalRows === 0 ? 0 : Math.floor((100 * rows) / totalRows / STEP_PERCENT) * STEP_PERCENT;
    if (percent <= this.#percent) return;
    this.#percent = percent;
    showPercent(percent);
  }
}
