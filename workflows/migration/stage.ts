import { condition, executeChild, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { OpenedMigration } from '../../contracts/activities.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { Phase } from '../../contracts/migration.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import { phaseWorkflowId } from '../../contracts/names.js';
import { setPausedSignal } from '../kit/messages.js';
import { CHILD, meta } from '../kit/profiles.js';
import { Teller } from '../kit/teller.js';
import { showStart, showStatus } from '../kit/visibility.js';
import { listen } from './handlers.js';
import { Showcase } from './showcase.js';
import { MigrationState } from './state.js';

/**
 * What every story of the workflow `migration` is played on: its state and what people say to it, phases that are child
 * workflows, pause, and what the Web UI shows.
 */
export class Stage {
  readonly id = workflowInfo().workflowId;
  readonly state = new MigrationState();
  readonly teller = new Teller(this.id, workflowInfo().firstExecutionRunId);
  readonly #showcase = new Showcase(this.id);
  /** Child that must hear of pause and resume. */
  #running: string | undefined;
  #waits = false;

  constructor() {
    listen(this.state, { onPause: (paused) => this.#relayPause(paused), onChange: () => this.#show() });
  }

  async open(start: MigrationStart, told: string): Promise<OpenedMigration> {
    const { runId, firstExecutionRunId, namespace } = workflowInfo();
    showStart(start.source, start.target);
    this.enter('discovery', 'running');
    const opened = await meta('check input and reach both databases').openMigration({
      migrationId: this.id,
      firstRunId: firstExecutionRunId,
      workflowRunId: runId,
      namespace,
      start,
    });
    this.state.throttle = { limits: opened.input.limits ?? {}, by: null };
    this.teller.tell('progress', 'started', told);
    return opened;
  }

  /** The time of a phase that is entered more than once is their sum. */
  async phase<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    this.enter(phase, this.state.paused ? 'paused' : 'running');
    await condition(() => !this.state.paused);
    const startedMs = Date.now();
    try {
      return await work();
    } finally {
      const before = this.state.phaseSeconds[phase]?.seconds ?? 0;
      this.state.phaseSeconds[phase] = { seconds: before + (Date.now() - startedMs) / 1000 };
      this.#show();
    }
  }

  async child<T>(phase: Phase, input: unknown, round = 1): Promise<T> {
    const workflowId = phaseWorkflowId(this.id, round === 1 ? phase : `${phase}/${String(round)}`);
    this.#running = workflowId;
    try {
      return (await executeChild(WORKFLOWS[phase], {
        ...CHILD,
        workflowId,
        args: [input],
        staticSummary: `${phase} of ${this.id}`,
      })) as T;
    } finally {
      this.#running = undefined;
    }
  }

  /** Waits for a person, at most so many milliseconds; resolves in all cases. */
  async wait(what: string, decided: () => boolean, longestMs: number): Promise<void> {
    this.#waits = true;
    this.enter(this.state.phase, 'waiting');
    await condition(decided, longestMs, { summary: `deadline for ${what}` });
    this.#waits = false;
    this.enter(this.state.phase, this.state.paused ? 'paused' : 'running');
  }

  enter(phase: MigrationState['phase'], status: MigrationState['status']): void {
    this.state.phase = phase;
    this.state.status = status;
    showStatus(phase, status);
    this.#show();
  }

  #relayPause(paused: boolean): void {
    // Somebody is still needed, paused or not.
    if (!this.#waits) this.enter(this.state.phase, paused ? 'paused' : 'running');
    const child = this.#running;
    if (child === undefined) return;
    // A child that has just ended needs no word.
    getExternalWorkflowHandle(child)
      .signal(setPausedSignal, paused)
      .catch(() => undefined);
  }

  #show(): void {
    this.#showcase.show(this.state);
  }
}
