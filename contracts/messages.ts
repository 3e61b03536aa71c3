import type { OddPolicy } from './mapping.js';
import type { SourceLimits } from './migration.schema.js';
import type { OnBroken } from './rules.js';

/** Wire names and shapes of what a migration hears and answers. All go to the parent. Recorded: never renamed. */
export interface ApprovePlan {
  readonly planHash: string;
  readonly by: string;
  readonly reason?: string;
}
export interface RejectPlan {
  readonly by: string;
  readonly reason: string;
}
export interface AnswerQuestion {
  readonly questionId: string;
  readonly option: string;
  readonly by: string;
}
export interface AcceptFinding {
  readonly findingId: string;
  readonly by: string;
  readonly reason: string;
}
/** What else than accepting may become of a finding that waits: what it is about is copied again and looked at again. */
export interface ReconcileFinding {
  readonly findingId: string;
  readonly by: string;
  readonly reason?: string;
  /** Of an odd value: what becomes of such values of its column from now on. Absent: it is copied again as planned. */
  readonly policy?: OddPolicy;
}
export interface Pause {
  readonly by: string;
  readonly reason?: string;
}
export interface Resume {
  readonly by: string;
}
export interface AcceptRule {
  readonly ruleId: string;
  readonly by: string;
  readonly reason?: string;
  /** What becomes of rows that break it; default: they are moved, and listed. */
  readonly onBroken?: OnBroken;
}
export interface DropRule {
  readonly ruleId: string;
  readonly by: string;
  readonly reason?: string;
}
export interface DecidedRule extends AcceptRule {
  readonly state: 'accepted' | 'dropped';
}
/** What a migration may take of its source from now on; the limits are replaced as a whole, `{}` lifts them. */
export interface Throttle {
  readonly limits: SourceLimits;
  readonly by: string;
}
/** Signal of the workers: the source suffers, or no longer does. */
export interface SourceStrain {
  /** Share of full speed that is left to the migration; 1: it does not suffer. */
  readonly share: number;
  /** What was seen, in words and numbers of the server's own counters. */
  readonly why: string;
}
/** Answer of the query `plan`; null before there is one. */
export interface PlanView {
  readonly planId: string;
  readonly planHash: string;
  readonly yaml: string;
}

export const UPDATES = {
  approvePlan: 'approvePlan',
  rejectPlan: 'rejectPlan',
  answerQuestion: 'answerQuestion',
  acceptFinding: 'acceptFinding',
  reconcileFinding: 'reconcileFinding',
  pause: 'pause',
  resume: 'resume',
  throttle: 'throttle',
  acceptRule: 'acceptRule',
  dropRule: 'dropRule',
} as const;

export const QUERIES = {
  progress: 'progress',
  plan: 'plan',
  questions: 'questions',
  findings: 'findings',
  rules: 'rules',
} as const;

export const SIGNALS = {
  /** Child to parent: how far tables are. */
  phaseProgress: 'phaseProgress',
  /** Workers to parent: the source suffers under the migration, or does no longer. */
  sourceStrain: 'sourceStrain',
  /** Parent to child: stop or go on dispatching. */
  setPaused: 'setPaused',
} as const;

export const WORKFLOWS = {
  migration: 'migration',
  discovery: 'discovery',
  planning: 'planning',
  execution: 'execution',
  tableCopy: 'tableCopy',
  tableGroup: 'tableGroup',
  proofGroup: 'proofGroup',
  verification: 'verification',
  learning: 'learning',
  maintenance: 'maintenance',
  graph: 'graph',
} as const;

/** Registered before use: an unknown one retries the workflow task for ever. */
export const SEARCH_ATTRIBUTES = {
  CaravanPhase: 'KEYWORD',
  CaravanStatus: 'KEYWORD',
  CaravanSource: 'KEYWORD',
  CaravanTarget: 'KEYWORD',
  CaravanNeedsHuman: 'BOOL',
  CaravanProgress: 'INT',
} as const;
