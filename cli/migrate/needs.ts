import type { PlanView } from '../../contracts/messages.js';
import type { Finding, Progress, Question } from '../../contracts/migration.js';
import { printable, shellWord } from '../text-table.js';

/** What a migration that waits may wait for. */
export interface Waiting {
  readonly progress: Progress;
  readonly plan: PlanView | null;
  readonly questions: readonly Question[];
  readonly findings: readonly Finding[];
}

/** A need of a person, with the exact commands that meet it. */
export interface Need {
  /** The same for the same need, so that it is told once. */
  readonly id: string;
  readonly lines: readonly string[];
}

export function needsOf(migrationId: string, waiting: Waiting): Need[] {
  if (waiting.progress.status !== 'waiting') return [];
  const id = shellWord(migrationId);
  const questions = waiting.questions.filter((question) => question.answer === undefined);
  if (questions.length > 0) return questions.map((question) => questionNeed(id, question));
  const { plan, progress } = waiting;
  if (progress.phase === 'planning' && plan !== null) return [approvalNeed(id, plan)];
  return waiting.findings
    .filter(({ disposition }) => disposition === 'open')
    .map((finding) => findingNeed(id, finding));
}

function questionNeed(id: string, question: Question): Need {
  const options = question.options.map(
    (option) =>
      `  caravan answer ${id} ${shellWord(question.id)} ${shellWord(option)}${option === question.default ? '    (the default)' : ''}`,
  );
  return {
    id: `question ${question.id}`,
    lines: ['', `Question: ${printable(question.text)} (until ${question.deadline})`, ...options],
  };
}

function approvalNeed(id: string, plan: PlanView): Need {
  return {
    id: `approval ${plan.planHash}`,
    lines: [
      '',
      `The plan waits for approval (hash ${plan.planHash}).`,
      `  caravan approve ${id}`,
      `  caravan reject ${id} --reason TEXT`,
      `  caravan plan --show ${id}    (to read it)`,
    ],
  };
}

function findingNeed(id: string, finding: Finding): Need {
  const what = `${finding.code} on ${printable(finding.object)}, ${String(finding.count)} times`;
  return {
    id: `finding ${finding.id}`,
    lines: [
      '',
      `Finding: ${what}. ${printable(finding.detail)}`,
      `  caravan accept ${id} ${shellWord(finding.id)} --reason TEXT`,
      `  caravan cancel ${id}    (undoes the migration)`,
    ],
  };
}
