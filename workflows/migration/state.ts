import type {
  Finding,
  FinalStatus,
  Phase,
  Progress,
  Question,
  RunningStatus,
  TableProgress,
  TableState,
  ThrottleView,
} from '../../contracts/migration.js';
import { limitsText } from '../../contracts/limits-text.js';
import type { MadeDecision } from '../../contracts/decisions.js';
import type { PlanView, SourceStrain, Throttle } from '../../contracts/messages.js';
import { CHECK_FINDINGS } from '../../contracts/checks.js';
import type { PhaseProgress, VerificationResult } from '../../contracts/phases.js';
import { plain } from '../kit/visibility.js';
import { RuleBook } from './rules.js';

/** Who decided about the plan, and how. */
export interface Decision {
  readonly approved: boolean;
  readonly by: string;
  readonly reason?: string;
}

/** Most tables that the parent keeps for its queries; all are in the store. */
const KEPT_TABLES = 2000;

/** What a migration knows while it runs. Changed by its story and its handlers only. */
export class MigrationState {
  phase: Phase | 'promotion' | 'done' = 'discovery';
  status: RunningStatus | FinalStatus = 'running';
  plan: PlanView | null = null;
  decision: Decision | undefined;
  paused = false;
  totalRows = 0;
  bytes = 0;
  copyStartedMs: number | undefined;
  copyEndedMs: number | undefined;
  readonly book = new RuleBook();
  readonly questions: Question[] = [];
  /** Times that was tried again what a server had no more of, by the question's id. */
  readonly tries = new Map<string, number>();
  readonly findings: Finding[] = [];
  readonly acceptances = new Map<string, { by: string; reason: string }>();
  /** Everything that was decided, in its order. */
  readonly decisions: MadeDecision[] = [];
  readonly tables = new Map<string, TableProgress>();
  readonly notes: string[] = [];
  readonly phaseSeconds: Partial<Record<Phase, { seconds: number }>> = {};

  /** The limits of the source; undefined until it is open. */
  throttle: Omit<ThrottleView, 'slowed'> | undefined;
  slowed: SourceStrain | null = null;

  limit({ limits, by }: Throttle): void {
    this.throttle = { limits, by };
    const told = limitsText(limits);
    this.notes.push(`source ${told === '' ? 'no longer limited' : `limited to ${told}`} by \`${plain(by)}\``);
  }

  /** Its beginning is told for good; how it goes on, while it does. */
  hearStrain(strain: SourceStrain): void {
    const slowed = strain.share < 1 ? strain : null;
    if (slowed !== null && this.slowed === null) this.notes.push(`slowed down by itself: ${plain(slowed.why)}`);
    this.slowed = slowed;
  }

  hear(progress: PhaseProgress): void {
    this.bytes += progress.bytes;
    for (const table of progress.tables) {
      const known = this.tables.get(table.source);
      // A proof that stopped at the first difference has counted nothing.
      const told = known !== undefined && table.totalRows === 0 ? { ...known, state: table.state } : table;
      if (known !== undefined || this.tables.size < KEPT_TABLES) this.tables.set(table.source, told);
    }
  }

  /** Says of these tables what became of them. */
  mark(sources: readonly string[], state: TableState): void {
    for (const source of sources) {
      const table = this.tables.get(source) ?? { source, rows: 0, totalRows: 0 };
      this.tables.set(source, { ...table, state });
    }
  }

  /** Its rows count no more, and what was found in it before is of no account. */
  exclude(source: string, by: string): void {
    this.tables.set(source, { source, rows: 0, totalRows: 0, state: 'excluded' });
    const others = this.findings.filter(({ object }) => object !== source && !object.startsWith(`${source}.`));
    this.findings.splice(0, this.findings.length, ...others);
    const detail = `${source} failed while it was copied, and was excluded by ${by}.`;
    const finding = { id: `table_excluded:${source}`, code: 'table_excluded', kind: 'data', object: source } as const;
    this.addFindings([{ ...finding, count: 1, disposition: 'accepted', detail }]);
  }

  get approvedBy(): string | undefined {
    return this.decision?.approved === true ? this.decision.by : undefined;
  }

  get rows(): number {
    let rows = 0;
    for (const table of this.tables.values()) rows += table.rows;
    return rows;
  }

