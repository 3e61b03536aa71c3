import type { FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { $ZodType } from 'zod/v4/core';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ExecutionRow } from '../../platform/store/engine/engine-store.js';
import { cancel, notNow, pause, resume } from '../executions/command.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders, idOfCommand } from '../http/idempotency.js';
import { problems } from '../http/problems.js';
import { execute, unknownWorkflow } from './execute.js';
import * as schemas from './schemas.js';
import { shownReport, shownResources, shownStatus, shownWorkflow } from './show.js';
import { submitted } from './submit.js';
import type { Submitted } from './submit.js';

const tags = ['workflows'];
const YAML = ['application/yaml', 'application/x-yaml', 'text/yaml'];
/** Most bytes of a definition; the language reads larger ones neither. */
const JSON_BYTES = 32 * 1024 * 1024;
const YAML_BYTES = 4 * 1024 * 1024;
const base = '/api/v1/workflows';
const { idParams: params } = schemas;

export function workflowRoutes(api: Api, parts: ApiParts): void {
  void api.register((inner, _options, done) => {
    takeDefinitions(inner);
    submitRoutes(inner, parts);
    done();
  });
  readRoutes(api, parts);
  executeRoute(api, parts);
  commandRoutes(api, parts);
}

/** A definition is handed over as it was sent, so that what is wrong has its line and column. */
function takeDefinitions(api: FastifyInstance): void {
  api.removeContentTypeParser('application/json');
  const whole = (_request: unknown, body: Buffer, done: (error: null, body: Buffer) => void): void => {
    done(null, body);
  };
  api.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: JSON_BYTES }, whole);
  api.addContentTypeParser(YAML, { parseAs: 'buffer', bodyLimit: YAML_BYTES }, whole);
  api.setValidatorCompiler<$ZodType>((route) =>
    route.httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler(route),
  );
}

