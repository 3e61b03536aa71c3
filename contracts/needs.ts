import type { PlanView } from './messages.js';
import type { Finding, Progress, Question } from './migration.js';

/** What a migration that waits may wait for. */
export interface Waiting {
  readonly progress: Pick<Progress, 'phase' | 'status'>;
  readonly plan: PlanView | null;
  readonly questions: readonly Question[];
  readonly findings: readonly Finding[];
  /** Business rules that were found and that nobody decided about; absent: none. */
  readonly rules?: number;
}

/** A need of a person, with the exact commands that meet it: the same words in a terminal and in the Web UI. */
export interface Need {
  /** The same for the same need, so that it is told once. */
  readonly id: string;
  readonly text: string;
  readonly commands: readonly NeedCommand[];
}

export interface NeedCommand {
  readonly command: string;
  readonly note?: string;
}

export function needsOf(migrationId: string, waiting: Waiting): Need[] {
  if (waiting.progress.status !== 'waiting') return [];
  const id = shellWord(migrationId);
  const questions = waiting.questions.filter((question) => question.answer === undefined);
  if (questions.length > 0) return questions.map((question) => questionNeed(id, question));
  const { plan, progress } = waiting;
  if (progress.phase === 'planning' && plan !== null) return [approvalNeed(id, plan, waiting.rules)];
  return waiting.findings
    .filter(({ disposition }) => disposition === 'open')
    .map((finding) => findingNeed(id, finding));
}

function questionNeed(id: string, question: Question): Need {
  return {
    id: `question ${question.id}`,
    text: `Question: ${question.text} (until ${question.deadline})`,
    commands: question.options.map((option) => ({
      command: `caravan answer ${id} ${shellWord(question.id)} ${shellWord(option)}`,
      ...(option === question.default && { note: 'the default' }),
    })),
  };
}

function approvalNeed(id: string, plan: PlanView, rules = 0): Need {
  const found = `${String(rules)} business rule${rules === 1 ? '' : 's'} found; none is enforced until you accept it`;
  return {
    id: `approval ${plan.planHash}`,
    text: `The plan waits for approval (hash ${plan.planHash}).`,
    commands: [
      { command: `caravan approve ${id}` },
      { command: `caravan reject ${id} --reason TEXT` },
      { command: `caravan plan --show ${id}`, note: 'to read it' },
      ...(rules === 0 ? [] : [{ command: `caravan rules ${id}`, note: found }]),
    ],
  };
}

function findingNeed(id: string, finding: Finding): Need {
  return {
    id: `finding ${finding.id}`,
    text: `Finding: ${finding.code} on ${finding.object}, ${times(finding.count)}. ${finding.detail}`,
    commands: [
      { command: `caravan accept ${id} ${shellWord(finding.id)} --reason TEXT` },
      { command: `caravan cancel ${id}`, note: 'undoes the migration' },
    ],
  };
}

function times(count: number): string {
  return count === 1 ? 'once' : `${String(count)} times`;
}

/** A text as one word of a shell command. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
