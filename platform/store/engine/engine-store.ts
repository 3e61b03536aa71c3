import type { AgentRegistration, AllocatedAgent, RegisteredAgent } from '../../../contracts/agents.js';
import type { RetryPolicy, RetryPolicyName, WorkflowDefinition } from '../../../contracts/definition.js';
import type { OpenNested, SaveCheckpoint, TaskResult } from '../../../contracts/engine-activities.js';
import type { ExecutionStatus } from '../../../contracts/execution-states.js';
import type {
  ExecutionEvent,
  ExecutionState,
  ExecutionTask,
  PlaceRange,
  TaskPage,
} from '../../../contracts/executions.js';
import type { FailureReport } from '../../../contracts/failures.js';
import type { PatternTemplate } from '../../../contracts/patterns.js';
import type { StoredEvent } from './events.js';
import type { ExecutionProjection, TaskProjection } from './projection.js';

/** The engine's part of the store. Every write is idempotent by its key. */
export interface EngineStore {
  readonly definitions: DefinitionStore;
  readonly executions: ExecutionStore;
  readonly agents: AgentStore;
  readonly requests: RequestStore;
  readonly patterns: PatternStore;
}

/** What planning found, as it goes to whoever submitted the definition. */
export interface ValidationReport {
  readonly tasks: number;
  readonly waves: number;
  readonly criticalPath: readonly string[];
  /** Seconds. */
  readonly estimatedDuration: number;
  readonly warnings: readonly string[];
}

export interface NewDefinition {
  readonly definition: WorkflowDefinition;
  readonly hash: string;
  readonly report: ValidationReport;
  /** As the engine runs them, in the order of the plan. */
  readonly tasks: readonly ExecutionTask[];
}

