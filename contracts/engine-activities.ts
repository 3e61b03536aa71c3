import type { AllocatedAgent } from './agents.js';
import type { ExecutionStatus } from './execution-states.js';
import type {
  ExecutionEvent,
  ExecutionState,
  GraphResult,
  OpenedExecution,
  PlaceRange,
  TaskPage,
} from './executions.js';
import type { FailureReport } from './failures.js';

/**
 * Bookkeeping of an execution, on the control queue. All idempotent. Where they stand on no critical path they are
 * ordinary activities; opening and closing are local ones, so that an execution costs the server only its tasks.
 */
export interface EngineActivities {
  /** Gives the execution its turn and its agents, and tells what to run. Fails with EXECUTION_UNKNOWN. */
  openExecution(input: { executionId: string; checkpointId?: string; undo?: true }): Promise<OpenedExecution>;
  /**
   * A page of the tasks in the order of the plan, without those at the places `except`; or those with these ids, or at
   * these places, at most TASK_PAGE.
   */
  readExecutionTasks(
    input: { readonly executionId: string } & (
      | { readonly offset: number; readonly except?: readonly PlaceRange[] }
      | { readonly ids: readonly string[] }
      | { readonly range: PlaceRange }
    ),
  ): Promise<TaskPage>;
  /** The execution of a task that is itself a pattern: the same for the same task, until it ended and did not complete. */
  openNested(input: OpenNested): Promise<OpenedNested>;
  /** A page of the executions of such a task that are to be undone, from this part on. No `next`: these were the last. */
  findNestedToUndo(input: { executionId: string; taskId: string; from: number }): Promise<{
    readonly nested: readonly NestedToUndo[];
    readonly next?: number;
  }>;
  /** Events that are known already (by id) are left as they are. */
  appendEvents(input: { executionId: string; events: readonly ExecutionEvent[] }): Promise<void>;
  /** Tells the events, then keeps the state; what it is for stands beside it. */
  saveCheckpoint(input: SaveCheckpoint): Promise<{ checkpointId: string }>;
  /** Keeps outputs that are too large for a history, or too many. Sealed at rest. */
  putOutputs(input: { executionId: string; outputs: readonly TaskResult[] }): Promise<void>;
  /** What `putOutputs` kept of these; those that are not there are left out. */
  getOutputs(input: { executionId: string; taskIds: readonly string[] }): Promise<{ outputs: readonly TaskResult[] }>;
  /** Agents for what the execution lacks, in place of those that were lost. Empty `lacking`: all are there. */
  allocateAgents(input: { executionId: string; lost: readonly string[] }): Promise<AllocationAnswer>;
  /** Gives all agents back; an execution that goes on asks for them again. */
  releaseAgents(input: { executionId: string }): Promise<void>;
  /** The last word: agents are released, the next execution in the queue gets its turn. */
  closeExecution(input: CloseExecution): Promise<void>;
}

/** Most tasks of one page, and most characters of them: well below what one event of a history takes. */
export const TASK_PAGE = 200;
export const TASK_PAGE_CHARACTERS = 400_000;

export interface TaskResult {
  readonly taskId: string;
  readonly output: unknown;
}

export interface OpenNested {
  readonly executionId: string;
  readonly taskId: string;
  /** Of a task that runs once for each item of a list; else 0. */
  readonly part: number;
  /** What its expressions read beside inputs and tasks: `item`, `index`, `event`. */
  readonly scope: Readonly<Record<string, unknown>>;
}

export interface OpenedNested {
  readonly executionId: string;
  /** It was begun before: it goes on from here. */
  readonly checkpointId?: string;
  /** It completed. */
  readonly result?: Pick<GraphResult, 'output' | 'tasks'>;
}

export interface NestedToUndo {
  readonly executionId: string;
  readonly checkpointId: string;
}

/**
 * `undo`: before it is undone, so that a loss in the middle goes on undoing. `done`: of a nested execution that
 * completed, so that it can be undone with the one around it.
 */
export type CheckpointReason = 'interval' | 'pause' | 'pivot' | 'continue' | 'undo' | 'done';

export interface SaveCheckpoint {
  readonly executionId: string;
  /** Same for the same checkpoint, however often it is saved. */
  readonly key: string;
  readonly reason: CheckpointReason;
  readonly state: ExecutionState;
  /** What the store does not know yet of what the state knows: told first. */
  readonly events?: readonly ExecutionEvent[];
}

export interface AllocationAnswer {
  readonly agents: readonly AllocatedAgent[];
  /** The definition's names of agents that nobody can play now, each with the reason. */
  readonly lacking: readonly { readonly agent: string; readonly reason: string }[];
}

export interface CloseExecution {
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly error?: FailureReport;
  readonly output: Readonly<Record<string, unknown>>;
  readonly events: readonly ExecutionEvent[];
}
