import type { LackReason } from './types.js';

/**
 * Why a graph cannot run. `position` is that of the task in the document. The first kinds are wrong in themselves;
 * `no_agent` and `over_quota` hold for what is available now.
 */
export type PlanProblem =
  | { readonly code: 'duplicate_task'; readonly task: string; readonly position: number }
  | {
      readonly code: 'unknown_dependency';
      readonly task: string;
      readonly position: number;
      readonly dependency: string;
    }
  | { readonly code: 'self_dependency'; readonly task: string; readonly position: number }
  | {
      readonly code: 'cycle';
      readonly position: number;
      /** In the order of running; ends where it began. */
      readonly path: readonly string[];
      /** Tasks that lie on a common cycle, those of the path counted. */
      readonly members: number;
    }
  | { readonly code: 'unknown_agent'; readonly task: string; readonly position: number; readonly agent: string }
  | {
      readonly code: 'missing_capability';
      readonly task: string;
      readonly position: number;
      readonly agent: string;
      readonly capabilities: readonly string[];
    }
  | {
      readonly code: 'task_too_large';
      readonly task: string;
      readonly position: number;
      readonly agent: string;
      readonly resource: 'cpu' | 'memory';
      readonly wanted: number;
      readonly most: number;
    }
  | {
      readonly code: 'invalid_estimate';
      readonly task: string;
      readonly position: number;
      readonly seconds: number;
    }
  | {
      readonly code: 'no_agent';
      readonly agent: string;
      readonly type: string;
      readonly reason: Exclude<LackReason, 'count' | 'quota'>;
      /** Ids of the tasks that nobody can run. */
      readonly tasks: readonly string[];
      readonly position: number;
    }
  | {
      readonly code: 'over_quota';
      readonly task: string;
      readonly position: number;
      readonly resource: 'cpu' | 'memory';
      readonly wanted: number;
      readonly most: number;
    };

export type PlanWarning =
  /** Nothing emits the event that it waits for. */
  | { readonly code: 'never_released'; readonly task: string; readonly position: number; readonly event: string }
  /** It waits, directly or not, for `because`, which is never released. */
  | { readonly code: 'unreachable'; readonly task: string; readonly position: number; readonly because: string };

/** Names of a path that are told; the whole path is in the problem. */
const TOLD = 12;

/** One sentence, without its end. */
export function describeProblem(problem: PlanProblem): string {
  switch (problem.code) {
    case 'duplicate_task':
      return `two tasks have the id "${problem.task}"`;
    case 'unknown_dependency':
      return `task "${problem.task}" depends on "${problem.dependency}", which is no task`;
    case 'self_dependency':
      return `task "${problem.task}" depends on itself: ${problem.task} → ${problem.task}`;
    case 'cycle':
      return `tasks wait for each other: ${pathText(problem.path)}`;
    case 'unknown_agent':
      return `task "${problem.task}" wants the agent "${problem.agent}", which is not declared`;
    case 'missing_capability':
      return `task "${problem.task}" wants ${problem.capabilities.map((name) => `"${name}"`).join(', ')}, which its agent "${problem.agent}" does not declare`;
    case 'task_too_large':
      return `task "${problem.task}" wants ${amountText(problem)}, and its agent "${problem.agent}" has ${String(problem.most)}`;
    case 'invalid_estimate':
      return `task "${problem.task}" has an estimate of ${String(problem.seconds)} seconds`;
    case 'no_agent':
      return `no registered agent can be "${problem.agent}" (${problem.type}): ${LACKS[problem.reason]}`;
    case 'over_quota':
      return `task "${problem.task}" wants ${amountText(problem)}, and the quota is ${String(problem.most)}`;
  }
}

const LACKS: Readonly<Record<Exclude<LackReason, 'count' | 'quota'>, string>> = {
  type: 'none has its type',
  health: 'none of its type is healthy',
  capabilities: 'none of its type has its capabilities',
  resources: 'none of its type and capabilities has its resources',
};

function amountText({ resource, wanted }: { resource: 'cpu' | 'memory'; wanted: number }): string {
  return `${String(wanted)} ${resource === 'cpu' ? 'thousandths of a core' : 'bytes of memory'}`;
}

/** `a → b → c → a`; a long one with its middle left out. */
export function pathText(path: readonly string[]): string {
  if (path.length <= TOLD) return path.join(' → ');
  const left = `… ${String(path.length - TOLD)} more …`;
  return [...path.slice(0, TOLD / 2), left, ...path.slice(-TOLD / 2)].join(' → ');
}

export function describeWarning(warning: PlanWarning): string {
  return warning.code === 'never_released'
    ? `task "${warning.task}" waits for the event "${warning.event}", which nothing emits`
    : `task "${warning.task}" never runs, for it waits for "${warning.because}"`;
}
