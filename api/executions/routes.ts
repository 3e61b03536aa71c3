import { TASK_BYTES_MAX } from '../../contracts/agents.js';
import { EXECUTION_SIGNALS, EXECUTION_UPDATES } from '../../contracts/execution-messages.js';
import { executionWorkflowId } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import { update, within } from '../ask.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders } from '../http/idempotency.js';
import { problems } from '../http/problems.js';
import { idParams as params } from '../workflows/schemas.js';
import { ended, notNow } from './command.js';
import { restart } from './restart.js';
import * as schemas from './schemas.js';
import { shownEvent, shownExecution, shownSummary } from './show.js';

const base = '/api/v1/executions';
const tags = ['executions'];
/** Tasks of one execution that are listed. */
const TASKS_LISTED = 1000;
const SIGNAL_MS = 5000;

export function executionRoutes(api: Api, parts: ApiParts): void {
  readRoutes(api, parts);
  resultRoutes(api, parts);
  peopleRoutes(api, parts);
  commandRoutes(api, parts);
}

async function known({ store }: ApiParts, executionId: string): Promise<ExecutionRow> {
  const row = await store.engine.executions.get(executionId);
  if (row !== undefined) return row;
  throw new CaravanFailure('EXECUTION_UNKNOWN', {
    attempted: 'find the execution',
    on: executionId,
    seen: 'there is none with this id',
    next: 'List them with GET /api/v1/executions.',
  });
}

function readRoutes(api: Api, parts: ApiParts): void {
  const { executions } = parts.store.engine;
  const config = { action: 'read' } as const;
  api.get(
    base,
    {
      config,
      schema: {
        operationId: 'listExecutions',
        tags,
        summary: 'Executions, the newest first',
        querystring: schemas.executionsQuery,
        response: { 200: schemas.executionList, ...problems() },
      },
    },
    async ({ query: { limit, status } }) => {
      const rows = await executions.list({ limit, ...(status === undefined ? {} : { status }) });
      return { executions: rows.map(shownSummary) };
    },
  );
  api.get(
    `${base}/:id`,
    {
      config,
      schema: {
        operationId: 'getExecution',
        tags,
        summary: 'An execution and its tasks',
        params,
        response: { 200: schemas.execution, ...problems(404) },
      },
    },
    async ({ params: { id } }) => {
      const row = await known(parts, id);
      return shownExecution(row, await executions.taskStates(row.executionId, TASKS_LISTED));
    },
  );
}

function resultRoutes(api: Api, parts: ApiParts): void {
  const { executions } = parts.store.engine;
  const config = { action: 'read' } as const;
  api.get(
    `${base}/:id/events`,
    {
      config,
      schema: {
        operationId: 'listEvents',
        tags,
        summary: 'What happened, in order, a page at a time',
        params,
        querystring: schemas.eventsQuery,
        response: { 200: schemas.events, ...problems(404) },
      },
    },
    async ({ params: { id }, query: { after, limit } }) => {
      const { executionId } = await known(parts, id);
      const events = await executions.events(executionId, { after, limit });
      return { events: events.map(shownEvent), next_after: events.at(-1)?.seq ?? after };
    },
  );
  api.get(
    `${base}/:id/result`,
    {
      config,
      schema: {
        operationId: 'getResult',
        tags,
        summary: 'What a finished execution gave',
        params,
        response: { 200: schemas.result, ...problems(404, 409) },
      },
    },
    async ({ params: { id } }) => {
      const row = await known(parts, id);
      const { status, error_details: error } = shownSummary(row);
      if (row.closedAt === null) throw notNow('read the result of', row.executionId, status);
      const output = await executions.result(row.executionId);
      return { execution_id: row.executionId, status, output, ...(error && { error_details: error }) };
    },
  );
}

function peopleRoutes(api: Api, parts: ApiParts): void {
  const config = { action: 'decide' } as const;
  const common = { tags, params: schemas.taskParams, headers: commandHeaders };
  const response = { 200: schemas.decided, ...problems(404, 409) };
  const tell = async (id: string, name: string, message: { taskId: string; by: string }) => {
    const row = await known(parts, id);
    if (row.closedAt !== null) throw notNow('decide for', row.executionId, row.projection.status);
    const handle = parts.client.workflow.getHandle(executionWorkflowId(row.executionId));
    await ended(row, 'decide for', () => update(handle, name, message));
    return { execution_id: row.executionId, task_id: message.taskId, decided_by: message.by };
  };
  api.post(
    `${base}/:id/tasks/:taskId/decision`,
    {
      config,
      schema: {
        ...common,
        operationId: 'decideTask',
        summary: 'Approves or rejects a task, or gives the result of one that a person does',
        body: schemas.decisionBody,
        response,
      },
    },
    ({ params: { id, taskId }, body, caller }) =>
      tell(id, EXECUTION_UPDATES.decideTask, { taskId, by: caller.subject, ...body }),
  );
  api.post(
    `${base}/:id/tasks/:taskId/resolution`,
    {
      config,
      schema: {
        ...common,
        operationId: 'resolveTask',
        summary: 'Says what becomes of a task, or of an undo, that failed for good',
        body: schemas.resolutionBody,
        response,
      },
    },
    ({ params: { id, taskId }, body, caller }) =>
      tell(id, EXECUTION_UPDATES.resolveTask, { taskId, by: caller.subject, ...body }),
  );
}

function commandRoutes(api: Api, parts: ApiParts): void {
  const config = { action: 'operate' } as const;
  api.post(
    `${base}/:id/events`,
    {
      config,
      schema: {
        operationId: 'sendEvent',
        tags,
        summary: 'Tells an execution that something happened',
        params,
        headers: commandHeaders,
        body: schemas.eventBody,
        response: { 202: schemas.accepted, ...problems(404, 409, 413) },
      },
    },
    async ({ params: { id }, body }, reply) => {
      const row = await known(parts, id);
      const { executionId, closedAt, projection } = row;
      if (closedAt !== null) throw notNow('send an event to', executionId, projection.status);
      requireSmall(executionId, body.data);
      const handle = parts.client.workflow.getHandle(executionWorkflowId(executionId));
      await ended(row, 'send an event to', () =>
        within(parts.client, executionId, SIGNAL_MS, () => handle.signal(EXECUTION_SIGNALS.event, body)),
      );
      return reply.code(202).send({ execution_id: executionId, accepted: true });
    },
  );
  api.post(
    `${base}/:id/resume`,
    {
      config,
      schema: {
        operationId: 'restartExecution',
        tags,
        summary: 'Restarts an execution that was lost, from a checkpoint',
        params,
        headers: commandHeaders,
        body: schemas.resumeBody,
        response: { 202: schemas.restarted, ...problems(404, 409) },
      },
    },
    async ({ params: { id }, body }, reply) => {
      const row = await known(parts, id);
      const checkpointId = await restart(parts, row, body.checkpoint_id);
      return reply.code(202).send({ execution_id: row.executionId, checkpoint_id: checkpointId });
    },
  );
}

function requireSmall(executionId: string, data: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(data ?? null));
  if (bytes <= TASK_BYTES_MAX) return;
  const seen = `its data have ${String(bytes)} bytes`;
  throw new CaravanFailure('TASK_TOO_LARGE', { attempted: 'send an event to', on: executionId, seen });
}
