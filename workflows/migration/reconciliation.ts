import { condition, isCancellation, setHandler } from '@temporalio/workflow';
import { PAGE } from '../../contracts/activities.js';
import { FIX_OPTIONS, FIX_POLICIES } from '../../contracts/fixes.js';
import type { FixOption } from '../../contracts/fixes.js';
import type { ReconcileFinding } from '../../contracts/messages.js';
import type { Finding, Question } from '../../contracts/migration.js';
import type { PlanningResult, VerificationResult } from '../../contracts/phases.js';
import { failure, reportFailure } from '../kit/failures.js';
import { reconcileFindingUpdate } from '../kit/messages.js';
import { architect } from '../kit/profiles.js';
import { plain } from '../kit/visibility.js';
import { requireActor } from './handlers.js';
import type { MigrationState } from './state.js';

/** Times that what findings are about is copied again; then they are accepted, or the migration is not promoted. */
const MAX_RECONCILIATIONS = 5;

/** What the migration lends to this part of its story. */
interface Lent {
  readonly migrationId: string;
  readonly state: MigrationState;
  readonly planning: () => PlanningResult;
  /** When a question must be answered, ISO 8601. */
  readonly deadline: () => string;
  readonly tell: (question: Question) => void;
  /** The plan has another policy: it is the one that goes on. */
  readonly onAmended: (planning: PlanningResult) => Promise<void>;
}

/**
 * Between verification and promotion, while findings wait for acceptance, a person may have what one of them is about
 * copied again from the source as it is now, as planned or with a fix for its column. Then everything is proven again.
 */
export class Reconciliation {
  readonly #lent: Lent;
  /** Findings wait; nothing else is at work. */
  #open = false;
  /** A fix is being written into the plan. */
  #amending = false;
  #asked: ReconcileFinding | undefined;
  #rounds = 0;
  /** Findings whose answer was taken. */
  readonly #given = new Set<string>();

  constructor(lent: Lent) {
    this.#lent = lent;
    setHandler(reconcileFindingUpdate, (request) => this.#take(request), {
      description: 'Copies again what a finding is about, as planned or with a fix, and proves everything again.',
      validator: (request: ReconcileFinding) => {
        this.#check(request);
      },
    });
  }

  /**
   * The error queue: rows that failed wait in quarantine, and for each cause a person is asked once what becomes of such
   * values. Nobody need answer: whoever accepts the finding leaves its rows where they are.
   */
  async offer(open: readonly Finding[]): Promise<void> {
    const { migrationId, state, planning, deadline, tell } = this.#lent;
    const waiting = open.filter(({ code }) => code === 'rows_quarantined').slice(0, PAGE);
    const fresh = waiting.filter(({ id }) => !state.questions.some((question) => question.id === FIX + id));
    if (fresh.length === 0) return;
    const input = { migrationId, planId: planning().planId, findings: fresh.map(({ id }) => id) };
    const { offers } = await architect('what can be done about rows in quarantine').offerFixes(input);
    for (const { finding: id, options } of offers) {
      const finding = fresh.find((candidate) => candidate.id === id);
      if (finding === undefined || options.length === 0) continue;
      const question = fixQuestion(finding, options, deadline());
      state.questions.push(question);
      tell(question);
    }
  }

  /** Findings are accepted: what was not answered stays as it is. */
  close(): void {
    const { state } = this.#lent;
    for (const { id } of state.openQuestions()) if (id.startsWith(FIX)) state.answer(id, KEEP, 'default');
  }

  /** Lets people ask while `wait` waits; true: somebody did. */
  async while(wait: (decided: () => boolean) => Promise<void>, settled: () => boolean): Promise<boolean> {
    this.#open = true;
    const isAsked = (): boolean => this.#asked !== undefined || this.#answers().length > 0;
    await wait(() => isAsked() || (settled() && !this.#amending));
    this.#open = false;
    // The deadline may have passed while a fix was written.
    await condition(() => !this.#amending);
    for (const answer of this.#answers()) await this.#takeAnswer(answer);
    return this.#asked !== undefined;
  }

  /** Fixes that were given as answers, and are not in the plan yet. */
  #answers(): ReconcileFinding[] {
    return this.#lent.state.questions.flatMap(({ id, answer }) => {
      const option = FIX_OPTIONS.find((candidate) => candidate === answer?.option);
      const findingId = id.slice(FIX.length);
      if (!id.startsWith(FIX) || option === undefined || answer === undefined || this.#given.has(findingId)) return [];
      return [{ findingId, policy: FIX_POLICIES[option], by: answer.by }];
    });
  }

  /** Nobody waits for what becomes of an answer: a fix that cannot be is told in the notes. */
  async #takeAnswer(request: ReconcileFinding): Promise<void> {
    this.#given.add(request.findingId);
    try {
      if (this.#rounds >= MAX_RECONCILIATIONS) throw failure('NOT_NOW', 'It was copied again too often.');
      await this.#take(request);
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.#lent.state.notes.push(
        `the fix for \`${plain(request.findingId)}\` was not applied: ${plain(reportFailure(error).message)}`,
      );
    }
  }

  /** After the next proof: what is not found any more goes; what stays says how often it was tried. */
  settle(proof: VerificationResult): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    this.#asked = undefined;
    const { state } = this.#lent;
    const before = state.findings.length;
    const found = new Set(proof.findings.map(({ id }) => id));
    state.dropFindings(({ id, code }) => !found.has(id) && isToldAgain(code, proof));
    const gone = before - state.findings.length;
    const told = `copied again (${String(this.#rounds)} of ${String(MAX_RECONCILIATIONS)}), by \`${plain(asked.by)}\``;
    state.notes.push(`${told}: ${String(gone)} finding(s) gone`);
    const left = state.findings.find(({ id }) => id === asked.findingId);
    if (left?.disposition !== 'open') return;
    const detail = `${left.detail} It was copied again ${String(this.#rounds)} time(s), and the source still has ${String(left.count)}.`;
    state.addFindings([{ ...left, detail }]);
  }

  #check({ findingId, by }: ReconcileFinding): void {
    requireActor(by);
    const finding = this.#lent.state.findings.find(({ id }) => id === findingId);
    if (finding === undefined) throw failure('NOT_NOW', `There is no finding "${findingId}".`);
    if (!this.#open) throw failure('NOT_NOW', 'Findings are reconciled while they wait for acceptance.');
    if (this.#amending || this.#asked !== undefined) throw failure('NOT_NOW', 'It is being copied again.');
    if (this.#rounds >= MAX_RECONCILIATIONS) {
      const left = this.#lent.state.openFindings().length;
      throw failure(
        'NOT_NOW',
        `It was copied again ${String(this.#rounds)} times, and ${String(left)} finding(s) remain.`,
      );
    }
    if (!COPIED_AGAIN.includes(finding.code)) throw failure('NOT_NOW', `To copy again changes no ${finding.code}.`);
  }

  async #take(request: ReconcileFinding): Promise<void> {
    const { policy, findingId, by, reason } = request;
    if (policy !== undefined) await this.#amend(request, policy);
    this.#lent.state.decided({
      what: policy === undefined ? 'finding copied again' : 'fix applied',
      on: findingId,
      by,
      ...(policy !== undefined && { option: policyText(policy) }),
      ...(reason !== undefined && { reason }),
    });
    this.#rounds += 1;
    this.#asked = request;
  }

  /** Refused to who asks, where the column cannot take the policy; the migration goes on waiting. */
  async #amend({ findingId }: ReconcileFinding, policy: NonNullable<ReconcileFinding['policy']>): Promise<void> {
    const finding = this.#lent.state.findings.find(({ id }) => id === findingId);
    const place = finding && placeOf(finding);
    if (place === undefined) throw failure('NOT_NOW', 'There is no fix for it: it is about no column.');
    this.#amending = true;
    try {
      const { migrationId, planning, onAmended } = this.#lent;
      const before = planning();
      const input = { migrationId, planId: before.planId, ...place, policy };
      const amended = await architect(`change what becomes of ${place.cause}`).amendPlan(input);
      await onAmended({ ...before, planId: amended.planId, planHash: amended.planHash });
    } finally {
      this.#amending = false;
    }
  }
}

