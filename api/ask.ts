import { WorkflowUpdateRPCTimeoutOrCancelledError, WorkflowUpdateStage } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { CaravanFailure } from '../contracts/failures.js';
import { isAway } from '../platform/temporal/away.js';

/** How long a workflow may take to take an update, or to answer a query, milliseconds. */
const TAKE_MS = 10_000;
const QUERY_MS = 3000;

/** Update `name`; waits for its end. @throws CaravanFailure STACK_UNREACHABLE when no worker answers in time. */
export async function update<Result>(handle: WorkflowHandle, name: string, message: unknown): Promise<Result> {
  const { result } = await startUpdate<Result>(handle, name, message);
  const answer = await result(TAKE_MS);
  if (answer !== 'pending') return answer.value;
  throw silent(handle.workflowId, TAKE_MS);
}

export interface StartedUpdate<Result> {
  /** Its answer, or `pending` when it takes longer. */
  readonly result: (withinMs: number) => Promise<{ readonly value: Result } | 'pending'>;
}

/** Resolves when the workflow has taken the update; rejects when its validator refuses it. */
export async function startUpdate<Result>(
  { client, workflowId }: WorkflowHandle,
  name: string,
  message: unknown,
): Promise<StartedUpdate<Result>> {
  const handle = client.getHandle(workflowId);
  const started = await within(client, workflowId, TAKE_MS, () =>
    handle.startUpdate<Result, [unknown]>(name, { args: [message], waitForStage: WorkflowUpdateStage.ACCEPTED }),
  );
  return {
    result: async (withinMs) => {
      try {
        return { value: await within(client, workflowId, withinMs, () => started.result()) };
      } catch (error) {
        if (error instanceof CaravanFailure && error.code === 'STACK_UNREACHABLE') return 'pending';
        throw error;
      }
    },
  };
}

export async function query<Result>({ client, workflowId }: WorkflowHandle, name: string): Promise<Result> {
  const handle = client.getHandle(workflowId);
  return within(client, workflowId, QUERY_MS, () => handle.query<Result>(name));
}

/** Any call of Temporal, with a limit. */
export async function within<Result>(
  client: Pick<Client, 'withDeadline'>,
  on: string,
  ms: number,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await client.withDeadline(Date.now() + ms, work);
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isAway(error)) throw silent(on, ms, error);
    throw error;
  }
}

function silent(on: string, ms: number, cause?: unknown): CaravanFailure {
  return new CaravanFailure(
    'STACK_UNREACHABLE',
    {
      attempted: 'ask',
      on,
      seen: `nobody answered in ${String(ms / 1000)} s; what was asked may still be done`,
      next: 'Look at its status, and at "caravan status".',
    },
    cause,
  );
}
