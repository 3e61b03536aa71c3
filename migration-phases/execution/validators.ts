import { CancellationScope, condition } from '@temporalio/workflow';
import type { InPlan } from '../../contracts/activities.js';
import { validator } from '../../workflows/kit/profiles.js';

/** How long a copy waits for KORA. Chunks that are copied without its validators are checked before promotion. */
const PATIENCE = '3 s';

/** KORA's validators on their way to the target. KORA may be away: what comes late serves the chunks after it. */
export class Validators {
  readonly #scope = new CancellationScope();
  readonly #written: Promise<unknown>;
  #over = false;
  #patience: Promise<unknown> | undefined;

  constructor(plan: InPlan) {
    const writing = (): Promise<unknown> =>
      validator('write the validators that the copy checks by').compileValidators(plan);
    this.#written = this.#scope.run(writing).finally(() => {
      this.#over = true;
    });
    this.#written.catch(() => undefined);
  }

  /** The copies may begin: KORA is waited for once, by all of them. */
  async ready(): Promise<void> {
    this.#patience ??= condition(() => this.#over, PATIENCE);
    await this.#patience;
    if (this.#over) await this.#written;
  }

  /** The proof begins with them anyhow: nobody waits here for a KORA that is still away. */
  async stop(): Promise<void> {
    this.#scope.cancel();
    await this.#written.catch(() => undefined);
  }
}
