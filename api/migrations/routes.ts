import type { z } from 'zod';
import { CaravanFailure } from '../../contracts/failures.js';
import { QUERIES, UPDATES } from '../../contracts/messages.js';
import type { PlanView } from '../../contracts/messages.js';
import { listMigrations } from '../../platform/temporal/list-migrations.js';
import { query, within } from '../ask.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders, idOfCommand } from '../http/idempotency.js';
import { problems } from '../http/problems.js';
import { requireKnown, requireRunning, teller } from './handle.js';
import { mappingRoute } from './mapping-route.js';
import { proofRoutes } from './proof-routes.js';
import { ruleRoutes } from './rule-routes.js';
import * as schemas from './schemas.js';
import { showMigration } from './show.js';
import { start } from './start.js';
import { traceRoute } from './trace-route.js';

const base = '/api/v1/migrations';
const tags = ['migrations'];
const { params } = schemas;
const LIST_MS = 5000;

export function migrationRoutes(api: Api, parts: ApiParts): void {
  startRoute(api, parts);
  mappingRoute(api, parts);
  readRoutes(api, parts);
  planRoute(api, parts);
  proofRoutes(api, parts);
  traceRoute(api, parts);
  ruleRoutes(api, parts);
  decisionRoutes(api, parts);
  steeringRoutes(api, parts);
}