export interface StoredDefinition {
  readonly workflowId: string;
  readonly ordinal: number;
  readonly definition: WorkflowDefinition;
  readonly hash: string;
  readonly report: ValidationReport;
  readonly taskCount: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DefinitionStore {
  /** A new definition with its first version. */
  create(definition: NewDefinition): Promise<string>;
  /** A new version; earlier ones stay as they are. False: no such definition. */
  revise(workflowId: string, definition: NewDefinition): Promise<boolean>;
  /** The latest version, or the one asked for. */
  get(workflowId: string, ordinal?: number): Promise<StoredDefinition | undefined>;
  list(limit: number): Promise<readonly Omit<StoredDefinition, 'definition'>[]>;
}

export interface ExecutionOptions {
  /** Seconds; default the definition's, else WORKFLOW_TIMEOUT_HOURS. */
  readonly timeout?: number;
  /** In place of those of all tasks. */
  readonly retry_policy?: RetryPolicyName | RetryPolicy;
  /** Cores and bytes that all its agents together may ask for; default no limit. */
  readonly resource_constraints?: { readonly cpu?: number; readonly memory?: number };
}

export interface ExecutionRow {
  readonly executionId: string;
  readonly workflowId: string;
  readonly ordinal: number;
  readonly parentId: string | null;
  /** In whose place it stands, with the same idempotency keys; null: its own. */
  readonly keysOf: string | null;
  readonly options: ExecutionOptions;
  /** ISO 8601. */
  readonly queuedAt: string;
  readonly admittedAt: string | null;
  readonly closedAt: string | null;
  readonly projection: ExecutionProjection;
  readonly lastSeq: number;
  readonly lastHash: string;
  readonly taskCount: number;
  readonly name: string;
  readonly pattern: string;
  readonly error: FailureReport | null;
}

export interface SilentExecution {
  readonly executionId: string;
  /** Seconds since it told something. */
  readonly seconds: number;
}

export interface NestedRow extends ExecutionRow {
  readonly part: number;
}

export type WhichTasks =
  | { readonly offset: number; readonly except?: readonly PlaceRange[] }
  | { readonly ids: readonly string[] }
  | { readonly range: PlaceRange };

export interface ExecutionStore {
  /**
   * Makes an execution of the latest version, with the id given. `started: false`: one of this definition runs
   * already, and is named; or this very id is there.
   */
  create(execution: {
    readonly executionId: string;
    readonly workflowId: string;
    readonly input: unknown;
    readonly options: ExecutionOptions;
  }): Promise<{ readonly started: boolean; readonly executionId: string }>;
  /**
   * The execution of a task that is itself a pattern, of a definition of its own: the same for the same task, until it
   * ended and did not complete. Then another one takes its place; it has the same idempotency keys, unless something
   * of the former was undone.
   */
  createNested(nested: OpenNested, definition: () => NewDefinition): Promise<string>;
  /** The newest execution of each part of a task that is itself a pattern, in the order of the parts. */
  nestedOf(
    parentId: string,
    taskId: string,
    page?: { readonly from?: number; readonly limit?: number },
  ): Promise<readonly NestedRow[]>;
  /** What the task around a nested one read as `item`, `index` and `event`. */
  scope(executionId: string): Promise<Readonly<Record<string, unknown>>>;
  get(executionId: string): Promise<ExecutionRow | undefined>;
  /** For the definition; undefined when there is none. */
  statusOf(workflowId: string): Promise<WorkflowStatus | undefined>;
  /** The newest execution of a definition. */
  latest(workflowId: string): Promise<ExecutionRow | undefined>;
  list(query: { readonly limit: number; readonly status?: ExecutionStatus }): Promise<readonly ExecutionRow[]>;
  /** Its turn, when less than `max` run and nobody waits longer. Idempotent. */
  admit(executionId: string, max: number): Promise<boolean>;
  /** Executions that wait for a turn, the longest first; at most `limit`. */
  waiting(limit: number): Promise<readonly string[]>;
  /** Executions that have their turn, and those that wait for one. */
  capacity(): Promise<{ readonly running: number; readonly queued: number }>;
  input(executionId: string): Promise<unknown>;
  /** A page from `offset` on without those at the places `except`; or the tasks with these ids, or at these places. */
  tasks(executionId: string, which: WhichTasks): Promise<TaskPage>;
  close(end: {
    readonly executionId: string;
    readonly output: unknown;
    readonly error?: FailureReport;
    readonly events: readonly ExecutionEvent[];
  }): Promise<void>;
  /**
   * An execution that was terminated is open again, and waits for its turn; one that is open stays so. To be undone, a
   * nested one that completed is as well. False: it ended by itself, or another one of its definition runs.
   */
  reopen(executionId: string, checkpointId: string, undo?: boolean): Promise<boolean>;
  /** Deletes events of executions that closed so long ago, at most 100 executions; returns how many. */
  prune(hours: number): Promise<number>;
  /** Open executions that told nothing for so long, in the order of their ids, behind `after`. */
  silent(query: {
    readonly seconds: number;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly SilentExecution[]>;
  append(executionId: string, events: readonly ExecutionEvent[]): Promise<void>;
  events(executionId: string, page: { after?: number; limit?: number }): Promise<readonly StoredEvent[]>;
  taskStates(executionId: string, limit: number): Promise<readonly (TaskProjection & { readonly taskId: string })[]>;
  /** Makes the projection again from the events; see `rebuild`. */
  rebuild(executionId: string): Promise<{ readonly brokenAt: number | null }>;
  putOutputs(executionId: string, outputs: readonly TaskResult[]): Promise<void>;
  /** Those that are there; of an execution inside another one, what is not its own is looked for around it. */
  outputs(executionId: string, taskIds: readonly string[]): Promise<readonly TaskResult[]>;
  /** The outputs of a finished execution, as it told them; null before. */
  result(executionId: string): Promise<unknown>;
  saveCheckpoint(checkpoint: Omit<SaveCheckpoint, 'events'>): Promise<string>;
  checkpoint(executionId: string, checkpointId: string): Promise<ExecutionState | undefined>;
  lastCheckpoint(executionId: string): Promise<string | undefined>;
}

/** The newest execution of a workflow as `status` tells it; read with one statement. */
export interface WorkflowStatus {
  readonly workflowId: string;
  readonly taskCount: number;
  /** Null: it was never executed. */
  readonly execution: {
    readonly executionId: string;
    readonly projection: ExecutionProjection;
    readonly admitted: boolean;
    /** ISO 8601. */
    readonly queuedAt: string;
    readonly error: FailureReport | null;
    readonly agents: readonly { readonly agent_id: string; readonly agent: string; readonly type: string | null }[];
  } | null;
}

export interface StoredPattern {
  readonly pattern: PatternTemplate;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Registered patterns, by name: one version of each, at most PATTERNS_MAX. */
export interface PatternStore {
  /** @throws CaravanFailure PATTERN_EXISTS: this version is there with another content; NOT_NOW: there are PATTERNS_MAX. */
  put(pattern: PatternTemplate): Promise<'created' | 'replaced' | 'same'>;
  /** Those that are there. */
  get(names: readonly string[]): Promise<readonly StoredPattern[]>;
  list(): Promise<readonly StoredPattern[]>;
  /** False: there was none. */
  remove(name: string): Promise<boolean>;
}

/** Answers of commands that were sent with an Idempotency-Key, for `KEPT_HOURS`. */
export interface RequestStore {
  /** Takes the key, or says what became of the request that took it. `mismatch`: that was another request. */
  begin(request: KeyedRequest): Promise<'begun' | 'busy' | 'mismatch' | KeptAnswer>;
  answer(request: KeyedRequest, answer: KeptAnswer): Promise<void>;
  /** The request had no effect: the key is free again. */
  forget(request: KeyedRequest): Promise<void>;
}

export interface KeyedRequest {
  readonly caller: string;
  readonly key: string;
  /** SHA-256 hex of all that makes the request what it is. */
  readonly hash: string;
}

export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The registry, as one who chooses agents for an execution sees it. */
export interface SeenAgents {
  readonly living: readonly RegisteredAgent[];
  /** What the execution holds. */
  readonly held: readonly AllocatedAgent[];
  /** How many executions hold each agent. */
  readonly load: ReadonlyMap<string, number>;
}

/** Some of the agents, by their ids. */
export interface AgentPage {
  readonly type?: string | undefined;
  /** Ids behind this one. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface AgentStore {
  /** Registers, or says again that it lives. True: it was not registered. */
  put(agent: AgentRegistration): Promise<boolean>;
  remove(agentId: string): Promise<boolean>;
  /** Those whose lease holds. */
  living(leaseSeconds: number, page?: AgentPage): Promise<readonly RegisteredAgent[]>;
  /** Deletes registrations that were silent for so long; returns how many. */
  forget(silentSeconds: number): Promise<number>;
  allocationOf(executionId: string): Promise<readonly AllocatedAgent[]>;
  /** How many executions hold each agent. */
  load(): Promise<ReadonlyMap<string, number>>;
  /** Replaces what the execution holds by what is chosen. No two choose at once, so each sees what the others took. */
  allocate(
    executionId: string,
    leaseSeconds: number,
    choose: (seen: SeenAgents) => readonly AllocatedAgent[],
  ): Promise<void>;
  release(executionId: string): Promise<void>;
  /** Agents that running executions hold though their lease lapsed. */
  lost(leaseSeconds: number): Promise<readonly { readonly executionId: string; readonly agentId: string }[]>;
}
