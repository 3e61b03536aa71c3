import { CancellationScope, allHandlersFinished, condition, isCancellation } from '@temporalio/workflow';
import type { OpenedMigration } from '../../contracts/activities.js';
import type { FailureReport } from '../../contracts/failures.js';
import type { FinalStatus, MigrationResult } from '../../contracts/migration.js';
import type { MigrationStart } from '../../contracts/migration.schema.js';
import type { DiscoveryResult, ExecutionResult, PlanningResult, VerificationResult } from '../../contracts/phases.js';
import { failure, failureFromReport, reportFailure, undoIncomplete } from '../kit/failures.js';
import { architect, builder, meta, undoer, worker } from '../kit/profiles.js';
import { orShortage } from '../kit/shortages.js';
import { closeProof, comparePosition } from '../kit/proof-snapshot.js';
import { Saga } from '../kit/saga.js';
import { refusedBeforeAnything, settleFailed } from './failed-tables.js';
import type { FailedStory } from './failed-tables.js';
import { movedChoice, positionFinding, sourceMovedQuestion } from './source-moved.js';
import type { MovedChoice } from './source-moved.js';
import { Reconciliation } from './reconciliation.js';
import { checkLate } from './rules.js';
import { mended } from './schema-drift.js';
import { closeShortages, shortageOf, waitForServer } from './shortage.js';
import { Stage } from './stage.js';
import { caughtUpNote, endingNotes, statusOf, unequalCode } from './status.js';

/** Who approves what CARAVAN_AUTO_APPROVE_RISK allows. */
const POLICY = 'policy';

/** The parent: five phases, one saga, one pivot. Everything that people say to a migration comes here. */
export class Migration {
  readonly #start: MigrationStart;
  readonly #stage = new Stage();
  readonly #id = this.#stage.id;
  readonly #state = this.#stage.state;
  readonly #teller = this.#stage.teller;
  readonly #saga = new Saga();
  #opened!: OpenedMigration;
  #discovery: DiscoveryResult | undefined;
  #planning: PlanningResult | undefined;
  #execution: ExecutionResult | undefined;
  #proof: VerificationResult | undefined;
  /** The plan on its way to its query; does not reject. */
  #reading: Promise<void> | undefined;
  /** Where the source stood when it was last compared with S2. */
  #position = 'unknown';
  #touched = false;
  /** Of the proof. */
  #round = 0;
  /** Promotion was tried, and the target had not what it needs. */
  #refused = false;
  readonly #reconciliation: Reconciliation;

