import type { EstimateSource, History, Observed, PlannerAgent, PlannerInput, PlannerTask } from './types.js';
import type { PlanProblem } from './problems.js';

/** Seconds of a task of which nothing is known, by the type of its agent. */
const DEFAULT_SECONDS: Readonly<Record<string, number>> = { http: 2, sql: 5, script: 5, llm: 20, human: 3600 };
const DEFAULT_OTHER_SECONDS = 10;

export interface Estimates {
  /** Whole milliseconds, so that sums are exact in any order. */
  readonly milliseconds: Float64Array;
  readonly sources: readonly EstimateSource[];
  readonly problems: readonly PlanProblem[];
}

/** Given, else what this task took, else what tasks of this agent type took, else a default of the type. */
export function estimateTasks(input: PlannerInput, agentOf: (position: number) => PlannerAgent | undefined): Estimates {
  const problems: PlanProblem[] = [];
  const sources: EstimateSource[] = [];
  const milliseconds = new Float64Array(input.tasks.length);
  input.tasks.forEach((task, position) => {
    const { seconds, source } = estimate(input, task, agentOf(position)?.type ?? '');
    sources.push(source);
    if (Number.isFinite(seconds) && seconds >= 0) milliseconds[position] = Math.round(seconds * 1000);
    else problems.push({ code: 'invalid_estimate', task: task.id, position, seconds });
  });
  return { milliseconds, sources, problems };
}

function estimate(
  { name, history }: { readonly name: string; readonly history?: History },
  task: PlannerTask,
  type: string,
): { seconds: number; source: EstimateSource } {
  if (task.estimateSeconds !== undefined) return { seconds: task.estimateSeconds, source: 'given' };
  const own = observed(ownValue(history?.tasks, name), task.id);
  if (own !== undefined) return { seconds: own, source: 'history of the task' };
  const others = observed(history?.agentTypes, type);
  if (others !== undefined) return { seconds: others, source: 'history of the agent type' };
  return { seconds: ownValue(DEFAULT_SECONDS, type) ?? DEFAULT_OTHER_SECONDS, source: 'default' };
}

function observed(seen: Readonly<Record<string, Observed>> | undefined, key: string): number | undefined {
  const found = ownValue(seen, key);
  return found?.p50Seconds ?? found?.meanSeconds;
}

/** A name from elsewhere may be "constructor". */
function ownValue<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