function startRoute(api: Api, parts: ApiParts): void {
  api.post(
    base,
    {
      config: { action: 'operate' },
      schema: {
        operationId: 'startMigration',
        tags,
        summary: 'Starts a migration between two connections',
        headers: commandHeaders,
        body: schemas.startBody,
        response: { 202: schemas.started, ...problems(409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { body, caller } = request;
      const migrationId = await start(parts, caller, { body, commandId: idOfCommand(request) });
      return reply.code(202).send({
        migration_id: migrationId,
        status: 'running',
        migration_url: `${base}/${encodeURIComponent(migrationId)}`,
      });
    },
  );
}

function readRoutes(api: Api, parts: ApiParts): void {
  const config = { action: 'read' } as const;
  api.get(
    base,
    {
      config,
      schema: {
        operationId: 'listMigrations',
        tags,
        summary: 'Migrations, the newest first',
        querystring: schemas.listQuery,
        response: { 200: schemas.list, ...problems() },
      },
    },
    async ({ query: { limit } }) => {
      const { client, store } = parts;
      const listed = await within(client, 'migrations', LIST_MS, () => listMigrations(client, store.migrations, limit));
      const migrations = listed.map(({ migrationId, status, source, target, startedAt }) => ({
        migration_id: migrationId,
        status: status as z.infer<typeof schemas.list>['migrations'][number]['status'],
        source,
        target,
        started_at: startedAt,
      }));
      return { migrations };
    },
  );
  api.get(
    `${base}/:id`,
    {
      config,
      schema: {
        operationId: 'getMigration',
        tags,
        summary: 'How a migration goes, what it waits for, and how it ended',
        params,
        response: { 200: schemas.migration, ...problems(404) },
      },
    },
    ({ params: { id } }) => showMigration(parts, id),
  );
}

function planRoute(api: Api, parts: ApiParts): void {
  const config = { action: 'read' } as const;
  const response = problems(404, 409);
  api.get(
    `${base}/:id/plan`,
    {
      config,
      schema: {
        operationId: 'getPlan',
        tags,
        summary: 'Its plan',
        params,
        response: { 200: schemas.plan, ...response },
      },
    },
    async ({ params: { id } }) => {
      await requireKnown(parts, id);
      const plan = await query<PlanView | null>(parts.client.workflow.getHandle(id), QUERIES.plan);
      // The history holds a beginning of a long plan; the store has it whole.
      const stored = plan === null ? undefined : await parts.store.plans.get(plan.planId);
      if (stored === undefined) {
        const next = 'Look at its status.';
        throw new CaravanFailure('NOT_NOW', { attempted: 'read the plan of', on: id, seen: 'there is none yet', next });
      }
      return { plan_id: stored.planId, plan_hash: stored.planHash, yaml: stored.yaml };
    },
  );
}

/** What only a person may decide. A refusal of the workflow comes back with its own code. */
function decisionRoutes(api: Api, parts: ApiParts): void {
  const common = { tags, params, headers: commandHeaders };
  const response = { 200: schemas.done, ...problems(404, 409) };
  const config = { action: 'decide' } as const;
  const tell = teller(parts);
  api.post(
    `${base}/:id/approve`,
    {
      config,
      schema: {
        ...common,
        operationId: 'approvePlan',
        summary: 'Approves its plan',
        body: schemas.approveBody,
        response,
      },
    },
    ({ params: { id }, body: { plan_hash: planHash, reason }, caller: { subject: by } }) =>
      tell(id, 'approve', { name: UPDATES.approvePlan, message: { planHash, by, reason } }),
  );
  api.post(
    `${base}/:id/reject`,
    {
      config,
      schema: { ...common, operationId: 'rejectPlan', summary: 'Rejects its plan', body: schemas.rejectBody, response },
    },
    ({ params: { id }, body: { reason }, caller: { subject: by } }) =>
      tell(id, 'reject', { name: UPDATES.rejectPlan, message: { by, reason } }),
  );
  api.post(
    `${base}/:id/answer`,
    {
      config,
      schema: {
        ...common,
        operationId: 'answerQuestion',
        summary: 'Answers a question',
        body: schemas.answerBody,
        response,
      },
    },
    ({ params: { id }, body: { question_id: questionId, option }, caller: { subject: by } }) =>
      tell(id, 'answer', { name: UPDATES.answerQuestion, message: { questionId, option, by } }),
  );
  api.post(
    `${base}/:id/accept`,
    {
      config,
      schema: {
        ...common,
        operationId: 'acceptFinding',
        summary: 'Accepts a finding',
        body: schemas.acceptBody,
        response,
      },
    },
    ({ params: { id }, body: { finding_id: findingId, reason }, caller: { subject: by } }) =>
      tell(id, 'accept', { name: UPDATES.acceptFinding, message: { findingId, by, reason } }),
  );
}

function steeringRoutes(api: Api, parts: ApiParts): void {
  const common = { tags, params, headers: commandHeaders, body: schemas.reasonBody };
  const response = { 200: schemas.done, ...problems(404, 409) };
  const config = { action: 'operate' } as const;
  const tell = teller(parts);
  api.post(
    `${base}/:id/pause`,
    { config, schema: { ...common, operationId: 'pauseMigration', summary: 'Starts nothing new', response } },
    ({ params: { id }, body: { reason }, caller: { subject: by } }) =>
      tell(id, 'pause', { name: UPDATES.pause, message: { by, reason } }),
  );
  api.post(
    `${base}/:id/resume`,
    { config, schema: { ...common, operationId: 'resumeMigration', summary: 'Goes on', response } },
    ({ params: { id }, caller: { subject: by } }) => tell(id, 'resume', { name: UPDATES.resume, message: { by } }),
  );
  api.post(
    `${base}/:id/throttle`,
    {
      config,
      schema: {
        ...common,
        operationId: 'throttleMigration',
        summary: 'Limits what it takes of its source from now on; limits are replaced as a whole, none lifts them',
        body: schemas.throttleBody,
        response,
      },
    },
    ({ params: { id }, body: { connections, rows_per_second, bytes_per_second }, caller: { subject: by } }) => {
      const limits = { connections, rowsPerSecond: rows_per_second, bytesPerSecond: bytes_per_second };
      return tell(id, 'throttle', { name: UPDATES.throttle, message: { limits, by } });
    },
  );
  api.post(
    `${base}/:id/cancel`,
    {
      config,
      schema: {
        ...common,
        operationId: 'cancelMigration',
        summary: 'Stops, and undoes what was made in the target',
        response: { 202: schemas.done, ...problems(404, 409) },
      },
    },
    async ({ params: { id }, caller: { subject: by } }, reply) => {
      const handle = await requireRunning(parts, id);
      await within(parts.client, id, LIST_MS, () => handle.cancel());
      return reply.code(202).send({ migration_id: id, command: 'cancel', by });
    },
  );
}
