/**
 * The workflow definition language as the engine sees it: what a definition is once it is read, with every default
 * filled in and every quantity a number. Free of zod, so that workflow code may import it; the schema that a text is
 * read with stands in definition.schema.ts. Field names are those that people write.
 */
import type { TaskPhase } from './graph.js';
import type { MigrationMapping } from './mapping.js';

export const ORCHESTRATION_PATTERNS = ['supervisor', 'hierarchical', 'handoff', 'swarm', 'network', 'custom'] as const;
export type OrchestrationPattern = (typeof ORCHESTRATION_PATTERNS)[number];

export const RETRY_POLICIES = ['none', 'fixed', 'linear_backoff', 'exponential_backoff'] as const;
export type RetryPolicyName = (typeof RETRY_POLICIES)[number];

export const SAGA_STRATEGIES = ['backward', 'forward', 'parallel', 'selective', 'cascade'] as const;
export type SagaStrategy = (typeof SAGA_STRATEGIES)[number];

export const EXHAUSTED_ACTIONS = ['fail', 'compensate', 'escalate'] as const;
export type ExhaustedAction = (typeof EXHAUSTED_ACTIONS)[number];

export const INPUT_TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object'] as const;
export type InputType = (typeof INPUT_TYPES)[number];

/** Names that JavaScript gives a meaning of its own; no key and no id may have one. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export const ID_CHARACTERS = 200;
/** Tasks of one definition, those of nested patterns counted. Larger ones are read only as JSON, up to the second. */
export const TASKS_MAX = 100_000;
export const JSON_TASKS_MAX = 1_000_000;

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export interface Resources {
  /** Cores. */
  readonly cpu?: number;
  /** Bytes. */
  readonly memory?: number;
}

export interface WorkflowAgent {
  readonly type: string;
  readonly count: number;
  readonly capabilities: readonly string[];
  readonly resources?: Resources;
}

export interface RetryPolicy {
  /** Attempts in all, the first one counted. */
  readonly max_attempts: number;
  readonly initial_interval_seconds: number;
  readonly backoff_coefficient: number;
  readonly max_interval_seconds: number;
  /** Failure types that are not tried again. */
  readonly non_retryable: readonly string[];
}

/** How a named policy, or one that is written out, waits: `linear` adds the first interval each time. */
export type ResolvedRetry = RetryPolicy & { readonly growth: 'linear' | 'exponential' };

const RETRY_DEFAULTS: RetryPolicy = {
  max_attempts: 3,
  initial_interval_seconds: 1,
  backoff_coefficient: 2,
  max_interval_seconds: 60,
  non_retryable: [],
};

/** The policy of a task, resolved; a task that names none has `exponential_backoff`. */
export function retryOf(policy: WorkflowTask['retry_policy'] = 'exponential_backoff'): ResolvedRetry {
  if (typeof policy === 'object') return { ...policy, growth: 'exponential' };
  switch (policy) {
    case 'none':
      return { ...RETRY_DEFAULTS, max_attempts: 1, growth: 'exponential' };
    case 'fixed':
      return { ...RETRY_DEFAULTS, backoff_coefficient: 1, growth: 'exponential' };
    case 'linear_backoff':
      return { ...RETRY_DEFAULTS, backoff_coefficient: 1, growth: 'linear' };
    case 'exponential_backoff':
      return { ...RETRY_DEFAULTS, growth: 'exponential' };
  }
}

/** What undoes a task. Without an agent it is the task's own; `input` may refer to the task's output. */
export interface Compensation {
  readonly id?: string;
  readonly agent?: string;
  readonly action?: string;
  readonly input?: JsonValue;
  /** Seconds. */
  readonly timeout?: number;
  readonly retry_policy?: RetryPolicyName | RetryPolicy;
  readonly capabilities?: readonly string[];
  readonly resources?: Resources;
}

export interface Approval {
  readonly text?: string;
  readonly deadline_seconds?: number;
  readonly roles: readonly string[];
}

/** A graph: that of the definition, or of a task that is itself a pattern. */
export interface WorkflowGraph {
  readonly orchestration_pattern: OrchestrationPattern;
  /** Name of a registered pattern; there exactly when `orchestration_pattern` is `custom`. */
  readonly pattern?: string;
  readonly pattern_options?: Readonly<Record<string, JsonValue>>;
  /** By name. Tasks of a nested graph may also name agents of the graphs around it. */
  readonly agents: Readonly<Record<string, WorkflowAgent>>;
  readonly tasks: readonly WorkflowTask[];
}

export interface WorkflowTask {
  /** Stands in histories and events; unique in its graph. */
  readonly id: string;
  readonly description?: string;
  /** Absent only where the task is a pattern, or is allocated by its capabilities. */
  readonly agent?: string;
  readonly depends_on: readonly string[];
  readonly parallel?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly retry_policy?: RetryPolicyName | RetryPolicy;
  readonly on_exhausted?: ExhaustedAction;
  /** Texts in it may hold `${{ expression }}`. */
  readonly input?: JsonValue;
  /** Expression; the task is skipped unless it is true. */
  readonly when?: string;
  /** Expression that gives a list of at most 10,000 (`fanOutOf`); the task runs once for each `item`. */
  readonly for_each?: string;
  /** Event type that releases the task. */
  readonly on_event?: string;
  readonly capabilities?: readonly string[];
  readonly resources?: Resources;
  readonly estimate_seconds?: number;
  readonly compensate_with?: Compensation;
  /** The point of no return: behind it nothing is undone. */
  readonly pivot?: boolean;
  readonly reversible?: boolean;
  readonly approval?: true | Approval;
  /** What the agent is to do; one of TASK_ACTIONS only in a migration plan. */
  readonly action?: string;
  /** Source table, "schema.name"; only in a migration plan. */
  readonly table?: string;
  /** Only in a migration plan. */
  readonly phase?: TaskPhase;
  readonly pattern?: WorkflowGraph;
}

/** When an event of type `on` comes and `when` holds: release tasks, give one to another agent, or plan again. */
export interface EventRule {
  readonly on: string;
  readonly when?: string;
  readonly release?: readonly string[];
  readonly reroute?: { readonly task: string; readonly agent: string };
  readonly replan?: true;
}

export interface Coordination {
  readonly type: 'hybrid' | 'graph' | 'event';
  /** Texts are notes of the writer: kept, and without effect. */
  readonly event_driven?: readonly (string | EventRule)[];
  /** Notes of the writer: order comes from `depends_on`. */
  readonly graph_based?: readonly (string | Readonly<Record<string, JsonValue>>)[];
}

export interface FaultTolerance {
  readonly circuit_breaker?: { readonly failure_threshold?: number; readonly timeout_seconds?: number };
  readonly saga_pattern?: {
    readonly compensation_enabled: boolean;
    readonly rollback_on_failure: boolean;
    readonly strategy?: SagaStrategy;
    /** Tasks that `selective` undoes. */
    readonly steps?: readonly string[];
  };
}

export interface WorkflowInput {
  readonly type: InputType;
  readonly description?: string;
  readonly required: boolean;
  readonly default?: JsonValue;
}

export interface WorkflowDefinition extends WorkflowGraph {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly inputs?: Readonly<Record<string, WorkflowInput>>;
  /** Seconds for a whole execution, without the time that it is paused or waits for a person. */
  readonly timeout?: number;
  readonly coordination: Coordination;
  readonly fault_tolerance?: FaultTolerance;
  /** Both only in a migration plan. */
  readonly caravan_plan?: 1;
  readonly migration?: MigrationMapping;
}
