import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { QUERIES, SIGNALS, UPDATES } from '../../contracts/messages.js';
import type {
  AcceptFinding,
  AcceptRule,
  AnswerQuestion,
  ApprovePlan,
  DropRule,
  Pause,
  PlanView,
  ReconcileFinding,
  RejectPlan,
  Resume,
  SourceStrain,
  Throttle,
} from '../../contracts/messages.js';
import type { Finding, Progress, Question } from '../../contracts/migration.js';
import type { Rule } from '../../contracts/rules.js';
import type { PhaseProgress } from '../../contracts/phases.js';

export const approvePlanUpdate = defineUpdate<void, [ApprovePlan]>(UPDATES.approvePlan);
export const rejectPlanUpdate = defineUpdate<void, [RejectPlan]>(UPDATES.rejectPlan);
export const answerQuestionUpdate = defineUpdate<void, [AnswerQuestion]>(UPDATES.answerQuestion);
export const acceptFindingUpdate = defineUpdate<void, [AcceptFinding]>(UPDATES.acceptFinding);
export const reconcileFindingUpdate = defineUpdate<void, [ReconcileFinding]>(UPDATES.reconcileFinding);
export const pauseUpdate = defineUpdate<void, [Pause]>(UPDATES.pause);
export const resumeUpdate = defineUpdate<void, [Resume]>(UPDATES.resume);
export const acceptRuleUpdate = defineUpdate<void, [AcceptRule]>(UPDATES.acceptRule);
export const dropRuleUpdate = defineUpdate<void, [DropRule]>(UPDATES.dropRule);
export const throttleUpdate = defineUpdate<void, [Throttle]>(UPDATES.throttle);

export const progressQuery = defineQuery<Progress>(QUERIES.progress);
export const planQuery = defineQuery<PlanView | null>(QUERIES.plan);
export const questionsQuery = defineQuery<readonly Question[]>(QUERIES.questions);
export const findingsQuery = defineQuery<readonly Finding[]>(QUERIES.findings);

export const rulesQuery = defineQuery<readonly Rule[]>(QUERIES.rules);

export const phaseProgressSignal = defineSignal<[PhaseProgress]>(SIGNALS.phaseProgress);
export const sourceStrainSignal = defineSignal<[SourceStrain]>(SIGNALS.sourceStrain);
export const setPausedSignal = defineSignal<[boolean]>(SIGNALS.setPaused);
