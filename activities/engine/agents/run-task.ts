import type { RunTask, TaskOutput } from '../../../contracts/agents.js';
import { RUN_TASK, TASK_BYTES_MAX } from '../../../contracts/agents.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import { runStatement } from '../../../databases/run-statement.js';
import type { Store } from '../../../platform/store/store.js';
import { alive } from '../../heartbeat.js';
import type { BuiltInAgentWork } from './agent.js';
import { createHttpAgent } from './http.js';
import { createSqlAgent } from './sql.js';
import type { TaskTeller } from './task-teller.js';

export interface BuiltInAgentsParts {
  readonly store: Store;
  readonly settings: { readonly httpAllow: readonly string[]; readonly sqlWrite: readonly string[] };
  readonly teller: TaskTeller;
}

export type BuiltInActivities = Record<typeof RUN_TASK, (task: RunTask) => Promise<TaskOutput>>;

/** The activity `runTask` of the agents that Caravan's own workers play. People's tasks never get here. */
export function createBuiltInAgents({ store, settings, teller }: BuiltInAgentsParts): BuiltInActivities {
  const agents = new Map<string, BuiltInAgentWork>([
    ['http', createHttpAgent({ allow: settings.httpAllow })],
    [
      'sql',
      createSqlAgent({ endpointOf: (name) => store.connections.get(name), runStatement, write: settings.sqlWrite }),
    ],
  ]);
  return {
    [RUN_TASK]: (task) =>
      alive(({ signal }) =>
        teller.telling(task, signal, async () => {
          const work = agents.get(task.agentType);
          if (work === undefined) throw unknownAgent(task);
          const output = await work(task, signal);
          limitBytes(task, output);
          return { output };
        }),
      ),
  };
}

function unknownAgent({ taskId, agentType }: RunTask): CaravanFailure {
  const seen = `no agent of type "${agentType}" is built in`;
  return new CaravanFailure('TASK_INPUT_INVALID', { attempted: 'run the task', on: taskId, seen });
}

/** Before it goes to a history. */
function limitBytes({ taskId }: RunTask, output: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes <= TASK_BYTES_MAX) return;
  const seen = `it has ${String(bytes)} bytes as JSON`;
  throw new CaravanFailure('TASK_TOO_LARGE', { attempted: 'hand over the output of', on: taskId, seen });
}
