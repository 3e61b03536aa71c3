import { workflowInfo } from '@temporalio/workflow';
import type { CheckpointReason } from '../../contracts/engine-activities.js';
import type { ExecutionState, ExecutionTask, OpenedExecution, TaskRoute } from '../../contracts/executions.js';
import type { FailureCode } from '../../contracts/failures.js';
import { failure } from '../kit/failures.js';
import { Saga } from '../kit/saga.js';
import type { SagaOptions } from '../kit/saga.js';
import { Teller } from '../kit/teller.js';
import { AgentPool } from './agent-pool.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { Dispatcher } from './dispatcher.js';
import type { Gate } from './dispatcher.js';
import type { EventLog } from './event-log.js';
import { ExecutionMemory } from './memory.js';
import { People } from './people.js';
import { Values } from './values.js';
import { WorkClock } from './work-clock.js';

/** The parts of one execution, joined once it is opened. */
export interface Engine {
  readonly executionId: string;
  readonly opened: OpenedExecution;
  readonly memory: ExecutionMemory;
  readonly events: EventLog;
  readonly pool: AgentPool;
  readonly breaker: CircuitBreaker;
  readonly dispatcher: Dispatcher;
  readonly people: People;
  readonly values: Values;
  readonly clock: WorkClock;
  readonly saga: Saga;
  readonly teller: Teller;
  /** Whether a failure is to be followed by undoing; `begun`: there was one, and what runs ends. */
  readonly rollback: { wanted: boolean; begun: boolean };
  /** What events and managers changed about tasks, by id. */
  readonly routes: Map<string, TaskRoute>;
  /** The task with what was changed about it. */
  readonly routed: (task: ExecutionTask) => ExecutionTask;
  /** Type of an agent of the definition. Fails when there is none of this name. */
  readonly typeOf: (agent: string) => string;
  /** Tasks may be started while it is open. */
  readonly gate: Gate;
  readonly isPaused: () => boolean;
  readonly checkpoint: (reason: CheckpointReason) => Promise<string>;
  /** Agents are chosen anew for what is lacking. */
  readonly reallocate: (agent?: string) => Promise<void>;
  /** Executions of tasks that are patterns themselves and run now; true: its clock stands still. */
  readonly nested: Map<string, boolean>;
  /** Undos that earlier runs registered: read when they are needed. */
  readonly earlierUndos: () => ExecutionState['undos'];
}

export interface EngineHooks {
  readonly gate: Engine['gate'];
  readonly isPaused: Engine['isPaused'];
  readonly checkpoint: Engine['checkpoint'];
  readonly reallocate: (agent?: string) => Promise<void>;
  readonly events: EventLog;
  readonly earlierUndos: Engine['earlierUndos'];
  /** The history grows long while it is undone. */
  readonly isInterrupted: () => boolean;
}

/** In the pattern `swarm` idle agents take what is left; elsewhere every agent has its share. */
const sharingOf = ({ pattern }: OpenedExecution): 'pool' | 'share' => (pattern === 'swarm' ? 'pool' : 'share');

export function assemble(executionId: string, opened: OpenedExecution, hooks: EngineHooks): Engine {
  const { state, saga } = opened;
  const memory = new ExecutionMemory(state);
  const { events } = hooks;
  const breaker = new CircuitBreaker(
    opened.circuitBreaker,
    (kind, agentId, failures) => {
      events.add(kind, { data: { agent_id: agentId, failures } });
    },
    state?.breaker,
  );
  const pool = new AgentPool(opened.agents, sharingOf(opened), breaker);
  const clock = new WorkClock(opened.timeoutSeconds, state?.usedSeconds ?? 0);
  const people = new People(clock, state?.asked);
  const teller = new Teller(executionId, workflowInfo().firstExecutionRunId);
  const routes = new Map<string, TaskRoute>(Object.entries(state?.routes ?? {}));
  const typeOf = (agent: string): string => {
    const type = opened.agentTypes[agent];
    if (type === undefined) throw failure('TASK_OUTPUT_INVALID', `The definition has no agent "${agent}".`);
    return type;
  };
  const { workflowId, name: workflowName, keysOf = executionId } = opened;
  const rollback = {
    wanted: saga !== undefined && (saga.rollback !== false || state?.rollback === true),
    begun: false,
  };
  const identity = { executionId, keysOf, workflowId, workflowName };
  return {
    executionId,
    opened,
    memory,
    events,
    pool,
    breaker,
    people,
    dispatcher: new Dispatcher({
      identity,
      pool,
      events,
      clock,
      gate: hooks.gate,
      reallocate: hooks.reallocate,
      isEnding: () => rollback.begun,
    }),
    values: new Values(executionId, opened, memory),
    clock,
    saga: new Saga({
      ...sagaOptions(opened, { memory, events, people, teller }),
      isInterrupted: hooks.isInterrupted,
    }),
    teller,
    rollback,
    routes,
    routed: (task) => {
      const route = routes.get(task.id);
      if (route === undefined) return task;
      return { ...task, ...route, agentType: route.agent === undefined ? task.agentType : typeOf(route.agent) };
    },
    typeOf,
    gate: hooks.gate,
    isPaused: hooks.isPaused,
    checkpoint: hooks.checkpoint,
    reallocate: hooks.reallocate,
    nested: new Map(),
    earlierUndos: hooks.earlierUndos,
  };
}

/** An undo that fails for good is parked: people are told, and one of them says what becomes of it. */
function sagaOptions(
  { name, saga }: OpenedExecution,
  { memory, events, people, teller }: Pick<Engine, 'memory' | 'events' | 'people' | 'teller'>,
): SagaOptions {
  const { runId } = workflowInfo();
  let parked = 0;
  return {
    strategy: saga?.strategy,
    steps: saga?.steps,
    retryMsMax: (saga?.timeoutSeconds ?? 0) * 1000,
    onParked: async (step, { code }) => {
      parked += 1;
      // A run that takes the place of a lost one parks it anew.
      const about = { task: step, attempt: memory.attemptOf(step), ordinal: `${runId}/${String(parked)}` };
      memory.set(step, 'parked');
      events.add('task.compensation_parked', { ...about, data: { code } });
      const text = `"${name}": task "${step}" could not be undone (${code}); a person must say retry or skip.`;
      teller.tell('alert', `undo/${step}/${String(parked)}`, text);
      const { action, by } = await people.resolution(step, 'undo');
      events.add('task.decided', { ...about, data: { what: 'undo', action, by } });
      return action === 'retry' ? 'retry' : 'skip';
    },
    onUndone: (step, { failure, left = [] }) => {
      // What a nested execution had to leave, a person decided there.
      const code: FailureCode | undefined = left.length > 0 ? 'UNDO_INCOMPLETE' : failure?.code;
      const kind = code === undefined ? 'task.compensated' : 'task.compensation_failed';
      memory.set(step, code === undefined ? 'undone' : 'parked');
      events.add(kind, { task: step, attempt: memory.attemptOf(step), data: code === undefined ? {} : { code } });
    },
  };
}
