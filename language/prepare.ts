import { retryOf } from '../contracts/definition.js';
import type { EventRule, WorkflowAgent, WorkflowDefinition, WorkflowTask } from '../contracts/definition.js';
import type { ExecutionTask, SagaSettings, TaskCall, UndoCall } from '../contracts/executions.js';

/** Seconds of one attempt, where a task says nothing. */
const TIMEOUT_SECONDS = 600;
/** Nearest undos that a task remembers; a graph with more of them in front of one task keeps the order of these. */
const BUILDS_ON_MAX = 500;

/** The tasks of a definition as the engine runs them, in the order given: each after all it depends on. */
export function compileTasks(definition: WorkflowDefinition, order: readonly string[]): ExecutionTask[] {
  const byId = new Map(definition.tasks.map((task) => [task.id, task]));
  const undoes = sagaOf(definition) !== undefined;
  const nearest = new Map<string, readonly string[]>();
  return order.map((id) => {
    const task = byId.get(id);
    if (task === undefined) throw new Error(`the order names "${id}", which is no task`);
    const compiled = compileTask(definition, task);
    if (!undoes) return compiled;
    const buildsOn = nearestUndos(task, byId, nearest);
    nearest.set(id, buildsOn);
    return buildsOn.length === 0 ? compiled : { ...compiled, buildsOn };
  });
}

function nearestUndos(
  task: WorkflowTask,
  byId: ReadonlyMap<string, WorkflowTask>,
  nearest: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const found = new Set<string>();
  for (const id of task.depends_on) {
    if (byId.get(id)?.compensate_with !== undefined) found.add(id);
    else for (const earlier of nearest.get(id) ?? []) found.add(earlier);
    if (found.size > BUILDS_ON_MAX) break;
  }
  return [...found];
}

function compileTask(definition: WorkflowDefinition, task: WorkflowTask): ExecutionTask {
  const { agents } = definition;
  const agent = agentOf(agents, task);
  const { approval, compensate_with: undo, pattern } = task;
  return {
    id: task.id,
    dependsOn: task.depends_on,
    ...callOf(agents, agent, task),
    timeoutSeconds: task.timeout ?? TIMEOUT_SECONDS,
    retry: retryOf(task.retry_policy),
    onExhausted: task.on_exhausted ?? 'fail',
    ...present({
      when: task.when,
      forEach: task.for_each,
      parallel: task.parallel === true ? (agents[agent]?.count ?? 1) : undefined,
      onEvent: task.on_event,
      approval: approval && approvalOf(approval, task.id),
      compensateWith: undo && undoOf(agents, undo, agent),
      pivot: task.pivot,
      reversible: task.reversible,
      nested: pattern && true,
    }),
  };
}

/** By the agent that it names, or one that can all that it needs, or the task's own. */
function undoOf(
  agents: Readonly<Record<string, WorkflowAgent>>,
  undo: Exclude<WorkflowTask['compensate_with'], undefined>,
  own: string,
): UndoCall {
  const { agent, capabilities, timeout, retry_policy: retry } = undo;
  const able = capabilities === undefined ? own : agentOf(agents, { capabilities });
  return {
    ...callOf(agents, agent ?? able, undo),
    ...present({ timeoutSeconds: timeout, retry: retry && retryOf(retry) }),
  };
}

/** By name, or the first of the definition's agents that can all that the task needs. A task that is a pattern has none. */
export function agentOf(
  agents: Readonly<Record<string, WorkflowAgent>>,
  task: Pick<WorkflowTask, 'agent' | 'pattern' | 'capabilities'>,
): string {
  if (task.agent !== undefined || task.pattern !== undefined) return task.agent ?? '';
  const needed = task.capabilities ?? [];
  const able = Object.entries(agents).find(([, { capabilities }]) =>
    needed.every((name) => capabilities.includes(name)),
  );
  return able?.[0] ?? '';
}

function callOf(
  agents: Readonly<Record<string, WorkflowAgent>>,
  agent: string,
  call: { readonly action?: string | undefined; readonly input?: unknown },
): TaskCall {
  const { action, input } = call;
  const withAction = action !== undefined && (input === undefined || isObject(input));
  const given = withAction ? { action, ...input } : input;
  return { agent, agentType: agents[agent]?.type ?? '', ...(given === undefined ? {} : { input: given }) };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function approvalOf(approval: Exclude<WorkflowTask['approval'], undefined>, id: string): ExecutionTask['approval'] {
  const { text = `Approve task "${id}"?`, deadline_seconds: deadlineSeconds } = approval === true ? {} : approval;
  return { text, ...present({ deadlineSeconds }) };
}

/**
 * What is undone after a failure; undefined: nothing is. On by itself where some task says what undoes it; `forward`
 * needs no such task.
 */
export function sagaOf({
  tasks,
  fault_tolerance: tolerance,
}: WorkflowDefinition): Omit<SagaSettings, 'timeoutSeconds'> | undefined {
  const said = tolerance?.saga_pattern;
  const { compensation_enabled: isOn = true, rollback_on_failure: rollback = true, strategy, steps = [] } = said ?? {};
  const hasUndo = tasks.some(({ compensate_with: undo }) => undo !== undefined);
  if (!isOn || !(hasUndo || strategy === 'forward')) return undefined;
  return { strategy: strategy ?? 'backward', steps, rollback };
}

export function eventRulesOf({ coordination }: WorkflowDefinition): EventRule[] {
  return (coordination.event_driven ?? []).filter((rule) => typeof rule !== 'string');
}

/** Options of the pattern, and who supervises: the agent that can judge. */
export function patternOptionsOf(definition: WorkflowDefinition): Record<string, unknown> {
  const judge = Object.entries(definition.agents).find(([, { capabilities }]) => capabilities.includes('judge'));
  const supervisor = definition.orchestration_pattern === 'supervisor' ? judge?.[0] : undefined;
  return { ...present({ supervisor }), ...definition.pattern_options };
}

/**
 * A task that is itself a pattern, as a definition of its own: it may use the agents around it. What one attempt of the
 * task may take is what its execution may take; without that, as long as any.
 */
export function nestedDefinition(definition: WorkflowDefinition, taskId: string): WorkflowDefinition | undefined {
  const task = definition.tasks.find(({ id }) => id === taskId);
  if (task?.pattern === undefined) return undefined;
  const { pattern, timeout } = task;
  const { coordination, fault_tolerance, agents, name } = definition;
  return {
    ...pattern,
    name: `${name}/${taskId}`,
    agents: { ...agents, ...pattern.agents },
    coordination: { type: coordination.type },
    ...present({ fault_tolerance, timeout }),
  };
}

/** Without the fields that are undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
