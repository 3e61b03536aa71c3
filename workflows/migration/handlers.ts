import { setHandler } from '@temporalio/workflow';
import type {
  AcceptFinding,
  AnswerQuestion,
  ApprovePlan,
  Pause,
  RejectPlan,
  Resume,
} from '../../contracts/messages.js';
import { failure } from '../kit/failures.js';
import {
  acceptFindingUpdate,
  answerQuestionUpdate,
  approvePlanUpdate,
  findingsQuery,
  pauseUpdate,
  phaseProgressSignal,
  planQuery,
  progressQuery,
  questionsQuery,
  rejectPlanUpdate,
  resumeUpdate,
} from '../kit/messages.js';
import { listenForRules } from './rules.js';
import type { MigrationState } from './state.js';
import { listenForThrottle } from './throttle.js';

export interface Reactions {
  /** Called after the pause state changed. */
  readonly onPause: (paused: boolean) => void;
  /** Called after anything else that people see changed. */
  readonly onChange: () => void;
}

/** Everything a migration hears. Set before the first await; validators are synchronous. */
export function listen(state: MigrationState, reactions: Reactions): void {
  setHandler(progressQuery, () => state.progress(), { description: 'Phase, rows, rate, ETA, and each table.' });
  setHandler(planQuery, () => state.plan, { description: 'The plan and its hash.' });
  setHandler(questionsQuery, () => state.questions, { description: 'Questions for people, and their answers.' });
  setHandler(findingsQuery, () => state.findings, { description: 'What KORA saw wrong.' });
  setHandler(phaseProgressSignal, (progress) => {
    state.hear(progress);
    reactions.onChange();
  });
  listenForThrottle(state, { requireActor, onChange: reactions.onChange });
  listenForRules(state, { requireActor, onChange: reactions.onChange });
  listenForDecisions(state, reactions);
  listenForPause(state, reactions);
}

function listenForDecisions(state: MigrationState, { onChange }: Reactions): void {
  setHandler(
    approvePlanUpdate,
    ({ by, reason }) => {
      state.decision = { approved: true, by, reason };
    },
    {
      description: 'Approves the plan with this hash.',
      validator: ({ planHash, by }: ApprovePlan) => {
        refuseSecondDecision(state, by);
        if (state.plan?.planHash !== planHash) {
          throw failure('NOT_NOW', `The plan's hash is ${state.plan?.planHash ?? '(no plan yet)'}.`);
        }
      },
    },
  );
  setHandler(
    rejectPlanUpdate,
    ({ by, reason }) => {
      state.decision = { approved: false, by, reason };
    },
    {
      description: 'Rejects the plan.',
      validator: ({ by }: RejectPlan) => {
        refuseSecondDecision(state, by);
      },
    },
  );
  setHandler(
    answerQuestionUpdate,
    ({ questionId, option, by }) => {
      state.answer(questionId, option, by);
      onChange();
    },
    {
      description: 'Answers a question.',
      validator: ({ questionId, option, by }: AnswerQuestion) => {
        requireActor(by);
        const question = state.questions.find((candidate) => candidate.id === questionId);
        if (question === undefined) throw failure('NOT_NOW', `There is no question "${questionId}".`);
        if (question.answer !== undefined) throw failure('ALREADY_DECIDED', `By ${question.answer.by}.`);
        if (!question.options.includes(option)) {
          throw failure('NOT_NOW', `Options are: ${question.options.join(', ')}.`);
        }
      },
    },
  );
  setHandler(
    acceptFindingUpdate,
    ({ findingId, by, reason }) => {
      state.acceptFinding(findingId, by, reason);
      onChange();
    },
    {
      description: 'Accepts a finding, with a reason.',
      validator: ({ findingId, by }: AcceptFinding) => {
        requireActor(by);
        const finding = state.findings.find((candidate) => candidate.id === findingId);
        if (finding === undefined) throw failure('NOT_NOW', `There is no finding "${findingId}".`);
        const winner = state.acceptances.get(findingId);
        if (winner !== undefined) throw failure('ALREADY_DECIDED', `By ${winner.by}.`);
        if (finding.disposition !== 'open')
          throw failure('NOT_NOW', `It is ${finding.disposition}: nobody must accept it.`);
      },
    },
  );
}

function listenForPause(state: MigrationState, reactions: Reactions): void {
  const change = (paused: boolean) => (): void => {
    state.paused = paused;
    reactions.onPause(paused);
  };
  setHandler(pauseUpdate, change(true), {
    description: 'Starts nothing new until resumed; what runs ends.',
    validator: ({ by }: Pause) => {
      requireActor(by);
      if (state.paused) throw failure('ALREADY_DECIDED', 'It is paused already.');
      if (state.phase === 'promotion' || state.phase === 'learning' || state.phase === 'done') {
        throw failure('NOT_NOW', 'It is past the pivot.');
      }
    },
  });
  setHandler(resumeUpdate, change(false), {
    description: 'Goes on.',
    validator: ({ by }: Resume) => {
      requireActor(by);
      if (!state.paused) throw failure('NOT_NOW', 'It is not paused.');
    },
  });
}

function refuseSecondDecision(state: MigrationState, by: string): void {
  requireActor(by);
  if (state.plan === null) throw failure('NOT_NOW', 'There is no plan yet.');
  const winner = state.decision;
  if (winner !== undefined) {
    throw failure('ALREADY_DECIDED', `The plan was ${winner.approved ? 'approved' : 'rejected'} by ${winner.by}.`);
  }
}

/** What stands in the place of a person where none decided. */
const NOBODY: readonly string[] = ['policy', '--yes', 'default'];

export function requireActor(by: unknown): void {
  if (typeof by !== 'string' || by.trim() === '') throw failure('INPUT_INVALID', 'The field "by" names who decides.');
  if (NOBODY.includes(by.trim())) throw failure('INPUT_INVALID', `"${by}" is no person.`);
}
