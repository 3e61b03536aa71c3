import { CancellationScope, allHandlersFinished, condition, isCancellation } from '@temporalio/workflow';
import type { DraftedComparison, OpenedMigration } from '../../contracts/activities.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { FinalStatus, MigrationResult } from '../../contracts/migration.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import type { DiscoveryResult, VerificationResult } from '../../contracts/phases.js';
import { isDifference } from '../../contracts/verification.js';
import { failure, failureFromReport, reportFailure } from '../kit/failures.js';
import { architect, meta } from '../kit/profiles.js';
import { countText, plain } from '../kit/visibility.js';
import { Stage } from './stage.js';
import type { MigrationState } from './state.js';
import { statusOf } from './status.js';

/**
 * The proof of a database that another tool moved: discovery of the source, the target held against it, both compared
 * at one state each, and the certificate. Nothing is written, so there is nothing to approve, to promote or to undo.
 */
export class Verification {
  readonly #start: MigrationStart;
  readonly #stage = new Stage();
  readonly #id = this.#stage.id;
  readonly #state = this.#stage.state;
  readonly #teller = this.#stage.teller;
  #opened: OpenedMigration | undefined;
  #drafted: DraftedComparison | undefined;
  #proof: VerificationResult | undefined;

  constructor(start: MigrationStart) {
    this.#start = start;
  }

  async run(): Promise<MigrationResult> {
    try {
      this.#opened = await this.#stage.open(this.#start, 'The proof of a database that was moved before has started.');
      return await this.#finish(await this.#story());
    } catch (error) {
      const report = reportFailure(error);
      await this.#finish(statusOf(report, false), report);
      throw isCancellation(error) ? error : failureFromReport(report);
    }
  }

  async #story(): Promise<FinalStatus> {
    const discovery = await this.#stage.phase('discovery', () => this.#discover());
    const drafted = await this.#stage.phase('planning', () => this.#draft(discovery));
    const proof = await this.#stage.phase('verification', () => this.#compare(drafted));
    this.#state.addFindings(proof.findings);
    this.#teller.alert(this.#differences(), 1);
    await this.#certify(drafted, proof);
    return this.#differences().length === 0 ? 'proven' : 'proven_with_exceptions';
  }

  /** Its questions are for migrations: here the target has decided. */
  #discover(): Promise<DiscoveryResult> {
    const deadline = new Date(Date.now() + (this.#opened?.input.deadlineSeconds ?? 0) * 1000).toISOString();
    return this.#stage.child<DiscoveryResult>('discovery', { migrationId: this.#id, deadline });
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
    const proof = await this.#stage.child<VerificationResult>('verification', input);
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
      this.#stage.enter('done', status);
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
}
