/**
 * What an agent is to the engine: any Temporal worker, in any language, that registered and polls its own task queue.
 * It serves one activity type, `runTask`. Names are recorded and published: never renamed.
 */
export const RUN_TASK = 'runTask';

/** Input of `runTask`. JSON, at most `TASK_BYTES_MAX`. */
export interface RunTask {
  /** UUID. */
  readonly executionId: string;
  /** Id in the definition; an instance of a `for_each` task has `[index]` behind it. */
  readonly taskId: string;
  /** 1 for the first attempt; the engine's count, over all agents that tried. */
  readonly attempt: number;
  /** Type of the agent, as the definition names it. */
  readonly agentType: string;
  /** The task's input, its references resolved. */
  readonly input: unknown;
  readonly context: RunTaskContext;
}

export interface RunTaskContext {
  /** UUID of the definition. */
  readonly workflowId: string;
  readonly workflowName: string;
  /** The definition's name of this agent ("researcher"). */
  readonly agent: string;
  /** `compensate`: undo what the task did; `output` is what it gave, null when it never answered. */
  readonly purpose: 'run' | 'compensate' | 'judge' | 'message' | 'sample';
  readonly output?: unknown;
  /** Of `compensate`: the idempotency key of the work to undo. Work under it that comes later is to be refused. */
  readonly undoes?: string;
  /** Same for every attempt of this task: the key under which an effect must happen once. */
  readonly idempotencyKey: string;
  /** Of a task that several agents do at once, or that runs for each item of a list: which part this is, from 0. */
  readonly part?: unknown;
  /** Id of the task that this one does a part of. */
  readonly partOf?: string;
  /** Carried from agent to agent by the patterns `handoff` and `network`. */
  readonly shared?: unknown;
}

/** Result of `runTask`. */
export interface TaskOutput {
  readonly output: unknown;
}

/** Most bytes of a task's input or output as JSON; larger things go by reference. */
export const TASK_BYTES_MAX = 256 * 1024;

/** What an agent can be given; `cpu` in thousandths of a core, `memory` in bytes. */
export interface AgentResources {
  readonly cpu?: number;
  readonly memory?: number;
}

export interface AgentRegistration {
  readonly id: string;
  readonly type: string;
  readonly capabilities: readonly string[];
  readonly version: string;
  /** The Temporal task queue that this agent polls, and no other. */
  readonly taskQueue: string;
  readonly resources: AgentResources;
  /** How often, in seconds, it heartbeats while it does a task. Default: it does not. See `HEARTBEATS_MISSED`. */
  readonly heartbeatSeconds?: number;
}

/** An agent that was silent for so many of its heartbeats does not do the task, though its lease holds. */
export const HEARTBEATS_MISSED = 3;
/** Most seconds between two heartbeats of a task. */
export const HEARTBEAT_SECONDS_MAX = 3600;

export interface RegisteredAgent extends AgentRegistration {
  /** ISO 8601. */
  readonly registeredAt: string;
  readonly lastHeartbeatAt: string;
  /** It is given no task after this time, unless it says again that it lives. */
  readonly leaseUntil: string;
}

/** An agent that an execution holds. */
export interface AllocatedAgent {
  readonly agentId: string;
  /** The definition's name of the agents it stands for. */
  readonly agent: string;
  readonly type: string;
  readonly taskQueue: string;
  readonly heartbeatSeconds?: number;
}

/** Agents that Caravan's own workers play; their tasks run on the control queue. */
export const BUILT_IN_AGENTS = ['http', 'sql', 'human'] as const;
export type BuiltInAgent = (typeof BUILT_IN_AGENTS)[number];

export function isBuiltIn(type: string): type is BuiltInAgent {
  return (BUILT_IN_AGENTS as readonly string[]).includes(type);
}

/** Seconds without a word after which a registration is forgotten (RG-3). */
export const AGENT_FORGOTTEN_SECONDS = 300;
