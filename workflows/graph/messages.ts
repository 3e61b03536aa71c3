import { defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { mayAsk } from '../../contracts/execution-states.js';
import type { ExecutionCommand, ExecutionStatus } from '../../contracts/execution-states.js';
import { EXECUTION_QUERIES, EXECUTION_SIGNALS, EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import type {
  CancelExecution,
  DecideTask,
  ExecutionView,
  NestedStands,
  ReceivedEvent,
  ResolveTask,
} from '../../contracts/execution-messages.js';
import type { Pause, Resume } from '../../contracts/messages.js';
import { failure } from '../kit/failures.js';
import type { People } from './people.js';

const pauseUpdate = defineUpdate<{ checkpointId: string }, [Pause]>(EXECUTION_UPDATES.pause);
const resumeUpdate = defineUpdate<void, [Resume]>(EXECUTION_UPDATES.resume);
const cancelUpdate = defineUpdate<void, [CancelExecution]>(EXECUTION_UPDATES.cancel);
const decideTaskUpdate = defineUpdate<void, [DecideTask]>(EXECUTION_UPDATES.decideTask);
const resolveTaskUpdate = defineUpdate<void, [ResolveTask]>(EXECUTION_UPDATES.resolveTask);
const admittedSignal = defineSignal(EXECUTION_SIGNALS.admitted);
const eventSignal = defineSignal<[ReceivedEvent]>(EXECUTION_SIGNALS.event);
const agentLostSignal = defineSignal<[{ agentId: string }]>(EXECUTION_SIGNALS.agentLost);
const holdSignal = defineSignal<[{ paused: boolean }]>(EXECUTION_SIGNALS.hold);
const standsSignal = defineSignal<[NestedStands]>(EXECUTION_SIGNALS.stands);
const executionQuery = defineQuery<ExecutionView>(EXECUTION_QUERIES.execution);

/** What an execution answers with. `people` is there once it is opened. */
export interface Listener {
  readonly status: () => ExecutionStatus;
  readonly view: () => ExecutionView;
  readonly people: () => People | undefined;
  /** Told first of everything that a checkpoint must hold. */
  readonly heard: () => void;
  readonly pause: (message: Pause) => Promise<{ checkpointId: string }>;
  readonly resume: (message: Resume) => Promise<void>;
  readonly cancel: (message: CancelExecution) => void;
  readonly admitted: () => void;
  readonly receive: (event: ReceivedEvent) => void;
  readonly loseAgent: (agentId: string) => void;
  readonly hold: (paused: boolean) => void;
  readonly stands: (nested: NestedStands) => void;
}

/** Everything that an execution hears. Set before the first await; validators are synchronous. */
export function listen(listener: Listener): void {
  const allowed = (command: ExecutionCommand, by: unknown): void => {
    requireActor(by);
    const status = listener.status();
    if (!mayAsk(command, status)) throw failure('NOT_NOW', `The execution is ${status}.`);
  };
  setHandler(executionQuery, () => listener.view(), { description: 'State, tasks, and what it waits for.' });
  setHandler(admittedSignal, () => {
    listener.admitted();
  });
  setHandler(eventSignal, (event) => {
    listener.heard();
    listener.receive(event);
  });
  setHandler(agentLostSignal, ({ agentId }) => {
    listener.loseAgent(agentId);
  });
  setHandler(holdSignal, ({ paused }) => {
    listener.hold(paused);
  });
  setHandler(standsSignal, (nested) => {
    listener.stands(nested);
  });
  setHandler(pauseUpdate, (message) => heard(listener, () => listener.pause(message)), {
    description: 'Starts nothing new until resumed, and keeps a checkpoint.',
    validator: ({ by }) => {
      allowed('pause', by);
    },
  });
  setHandler(resumeUpdate, (message) => heard(listener, () => listener.resume(message)), {
    description: 'Goes on.',
    validator: ({ by }) => {
      allowed('resume', by);
    },
  });
  setHandler(
    cancelUpdate,
    (message) => {
      listener.heard();
      listener.cancel(message);
    },
    {
      description: 'Stops, and undoes what was done.',
      validator: ({ by }) => {
        allowed('cancel', by);
      },
    },
  );
  listenToPeople(listener);
}

function heard<T>(listener: Listener, work: () => T): T {
  listener.heard();
  return work();
}

function listenToPeople(listener: Listener): void {
  setHandler(
    decideTaskUpdate,
    (decision) => {
      listener.heard();
      listener.people()?.decide(decision);
    },
    {
      description: 'Approves or rejects a task, or gives the result of one that a person does.',
      validator: ({ taskId, by, output }: DecideTask) => {
        requireActor(by);
        if (JSON.stringify(output ?? null).length > DECISION_CHARACTERS)
          throw failure('TASK_TOO_LARGE', `The result given for "${taskId}" is more than 64 KiB.`);
        if (listener.people()?.isAsked(taskId, 'approval', 'human') !== true)
          throw failure('NOT_NOW', notAsked(taskId));
      },
    },
  );
  setHandler(
    resolveTaskUpdate,
    (resolution) => {
      listener.heard();
      listener.people()?.resolve(resolution);
    },
    {
      description: 'Says what becomes of a task, or of an undo, that failed for good.',
      validator: ({ taskId, by }: ResolveTask) => {
        requireActor(by);
        if (listener.people()?.isAsked(taskId, 'exhausted', 'undo') !== true)
          throw failure('NOT_NOW', notAsked(taskId));
      },
    },
  );
}

/** Of what a person gives as a result: it is carried with the execution's state. */
const DECISION_CHARACTERS = 64 * 1024;

const notAsked = (taskId: string): string => `Task "${taskId}" does not wait for this decision.`;

function requireActor(by: unknown): void {
  if (typeof by !== 'string' || by.trim() === '') throw failure('INPUT_INVALID', 'The field "by" names who decides.');
}
