import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { AllocatedAgent } from '../../contracts/agents.js';
import { executionStart } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { chooseAgents } from '../../language/allocation.js';
import type { AllocationChoice } from '../../language/allocation.js';
import { inputOf } from '../../language/inputs.js';
import { plannerResources } from '../../language/plan-definition.js';
import type { ExecutionOptions, SeenAgents, StoredDefinition } from '../../platform/store/engine/engine-store.js';
import { within } from '../ask.js';
import type { ApiParts } from '../http/api.js';
import { Refusal } from '../http/problems.js';

const START_MS = 10_000;

export interface Execute {
  readonly executionId: string;
  readonly workflowId: string;
  readonly input: unknown;
  readonly options: ExecutionOptions;
}

/** Starts an execution, once for an id. Nothing is started when some agent of it can be played by nobody now. */
export async function execute(parts: ApiParts, execution: Execute): Promise<readonly AllocatedAgent[]> {
  const { store, client, settings } = parts;
  const { executionId, workflowId, options } = execution;
  const stored = await store.engine.definitions.get(workflowId);
  if (stored === undefined) throw unknownWorkflow(workflowId);
  const input = inputOf(stored.definition, execution.input);
  const running = await store.engine.executions.latest(workflowId);
  if (running?.closedAt === null && running.executionId !== executionId) throw alreadyRuns(running.executionId);
  await checkAgents(parts, stored, options);
  const created = await store.engine.executions.create({ executionId, workflowId, input, options });
  if (!created.started) throw alreadyRuns(created.executionId);
  let agents: readonly AllocatedAgent[] = [];
  await store.engine.agents.allocate(executionId, settings.agentLeaseSeconds, (seen) => {
    ({ agents } = choose(stored, options, seen));
    return agents;
  });
  await startGraph(client, { executionId, name: stored.definition.name });
  return agents;
}

/** Starts the workflow of an execution, from a checkpoint or from its beginning; once. */
export async function startGraph(
  client: Client,
  { executionId, name, checkpointId }: { executionId: string; name: string; checkpointId?: string | undefined },
): Promise<'started' | 'runs'> {
  const start = executionStart(executionId, name, checkpointId);
  const workflowIdReusePolicy = WorkflowIdReusePolicy.ALLOW_DUPLICATE;
  try {
    await within(client, executionId, START_MS, () =>
      client.workflow.start(WORKFLOWS.graph, { ...start, args: [...start.args], workflowIdReusePolicy }),
    );
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'runs';
    throw error;
  }
}

function choose(
  { definition }: StoredDefinition,
  { resource_constraints: most = {} }: ExecutionOptions,
  { living, load }: Pick<SeenAgents, 'living' | 'load'>,
): AllocationChoice {
  return chooseAgents(definition, living, load, plannerResources(most));
}

/** @throws CaravanFailure ALLOCATION_FAILED: some agent can be played by nobody now. */
async function checkAgents(
  { store, settings }: ApiParts,
  stored: StoredDefinition,
  options: ExecutionOptions,
): Promise<void> {
  const { agents: registry } = store.engine;
  const [living, load] = await Promise.all([registry.living(settings.agentLeaseSeconds), registry.load()]);
  const { lacking } = choose(stored, options, { living, load });
  const nobody = lacking.filter(({ allocated }) => allocated === 0);
  if (nobody.length === 0) return;
  throw new CaravanFailure('ALLOCATION_FAILED', {
    attempted: 'find agents for',
    on: stored.definition.name,
    seen: nobody.map(({ agent, reason }) => `agent "${agent}": ${reason}`).join('; '),
  });
}

export function unknownWorkflow(workflowId: string): CaravanFailure {
  return new CaravanFailure('WORKFLOW_UNKNOWN', {
    attempted: 'find the workflow',
    on: workflowId,
    seen: 'there is none with this id',
  });
}

function alreadyRuns(executionId: string): Refusal {
  const parts = { attempted: 'start another beside', on: executionId, seen: 'this execution is not over' };
  return new Refusal('EXECUTION_RUNNING', parts, { execution_id: executionId });
}