/** What questions about rows in quarantine begin with; the finding's id follows. */
const FIX = 'fix:';
/** The rows stay in quarantine, for their finding to be accepted. */
const KEEP = 'keep';

const DOES: Readonly<Record<FixOption, string>> = {
  null: 'NULL in their place, and an entry in the value ledger',
  remove: 'the NUL characters go, the rest of the text stays',
  decode: 'bytes that are not UTF-8 are read as cp1252',
};

function fixQuestion({ id, detail }: Finding, options: readonly FixOption[], deadline: string): Question {
  const choices = options.map((option) => `${option}: ${DOES[option]}`).join('; ');
  return {
    id: FIX + id,
    text: `${detail} What becomes of such values? ${choices}; ${KEEP}: the rows stay in quarantine.`,
    options: [...options, KEEP],
    default: KEEP,
    deadline,
  };
}

/** Findings about rows that can be others when they are read again. */
const COPIED_AGAIN: readonly Finding['code'][] = ['values_changed', 'rows_quarantined', 'foreign_key_not_valid'];

/** Does every proof tell it anew? Foreign keys are made anew only where something was copied again. */
function isToldAgain(code: Finding['code'], { repaired = false }: VerificationResult): boolean {
  return code === 'values_changed' || code === 'rows_quarantined' || (code === 'foreign_key_not_valid' && repaired);
}

/** What a finding like "values_changed:shop.person.born:zero_date" is about. */
function placeOf(finding: Finding): { object: string; cause: string } | undefined {
  const { id, code, object } = finding;
  const cause = id.slice(`${code}:${object}:`.length).replace(/^replaced:/u, '');
  return code === 'foreign_key_not_valid' || cause === '' ? undefined : { object, cause };
}

function policyText(policy: NonNullable<ReconcileFinding['policy']>): string {
  if (policy.do === 'use') return `use ${policy.value}`;
  return policy.do === 'decode' ? `decode ${policy.from}` : policy.do;
}