function submitRoutes(api: Api, parts: ApiParts): void {
  const { definitions } = parts.store.engine;
  const schema = {
    tags,
    consumes: ['application/json', ...YAML],
    body: schemas.definitionBody,
  };
  const config = { action: 'operate' } as const;
  const refusals = problems(400, 413, 415, 507);
  api.post(
    base,
    {
      config,
      schema: {
        ...schema,
        operationId: 'createWorkflow',
        summary: 'Checks, plans and stores a definition',
        headers: commandHeaders,
        response: { 201: schemas.validated, ...refusals },
      },
    },
    async (request, reply) => {
      const given = await submitted(parts, bytesOf(request.body));
      const workflowId = await definitions.create(given.prepared);
      return reply.code(201).send(shownSubmitted(workflowId, 1, given));
    },
  );
  api.put(
    `${base}/:id`,
    {
      config,
      schema: {
        ...schema,
        operationId: 'reviseWorkflow',
        summary: 'Stores a new version; executions that run keep theirs',
        params,
        response: { 200: schemas.validated, ...problems(400, 404, 413, 415, 507), ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      if ((await definitions.get(id)) === undefined) throw unknownWorkflow(id);
      const given = await submitted(parts, bytesOf(request.body));
      if (!(await definitions.revise(id, given.prepared))) throw unknownWorkflow(id);
      const stored = await definitions.get(id);
      return shownSubmitted(id.toLowerCase(), stored?.ordinal ?? 1, given);
    },
  );
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  const seen = 'there is none';
  throw new CaravanFailure('BODY_UNREADABLE', { attempted: 'read', on: 'the body', seen, next: 'Send a definition.' });
}

function shownSubmitted(workflowId: string, version: number, { prepared, warnings }: Submitted) {
  return {
    workflow_id: workflowId,
    status: 'validated' as const,
    version,
    validation_report: shownReport({ ...prepared.report, warnings }),
    estimated_resources: shownResources(prepared),
  };
}

function readRoutes(api: Api, { store }: ApiParts): void {
  const { definitions, executions } = store.engine;
  const config = { action: 'read' } as const;
  api.get(
    base,
    {
      config,
      schema: {
        operationId: 'listWorkflows',
        tags,
        summary: 'Workflows, the one changed last first',
        querystring: schemas.listQuery,
        response: { 200: schemas.workflowList, ...problems() },
      },
    },
    async ({ query: { limit } }) => ({ workflows: (await definitions.list(limit)).map(shownWorkflow) }),
  );
  api.get(
    `${base}/:id`,
    {
      config,
      schema: {
        operationId: 'getWorkflow',
        tags,
        summary: 'A workflow with its definition',
        params,
        querystring: schemas.versionQuery,
        response: { 200: schemas.workflow, ...problems(404) },
      },
    },
    async ({ params: { id }, query: { version } }) => {
      const stored = await definitions.get(id, version);
      if (stored === undefined) throw unknownWorkflow(id);
      const definition = { ...stored.definition };
      return { ...shownWorkflow(stored), definition, validation_report: shownReport(stored.report) };
    },
  );
  api.get(
    `${base}/:id/status`,
    {
      config,
      schema: {
        operationId: 'getWorkflowStatus',
        tags,
        summary: 'How its newest execution goes',
        params,
        response: { 200: schemas.status, ...problems(404) },
      },
    },
    async ({ params: { id } }) => {
      const status = await executions.statusOf(id);
      if (status === undefined) throw unknownWorkflow(id);
      return shownStatus(status);
    },
  );
}

function executeRoute(api: Api, parts: ApiParts): void {
  api.post(
    `${base}/:id/execute`,
    {
      config: { action: 'operate' },
      schema: {
        operationId: 'executeWorkflow',
        tags,
        summary: 'Starts an execution',
        params,
        headers: commandHeaders,
        body: schemas.executeBody,
        response: { 202: schemas.started, ...problems(404, 409, 413, 415, 507) },
      },
    },
    async (request, reply) => {
      const { input_data: input, execution_options: options } = request.body;
      const executionId = idOfCommand(request);
      const agents = await execute(parts, {
        executionId,
        workflowId: request.params.id,
        input,
        options: { ...options },
      });
      return reply.code(202).send({
        execution_id: executionId,
        status: 'planning',
        allocated_agents: agents.map(({ agentId, agent, type }) => ({ agent_id: agentId, agent, type })),
        execution_url: `/api/v1/executions/${executionId}`,
      });
    },
  );
}

function commandRoutes(api: Api, parts: ApiParts): void {
  const newest = async (workflowId: string, command: string): Promise<ExecutionRow> => {
    const { definitions, executions } = parts.store.engine;
    const row = await executions.latest(workflowId);
    if (row !== undefined) return row;
    if ((await definitions.get(workflowId)) === undefined) throw unknownWorkflow(workflowId);
    throw notNow(command, workflowId, 'validated');
  };
  const config = { action: 'operate' } as const;
  const common = { tags, params, headers: commandHeaders, body: schemas.reasonBody };
  const refusals = problems(404, 409);
  api.post(
    `${base}/:id/pause`,
    {
      config,
      schema: {
        ...common,
        operationId: 'pauseWorkflow',
        summary: 'Starts nothing new, and keeps a checkpoint',
        response: { 200: schemas.paused, 202: schemas.paused, ...refusals },
      },
    },
    async ({ params: { id }, body, caller }, reply) => {
      const row = await newest(id, 'pause');
      const checkpointId = await pause(parts, row, { by: caller.subject, ...body });
      return reply.code(checkpointId === null ? 202 : 200).send({
        execution_id: row.executionId,
        status: 'paused',
        checkpoint_id: checkpointId,
        resume_url: `${base}/${row.workflowId}/resume`,
      });
    },
  );
  api.post(
    `${base}/:id/resume`,
    {
      config,
      schema: {
        ...common,
        operationId: 'resumeWorkflow',
        summary: 'Goes on',
        response: { 200: schemas.commanded, ...refusals },
      },
    },
    async ({ params: { id }, body, caller }) => {
      const row = await newest(id, 'resume');
      await resume(parts, row, { by: caller.subject, ...body });
      return { execution_id: row.executionId, status: 'running' as const };
    },
  );
  api.post(
    `${base}/:id/cancel`,
    {
      config,
      schema: {
        ...common,
        operationId: 'cancelWorkflow',
        summary: 'Stops, and undoes what was done',
        response: { 202: schemas.commanded, ...refusals },
      },
    },
    async ({ params: { id }, body, caller }, reply) => {
      const row = await newest(id, 'cancel');
      await cancel(parts, row, { by: caller.subject, ...body });
      const after = await parts.store.engine.executions.get(row.executionId);
      const { status } = (after ?? row).projection;
      return reply.code(202).send({ execution_id: row.executionId, status });
    },
  );
}