  constructor(start: MigrationStart) {
    this.#start = start;
    this.#reconciliation = new Reconciliation({
      migrationId: this.#id,
      state: this.#state,
      planning: () => this.#planned(),
      deadline: () => this.#deadline(),
      tell: ({ id, text }) => {
        this.#teller.tell('question', id, text);
      },
      onAmended: async (planning) => {
        await this.#readPlan(planning);
        this.#planning = planning;
      },
    });
  }

  async run(): Promise<MigrationResult> {
    try {
      this.#opened = await this.#stage.open(this.#start, 'The migration has started.');
      const status = await this.#story();
      return await this.#finish(status);
    } catch (error) {
      if (this.#saga.pivoted) throw error;
      return await this.#compensate(error);
    }
  }

  /** The story: each line is a phase or a decision. */
  async #story(): Promise<FinalStatus> {
    const discovery = await this.#stage.phase('discovery', () => this.#discover());
    this.#discovery = discovery;
    await this.#settleQuestions();
    this.#planning = await this.#stage.phase('planning', () => this.#plan(discovery));
    if (this.#opened.input.dryRun) return 'planned';
    await this.#settleApproval();
    await this.#state.book.settled();
    this.#execution = await this.#stage.phase('execution', () => this.#execute());
    for (let proof = await this.#prove(); !(await this.#promoted(proof));) proof = await this.#prove();
    return this.#exceptions() === 0 ? 'proven' : 'proven_with_exceptions';
  }

  async #discover(): Promise<DiscoveryResult> {
    const result = await this.#stage.child<DiscoveryResult>('discovery', {
      migrationId: this.#id,
      deadline: this.#deadline(),
    });
    this.#state.questions.push(...result.questions);
    return result;
  }

  /** Ambiguous structures are decided by a person, by `yes`, or at the deadline by their defaults. */
  async #settleQuestions(): Promise<void> {
    const { yes, dryRun } = this.#opened.input;
    const open = this.#state.openQuestions();
    if (open.length === 0) return;
    if (!yes && !dryRun) {
      this.#teller.tell('question', 'questions', `${String(open.length)} question(s) wait for an answer.`);
      await this.#wait('answers', () => this.#state.openQuestions().length === 0);
    }
    for (const question of this.#state.openQuestions()) {
      if (question.default !== undefined) this.#state.answer(question.id, question.default, yes ? '--yes' : 'default');
      else if (!dryRun) throw failure('QUESTION_WITHOUT_DEFAULT', `Question "${question.id}".`);
    }
  }

  async #plan(discovery: DiscoveryResult): Promise<PlanningResult> {
    const planning = await this.#stage.child<PlanningResult>('planning', {
      migrationId: this.#id,
      catalogueId: discovery.catalogueId,
      answers: this.#state.answers(),
      given: this.#opened.input.plan,
    });
    this.#state.totalRows = planning.totalRows;
    this.#state.addFindings(planning.findings);
    this.#state.book.propose(planning.rules ?? []);
    if (planning.estimatedSeconds !== null) {
      this.#state.notes.push(`copy estimated at ${String(planning.estimatedSeconds)} s from earlier migrations`);
    }
    const reading = this.#readPlan(planning);
    // Under `yes` nobody reads the plan before it is approved: the copy does not wait for it.
    if (this.#opened.input.yes && !this.#opened.input.dryRun) this.#reading = reading.catch(() => undefined);
    else await reading;
    return planning;
  }

  async #readPlan({ planId, planHash }: Pick<PlanningResult, 'planId' | 'planHash'>): Promise<void> {
    const { yaml } = await architect('read the plan for its query').readPlan({ planId, migrationId: this.#id });
    this.#state.plan = { planId, planHash, yaml };
  }

  async #settleApproval(): Promise<void> {
    const planning = this.#planned();
    const state = this.#state;
    if (this.#opened.input.yes) state.decision ??= { approved: true, by: '--yes' };
    else if (planning.autoApproved && planning.unverifiable === 0) state.decision ??= { approved: true, by: POLICY };
    if (state.decision === undefined) {
      this.#teller.tell('question', 'approval', `The plan waits for approval: ${planning.planHash}.`);
      await this.#wait('approval of the plan', () => state.decision !== undefined);
    }
    const { decision } = state;
    if (decision === undefined) throw failure('DEADLINE_PASSED', 'The plan was neither approved nor rejected.');
    if (!decision.approved) throw failure('PLAN_REJECTED', `By ${decision.by}.`);
    this.#state.decided({ what: 'plan approved', on: planning.planHash, by: decision.by, reason: decision.reason });
    const risk = decision.by === POLICY ? `, its risk is ${String(planning.risk)}` : '';
    state.notes.push(`plan approved by \`${decision.by.replaceAll('`', "'")}\`${risk}`);
  }

  /** Undo is registered before the child that will need it, from the plan: every task of the slice builds in the shadow. */
  async #execute(): Promise<ExecutionResult> {
    this.#touched = true;
    this.#saga.register({
      name: 'drop the shadow',
      undo: () => undoer('undo: drop the shadow').undoShadow({ migrationId: this.#id }),
    });
    this.#state.copyStartedMs = Date.now();
    const positions = new Set<string | undefined>();
    for (let round = 1; ; round += 1) {
      const { planId } = this.#planned();
      const input = { migrationId: this.#id, planId, paused: this.#state.paused, catalogueId: this.#catalogueId };
      const result = await this.#stage.child<ExecutionResult>('execution', input, round);
      this.#state.addFindings(result.findings);
      positions.add(result.copiedAt);
      const shortage = shortageOf(result.failed);
      closeShortages(this.#state, shortage?.code);
      if (result.failed.length === 0) {
        this.#state.copyEndedMs = Date.now();
        // Chunks of an earlier round may have read an older state of the source.
        return positions.size === 1 ? result : { ...result, copiedAt: undefined };
      }
      const refused = refusedBeforeAnything(result.failed, round);
      if (refused !== undefined) {
        this.#touched = false;
        throw failureFromReport(refused);
      }
      if (shortage === undefined) await settleFailed(this.#failedStory(), result.failed, round);
      else await waitForServer(this.#failedStory(), result.failed);
    }
  }

  #failedStory(): FailedStory {
    return {
      migrationId: this.#id,
      asks: !this.#opened.input.yes,
      deadline: this.#deadline(),
      state: this.#state,
      planning: this.#planned(),
      tell: ({ id, text }) => {
        this.#teller.tell('question', id, text);
      },
      wait: (decided, longestMs) => this.#wait('an answer', decided, longestMs),
      onReduced: (planning) => {
        this.#planning = planning;
      },
    };
  }

  /** Proves against S2 until the source stands still, or the policy says otherwise. Returns the S2 that holds. */
  async #prove(): Promise<VerificationResult> {
    for (;;) {
      const round = (this.#round += 1);
      const { planId, views } = this.#planned();
      const plan = { migrationId: this.#id, planId, round, catalogueId: this.#catalogueId, views };
      await this.#state.book.settled();
      this.#state.book.beginCheck();
      const proof = await this.#mended(round, () =>
        this.#stage.phase('verification', () => {
          const input = { ...plan, paused: this.#state.paused, copiedAt: this.#execution?.copiedAt };
          return this.#stage.child<VerificationResult>('verification', input, round);
        }),
      );
      if (proof === undefined) continue;
      closeShortages(this.#state);
      this.#proof = proof;
      if (proof.caughtUp !== undefined) this.#state.notes.push(caughtUpNote(proof.caughtUp));
      this.#state.addFindings(proof.findings);
      this.#reconciliation.settle(proof);
      this.#state.forgetChecks(proof);
      this.#teller.alert(proof.findings, round);
      if (!proof.equal) throw failure(unequalCode(proof.findings), 'See the findings.');
      if ((await this.#settleProof(proof, round)) === 'go') return proof;
      await closeProof(this.#id, proof.snapshot);
    }
  }

  /** Findings are accepted, the source stands still, and every rule that is accepted was looked at. */
  async #settleProof(proof: VerificationResult, round: number): Promise<'go' | 'again'> {
    for (;;) {
      if ((await this.#settleFindings(round)) === 'again') return 'again';
      if ((await this.#settlePausedPosition(proof, round)) === 'again') return 'again';
      const late = await checkLate(
        this.#state,
        { migrationId: this.#id, planId: this.#planned().planId },
        proof.snapshot,
      );
      if (late === undefined) return 'go';
      if (late === 'lost') return 'again';
      this.#state.addFindings(late);
    }
  }

  get #catalogueId(): string | undefined {
    return this.#discovery?.catalogueId;
  }

  #mended<T>(round: number, work: () => Promise<T>): Promise<T | undefined> {
    return mended(() => this.#failedStory(), round, work);
  }

  /** Exceptions are accepted by a person or by `yes`, or what they are about is copied again, or the migration is undone. */
  async #settleFindings(round: number): Promise<'go' | 'again'> {
    const state = this.#state;
    if (this.#opened.input.yes) {
      for (const finding of state.openFindings()) state.acceptFinding(finding.id, '--yes', 'accepted by --yes');
    }
    const open = state.openFindings();
    if (open.length === 0) return 'go';
    const key = round === 1 ? 'findings' : `findings:${String(round)}`;
    this.#teller.tell('question', key, `${String(open.length)} finding(s) wait for acceptance.`);
    await this.#reconciliation.offer(open);
    const again = await this.#reconciliation.while(
      (decided) => this.#wait('acceptance of findings', decided),
      () => state.openFindings().length === 0,
    );
    if (again) {
      // The ledgers say what the plan before made of the source before: what they tell of is copied again.
      this.#execution = this.#execution && { ...this.#execution, copiedAt: undefined };
      return 'again';
    }
    this.#reconciliation.close();
    if (state.openFindings().length > 0) throw failure('EXCEPTIONS_REFUSED', 'Nobody accepted them in time.');
    return 'go';
  }

  /** A paused migration is not promoted; the source may move on meanwhile, so it is looked at again. */
  async #settlePausedPosition(proof: VerificationResult, round: number): Promise<'go' | 'again'> {
    for (;;) {
      await condition(() => !this.#state.paused);
      const choice = await this.#settlePosition(proof, round);
      if (choice === 'again' || !this.#state.paused) return choice;
    }
  }

  async #settlePosition(proof: VerificationResult, round: number): Promise<'go' | 'again'> {
    const { planId } = this.#planned();
    const plan = { migrationId: this.#id, planId };
    const compared = await this.#mended(round, () => comparePosition(plan, proof.snapshot));
    const { moved: seen = 'lost', position, unchecked = 0 } = compared ?? {};
    this.#position = position ?? this.#position;
    if (seen === 'lost' || unchecked > 0) return 'again';
    if (seen === 'no') return 'go';
    if (seen === 'unknown') {
      this.#state.addFindings([positionFinding('source_position_unknown', this.#start.source)]);
      return 'go';
    }
    const choice = await this.#movedChoice(round);
    if (choice === 'fail') throw failure('SOURCE_MOVED', '');
    if (choice === 'refresh') return 'again';
    this.#state.addFindings([positionFinding('source_moved', this.#start.source)]);
    return 'go';
  }

  /** `ask` asks a person; under `yes` it refreshes, and after the last round accepts as an exception. */
  async #movedChoice(round: number): Promise<MovedChoice> {
    const { onSourceMoved, yes } = this.#opened.input;
    if (onSourceMoved !== 'ask' || yes) return movedChoice(onSourceMoved, round);
    const question = sourceMovedQuestion(round, this.#deadline());
    this.#state.questions.push(question);
    this.#teller.tell('question', question.id, 'The source changed after it was proven.');
    await this.#wait('an answer', () => this.#state.answers()[question.id] !== undefined);
    return movedChoice(this.#state.answers()[question.id], round);
  }

  /**
   * False: what promotion needs was not had, and while it was waited for the source moved on, so that it is to be proven
   * again.
   */
  async #promoted(proof: VerificationResult): Promise<boolean> {
    for (;;) {
      const short = await CancellationScope.nonCancellable(() => this.#promote(proof));
      if (short === undefined) return true;
      await waitForServer(this.#failedStory(), [{ task: 'promote', table: undefined, failure: short }]);
      if ((await this.#settleProof(proof, this.#round)) === 'go') continue;
      await closeProof(this.#id, proof.snapshot);
      return false;
    }
  }

  /** The pivot. Until it returns an undo is possible; from then on only forward, for as long as it takes. */
  async #promote(proof: VerificationResult): Promise<FailureReport | undefined> {
    const { planId } = this.#planned();
    const plan = { migrationId: this.#id, planId };
    this.#stage.enter('promotion', 'running');
    await meta('freeze the evidence').freezeEvidence({
      ...plan,
      ...(this.#refused && { again: true }),
      findings: this.#state.findings,
      proof: { position: this.#position, consistent: proof.snapshot.consistent, detail: proof.snapshot.detail },
      decision: { by: this.#state.decision?.by ?? 'unknown' },
      decisions: this.#state.decisions,
    });
    const promoted = await orShortage(() => builder('put the shadow in place, in one transaction').promote(plan));
    if ('code' in promoted) {
      this.#refused = true;
      return promoted;
    }
    this.#saga.pivot();
    closeShortages(this.#state);
    this.#state.notes.push(`promoted at ${promoted.promotedAt}`);
    await closeProof(this.#id, proof.snapshot);
    await worker('keep the ledgers, drop the sidecar').archiveSidecar(plan);
    await meta('sign the certificate').signCertificate({
      ...plan,
      promotedAt: promoted.promotedAt,
      promotionLsn: promoted.lsn,
    });
    await this.#stage.phase('learning', () =>
      this.#stage.child('learning', { ...plan, catalogueId: this.#catalogueId }),
    );
    return undefined;
  }

  async #finish(status: FinalStatus, error?: FailureReport): Promise<MigrationResult> {
    return CancellationScope.nonCancellable(async () => {
      const closed = await meta('write the report').closeMigration({
        migrationId: this.#id,
        status,
        planId: this.#planning?.planId,
        findings: this.#state.findings,
        phases: this.#state.phaseSeconds,
        approvedBy: this.#state.approvedBy,
        error,
      });
      this.#teller.tell('result', 'result', `The migration ended: ${status}.`);
      this.#state.notes.push(...endingNotes(this.#result(status, closed.certificate), error));
      this.#stage.enter('done', status);
      await Promise.all([this.#reading, this.#teller.settled()]);
      await condition(allHandlersFinished);
      return this.#result(status, closed.certificate);
    });
  }

  async #compensate(error: unknown): Promise<MigrationResult> {
    const report = reportFailure(error);
    const status = statusOf(report, this.#touched);
    return CancellationScope.nonCancellable(async () => {
      this.#stage.enter(this.#state.phase, 'compensating');
      if (this.#proof !== undefined) await closeProof(this.#id, this.#proof.snapshot);
      const undone = await this.#saga.unwind();
      const complete = undone.left.length === 0 && undone.failures.length === 0;
      if (complete && status === 'failed') this.#state.notes.push('undone: nothing is left in the target');
      const told = complete ? report : undoIncomplete(report, undone);
      const result = await this.#finish(complete ? status : 'undo_incomplete', told);
      if (status === 'rejected' && complete) return result;
      if (isCancellation(error) && complete) throw error;
      throw failureFromReport(told);
    });
  }

  #result(status: FinalStatus, certificate: string | null): MigrationResult {
    return {
      migrationId: this.#id,
      status,
      planId: this.#planning?.planId,
      planHash: this.#planning?.planHash,
      tables: this.#planning?.tables ?? 0,
      rows: this.#proof?.rows ?? this.#execution?.rows ?? 0,
      quarantinedRows: this.#proof?.quarantined ?? 0,
      changedValues: this.#proof?.changed ?? 0,
      exceptions: this.#exceptions(),
      certificate,
    };
  }

  #exceptions(): number {
    return this.#state.findings.filter(({ disposition }) => disposition === 'accepted').length;
  }

  /** Waits for a person, until the deadline or so many milliseconds; resolves in all cases. */
  #wait(what: string, decided: () => boolean, longestMs = this.#opened.input.deadlineSeconds * 1000): Promise<void> {
    return this.#stage.wait(what, decided, longestMs);
  }

  #planned(): PlanningResult {
    if (this.#planning === undefined) throw new Error('there is no plan yet');
    return this.#planning;
  }

  #deadline(): string {
    return new Date(Date.now() + this.#opened.input.deadlineSeconds * 1000).toISOString();
  }
}