  progress(): Progress {
    const rows = this.rows;
    const endMs = this.copyEndedMs ?? Date.now();
    const seconds = this.copyStartedMs === undefined ? 0 : Math.max(0.001, (endMs - this.copyStartedMs) / 1000);
    const rowsPerSecond = seconds === 0 ? 0 : Math.round(rows / seconds);
    const left = Math.max(0, this.totalRows - rows);
    return {
      phase: this.phase,
      status: this.status,
      rows,
      totalRows: Math.max(this.totalRows, rows),
      bytes: this.bytes,
      rowsPerSecond,
      ...this.#throttleView(),
      etaSeconds: rowsPerSecond === 0 ? null : Math.round(left / rowsPerSecond),
      ...this.#uncheckedView(),
      tables: [...this.tables.values()],
    };
  }

  /** A table that is proven equal was caught up with before. */
  #uncheckedView(): Pick<Progress, 'uncheckedChunks'> {
    let uncheckedChunks = 0;
    for (const { state, unchecked = 0 } of this.tables.values()) if (state !== 'equal') uncheckedChunks += unchecked;
    return uncheckedChunks === 0 ? {} : { uncheckedChunks };
  }

  #throttleView(): Pick<Progress, 'throttle'> {
    const { limits = {}, by = null } = this.throttle ?? {};
    if (Object.keys(limits).length === 0 && this.slowed === null) return {};
    return { throttle: { limits, by, slowed: this.slowed } };
  }

  /** Merges by id: a later look at the same thing replaces the earlier one, but an acceptance stays; what is repaired goes. */
  addFindings(findings: readonly Finding[]): void {
    const repaired = new Set(findings.flatMap(({ id, disposition }) => (disposition === 'repaired' ? [id] : [])));
    this.dropFindings(({ id }) => repaired.has(id));
    for (const finding of findings) {
      if (repaired.has(finding.id)) continue;
      const at = this.findings.findIndex((known) => known.id === finding.id);
      if (at < 0) this.findings.push(finding);
      else this.findings[at] = this.#again(finding, this.findings[at]);
    }
  }

  /** Who accepted so many has not accepted more. */
  #again(finding: Finding, known: Finding | undefined): Finding {
    if (!this.acceptances.has(finding.id) || finding.disposition !== 'open') return finding;
    if (finding.count <= (known?.count ?? 0)) return { ...finding, disposition: 'accepted' };
    this.acceptances.delete(finding.id);
    return finding;
  }

  /** What is no longer found is of no account. */
  dropFindings(isGone: (finding: Finding) => boolean): void {
    const left = this.findings.filter((finding) => !isGone(finding));
    this.findings.splice(0, this.findings.length, ...left);
  }

  /** What checks of an earlier proof found, and this one's did not. They do not run where rows differ. */
  forgetChecks({ equal, findings }: Pick<VerificationResult, 'equal' | 'findings'>): void {
    if (!equal) return;
    const told = new Set(findings.map(({ id }) => id));
    this.dropFindings(({ id, code }) => CHECK_FINDINGS.includes(code) && !told.has(id));
  }

  /** What was found of a rule that is no longer meant. */
  forgetRule(ruleId: string): void {
    const ids = [`rule_broken:${ruleId}`, `rule_differs:${ruleId}`];
    const others = this.findings.filter(({ id }) => !ids.includes(id));
    this.findings.splice(0, this.findings.length, ...others);
  }

  /** Findings that somebody must accept before promotion. */
  openFindings(): Finding[] {
    return this.findings.filter((finding) => finding.disposition === 'open');
  }

  acceptFinding(id: string, by: string, reason: string): void {
    const at = this.findings.findIndex((finding) => finding.id === id);
    const finding = this.findings[at];
    if (finding === undefined) return;
    this.findings[at] = { ...finding, disposition: 'accepted' };
    this.acceptances.set(id, { by, reason });
    this.decided({ what: 'finding accepted', on: id, by, reason });
  }

  answers(): Record<string, string> {
    const answers: Record<string, string> = {};
    for (const { id, answer } of this.questions) if (answer !== undefined) answers[id] = answer.option;
    return answers;
  }

  answerTo(id: string): Question['answer'] {
    return this.questions.find((question) => question.id === id)?.answer;
  }

  answer(id: string, option: string, by: string): void {
    const at = this.questions.findIndex((question) => question.id === id);
    const question = this.questions[at];
    if (question === undefined) return;
    this.questions[at] = { ...question, answer: { option, by } };
    this.decided({ what: 'question answered', on: id, by, option });
  }

  decided(decision: Omit<MadeDecision, 'at'>): void {
    this.decisions.push({ ...decision, at: new Date().toISOString() });
  }

  openQuestions(): Question[] {
    return this.questions.filter((question) => question.answer === undefined);
  }
}
