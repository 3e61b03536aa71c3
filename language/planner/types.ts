import type { PlanProblem, PlanWarning } from './problems.js';

export interface Resources {
  /** Thousandths of a core. */
  readonly cpu?: number;
  /** Bytes. */
  readonly memory?: number;
}

export interface PlannerTask {
  readonly id: string;
  /** Name of the agents that run it: one of the input's `agents`. */
  readonly agent: string;
  readonly dependsOn: readonly string[];
  /** How many of its agents work on it at once: `true` all of them, a number that many, default 1. */
  readonly parallel?: boolean | number;
  /** A task may ask only for what its agents declare. */
  readonly capabilities?: readonly string[];
  /** Of each agent that works on it; default: the agents' own. */
  readonly resources?: Resources;
  readonly estimateSeconds?: number;
  /** It is already one task per item. */
  readonly forEach?: boolean;
  /** It waits for this event, too. */
  readonly onEvent?: string;
  /** It runs only under this condition; planned as if it did. */
  readonly when?: string;
  /** After it there is no way back. */
  readonly pivot?: boolean;
}

export interface PlannerAgent {
  readonly name: string;
  readonly type: string;
  /** How many of them run at once. */
  readonly count: number;
  readonly capabilities: readonly string[];
  /** Of each one. */
  readonly resources: Resources;
}

/** What earlier runs took. The median is used, else the mean. */
export interface Observed {
  readonly p50Seconds?: number;
  readonly meanSeconds?: number;
  readonly p95Seconds?: number;
}

export interface History {
  /** By name of the definition, then by task id. */
  readonly tasks?: Readonly<Record<string, Readonly<Record<string, Observed>>>>;
  readonly agentTypes?: Readonly<Record<string, Observed>>;
}

export interface RegisteredAgent {
  readonly id: string;
  readonly type: string;
  readonly capabilities: readonly string[];
  /** What it has; what is not said has no limit. */
  readonly resources: Resources;
  /** 0 to 1; default 1. */
  readonly health?: number;
}

export interface Available {
  readonly agents?: readonly RegisteredAgent[];
  /** Agents of less health get no work; default 0.5. */
  readonly minHealth?: number;
  /** Of everything that runs at once; what is not said has no limit. */
  readonly quota?: Resources;
}

export interface PlannerInput {
  /** The definition's name: its history is found by it. */
  readonly name: string;
  readonly tasks: readonly PlannerTask[];
  readonly agents: readonly PlannerAgent[];
  readonly history?: History;
  readonly available?: Available;
  /** Events that something emits. Without it nothing is said about tasks that wait for events. */
  readonly events?: readonly string[];
}

export type EstimateSource = 'given' | 'history of the task' | 'history of the agent type' | 'default';

/** Times count from the start, in seconds. */
export interface PlannedTask {
  readonly id: string;
  readonly agent: string;
  readonly dependsOn: readonly string[];
  readonly wave: number;
  /** Agents that work on it at once. */
  readonly slots: number;
  readonly estimateSeconds: number;
  readonly estimateSource: EstimateSource;
  /** With the agents that there are. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** With as many agents as one likes. */
  readonly earliestSeconds: number;
  /** How much later than `earliestSeconds` it may start without the whole ending later than `unlimitedSeconds`. */
  readonly slackSeconds: number;
  readonly onEvent?: string;
  readonly pivot?: boolean;
}

/** From `atSeconds` until the next step. */
export interface ProfileStep {
  readonly atSeconds: number;
  readonly tasks: number;
  readonly cpu: number;
  readonly memory: number;
}

export interface Allocation {
  /** By the definition's order of agents; ids of registered agents, sorted. */
  readonly allocated: readonly { readonly agent: string; readonly agentIds: readonly string[] }[];
  readonly lacking: readonly LackingAgents[];
}

/** Why there are fewer than wanted: the first that holds. `count`: such agents are there, but not so many. */
export type LackReason = 'type' | 'health' | 'capabilities' | 'resources' | 'quota' | 'count';

export interface LackingAgents {
  readonly agent: string;
  readonly type: string;
  readonly wanted: number;
  readonly allocated: number;
  readonly reason: LackReason;
}

export interface PlanHints {
  /** Dependencies that hold anyway through others; null: the graph is too large to look (`REDUNDANT_WORK`). */
  readonly redundant: readonly { readonly task: string; readonly dependency: string }[] | null;
  /** Agents of which more would let more of a wave run at once: the widest such wave of each. */
  readonly limitedByCount: readonly {
    readonly agent: string;
    readonly wave: number;
    /** Agents that the wave could use. */
    readonly wanted: number;
    readonly count: number;
  }[];
  /** Tasks of the critical path that take a large share of it, and are not split by `for_each` yet. */
  readonly split: readonly { readonly task: string; readonly seconds: number; readonly share: number }[];
}

export interface PlannedGraph {
  readonly name: string;
  /** In the document's order. */
  readonly tasks: readonly PlannedTask[];
  /** Ids so that each stands after all it waits for; the document's order among those that are ready. */
  readonly order: readonly string[];
  /** Ids by the most dependencies on a way to them. */
  readonly waves: readonly (readonly string[])[];
  readonly criticalPath: { readonly tasks: readonly string[]; readonly seconds: number };
  /** `seconds` with the declared counts and the quota; `unlimitedSeconds` is the critical path, the least possible. */
  readonly duration: { readonly seconds: number; readonly unlimitedSeconds: number };
  /** How many estimates came from where. */
  readonly estimates: Readonly<Record<EstimateSource, number>>;
  readonly resources: {
    /** Of all declared agents together. */
    readonly total: { readonly agents: number; readonly cpu: number; readonly memory: number };
    /** The most at one time of the schedule. */
    readonly peak: { readonly tasks: number; readonly cpu: number; readonly memory: number };
  };
  /** What runs at once over time, with the agents that there are; at most `PROFILE_STEPS`, neighbours merged by their maximum. */
  readonly profile: readonly ProfileStep[];
  /** Only where registered agents were given. */
  readonly allocation?: Allocation;
  readonly hints: PlanHints;
}

export interface PlanResult {
  /** Null where there is a problem. */
  readonly plan: PlannedGraph | null;
  /** By the place in the document. */
  readonly problems: readonly PlanProblem[];
  readonly warnings: readonly PlanWarning[];
}
