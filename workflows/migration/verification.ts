import {
  CancellationScope,
  allHandlersFinished,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { DraftedComparison, OpenedMigration } from '../../contracts/activities.js';
import type { FailureReport } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { FinalStatus, MigrationResult, Phase } from '../../contracts/migration.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import { phaseWorkflowId } from '../../contracts/names.js';
import type { DiscoveryResult, VerificationResult } from '../../contracts/phases.js';
import { isDifference } from '../../contracts/verification.js';
import { failure, failureFromReport, reportFailure } from '../kit/failures.js';
import { setPausedSignal } from '../kit/messages.js';
import { CHILD, architect, meta } from '../kit/profiles.js';
import { Teller } from '../kit/teller.js';
import { countText, plain, showStart, showStatus } from '../kit/visibility.js';
import { listen } from './handlers.js';
import { Showcase } from './showcase.js';
import { MigrationState } from './state.js';
import { statusOf } from './status.js';

/**
 * The proof of a database that another tool moved: discovery of the source, the target held against it, both compared
 * at one state each, and the certificate. Nothing is written, so there is nothing to approve, to promote or to undo.
 */
export class Verification {
  readonly #start: MigrationStart;
  readonly #id = workflowInfo().workflowId;
  readonly #state = new MigrationState();
  readonly #showcase = new Showcase(this.#id);
  readonly #teller = new Teller(this.#id, workflowInfo().firstExecutionRunId);
  #opened: OpenedMigration | undefined;
  #drafted: DraftedComparison | undefined;
  #proof: VerificationResult | undefined;
  /** Child that must hear of pause and resume. */
  #running: string | undefined;

  constructor(start: MigrationStart) {
    this.#start = start;
    listen(this.#state, {
      onPause: (paused) => {
        this.#relayPause(paused);
      },
      onChange: () => {
        this.#show();
      },
    });
  }

  async run(): Promise<MigrationResult> {
    try {
      await this.#open();
      return await this.#finish(await this.#story());
    } catch (error) {
      const report = reportFailure(error);
      await this.#finish(statusOf(report, false), report);
      throw isCancellation(error) ? error : failureFromReport(report);
    }
  }

  async #story(): Promise<FinalStatus> {
    const discovery = await this.#phase('discovery', () => this.#discover());
    const drafted = await this.#phase('planning', () => this.#draft(discovery));
    const proof = await this.#phase('verification', () => this.#compare(drafted));
    this.#state.addFindings(proof.findings);
    this.#teller.alert(this.#differences(), 1);
    await this.#certify(drafted, proof);
    return this.#differences().length === 0 ? 'proven' : 'proven_with_exceptions';
  }

  async #open(): Promise<void> {
    const { runId, firstExecutionRunId, namespace } = workflowInfo();
    showStart(this.#start.source, this.#start.target);
    this.#enter('discovery', 'running');
    this.#opened = await meta('check input and reach both databases').openMigration({
      migrationId: this.#id,
      firstRunId: firstExecutionRunId,
      workflowRunId: runId,
      namespace,
      start: this.#start,
    });
    this.#state.throttle = { limits: this.#opened.input.limits ?? {}, by: null };
    this.#teller.tell('progress', 'started', 'The proof of a database that was moved before has started.');
  }

  /** Its questions are for migrations: here the target has decided. */
  #discover(): Promise<DiscoveryResult> {
    const deadline = new Date(Date.now() + (this.#opened?.input.deadlineSeconds ?? 0) * 1000).toISOString();
    return this.#child<DiscoveryResult>('discovery', { migrationId: this.#id, deadline });
  }

  async #draft({ catalogueId }: DiscoveryResult): Promise<DraftedComparison> {
    const drafted = await architect('hold the target against the source').draftComparison({
      migrationId: this.#id,
      catalogueId,
    });
    this.#drafted = drafted;
    this.#state.totalRows = drafted.totalRows;
    this.#state.addFindings(drafted.findings);
    const { objects, same, mapped, missing } = drafted.structure;
    const counts = `${countText(same)} the same, ${countText(mapped)} mapped, ${countText(missing)} missing`;
    this.#state.notes.push(`structure: ${countText(objects)} objects of the source; in the target ${counts}`);
    return drafted;
  }

  async #compare({ planId, views }: DraftedComparison): Promise<VerificationResult> {
    const { paused } = this.#state;
    const input = { migrationId: this.#id, planId, round: 1, paused, views, existing: true };
    const proof = await this.#child<VerificationResult>('verification', input);
    this.#proof = proof;
    return proof;
  }

  async #certify({ planId, structure }: DraftedComparison, proof: VerificationResult): Promise<void> {
    const { compared, snapshot } = proof;
    if (compared === undefined) throw failure('INTERNAL', 'The proof does not say where both sides stood.');
    const { consistent, detail } = snapshot;
    const { findings } = this.#state;
    const input = { migrationId: this.#id, planId, findings, consistent, detail, compared, structure };
    await meta('sign the certificate').certifyComparison(input);
  }

  async #finish(status: FinalStatus, error?: FailureReport): Promise<MigrationResult> {
    return CancellationScope.nonCancellable(async () => {
      const { findings, phaseSeconds: phases, notes } = this.#state;
      const planId = this.#drafted?.planId;
      const closing = { migrationId: this.#id, status, planId, findings, phases, error };
      const { certificate } = await meta('write the report').closeMigration(closing);
      this.#teller.tell('result', 'result', `The proof ended: ${status}.`);
      if (certificate !== null) notes.push(`nothing was written to the target; certificate \`${certificate}\``);
      if (error !== undefined) notes.push(plain(error.message));
      this.#enter('done', status);
      await this.#teller.settled();
      await condition(allHandlersFinished);
      return this.#result(status, certificate);
    });
  }

  #result(status: FinalStatus, certificate: string | null): MigrationResult {
    return {
      migrationId: this.#id,
      status,
      planId: this.#drafted?.planId,
      planHash: this.#drafted?.planHash,
      tables: this.#drafted?.tables ?? 0,
      rows: this.#proof?.rows ?? 0,
      quarantinedRows: 0,
      changedValues: 0,
      exceptions: this.#differences().length,
      certificate,
    };
  }

  #differences(): MigrationState['findings'] {
    return this.#state.findings.filter(isDifference);
  }

  async #phase<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    this.#enter(phase, this.#state.paused ? 'paused' : 'running');
    await condition(() => !this.#state.paused);
    const startedMs = Date.now();
    try {
      return await work();
    } finally {
      this.#state.phaseSeconds[phase] = { seconds: (Date.now() - startedMs) / 1000 };
      this.#show();
    }
  }

  async #child<T>(phase: 'discovery' | 'verification', input: unknown): Promise<T> {
    const workflowId = phaseWorkflowId(this.#id, phase);
    this.#running = workflowId;
    try {
      const options = { ...CHILD, workflowId, args: [input], staticSummary: `${phase} of ${this.#id}` };
      return (await executeChild(WORKFLOWS[phase], options)) as T;
    } finally {
      this.#running = undefined;
    }
  }

  #relayPause(paused: boolean): void {
    this.#enter(this.#state.phase, paused ? 'paused' : 'running');
    if (this.#running === undefined) return;
    // A child that has just ended needs no word.
    getExternalWorkflowHandle(this.#running)
      .signal(setPausedSignal, paused)
      .catch(() => undefined);
  }

  #enter(phase: MigrationState['phase'], status: MigrationState['status']): void {
    this.#state.phase = phase;
    this.#state.status = status;
    showStatus(phase, status);
    this.#show();
  }

  #show(): void {
    this.#showcase.show(this.#state);
  }
}
