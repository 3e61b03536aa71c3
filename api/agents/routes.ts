import { z } from 'zod';
import { AGENT_FORGOTTEN_SECONDS, HEARTBEATS_MISSED, HEARTBEAT_SECONDS_MAX } from '../../contracts/agents.js';
import type { RegisteredAgent } from '../../contracts/agents.js';
import { resources } from '../../contracts/definition-parts.schema.js';
import { ID_CHARACTERS } from '../../contracts/definition.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { QUEUES } from '../../contracts/queues.js';
import { plannerResources } from '../../language/plan-definition.js';
import type { Api, ApiParts } from '../http/api.js';
import { problems } from '../http/problems.js';
import { limit } from '../workflows/schemas.js';

const name = z.string().min(1).max(ID_CHARACTERS);
/** Semantic versioning 2.0, without its build part. */
const SEMVER = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[\w.-]{1,100})?$/u;

const heartbeat = z
  .number()
  .positive()
  .max(HEARTBEAT_SECONDS_MAX)
  .describe(
    `How often it heartbeats while it does a task; after ${String(HEARTBEATS_MISSED)} times as long in silence the task goes to another.`,
  );

const registration = z.strictObject({
  type: name,
  capabilities: z.array(name).max(1000).default([]),
  version: z.string().regex(SEMVER, 'must be a version such as 1.4.0'),
  taskQueue: z
    .string()
    .regex(/^[\w.:@/-]{1,200}$/u, 'must be the name of a task queue')
    .refine((queue) => !isOurs(queue), 'must not be a queue of Caravan itself')
    .describe('The Temporal task queue that this agent polls, and no other.'),
  resources: resources.default({}).describe('What it can be given.'),
  heartbeatSeconds: heartbeat.optional(),
});

const lease = { lease_seconds: z.int(), lease_until: z.iso.datetime() };
const registered = z.strictObject({ agent_id: z.string(), ...lease });
const params = z.strictObject({ id: z.string().regex(/^[\w.:@-]{1,200}$/u, 'must be an id') });
const listed = z.strictObject({
  agents: z.array(
    z.strictObject({
      agent_id: z.string(),
      type: z.string(),
      capabilities: z.array(z.string()),
      version: z.string(),
      taskQueue: z.string(),
      resources: z.strictObject({ cpu: z.number().optional(), memory: z.number().optional() }),
      heartbeatSeconds: heartbeat.optional(),
      registered_at: z.iso.datetime(),
      last_heartbeat_at: z.iso.datetime(),
      lease_until: z.iso.datetime(),
      executions: z.int().describe('How many executions hold it.'),
    }),
  ),
  next_after: z.string().nullable().describe('`after` of the next page; null: this is the last.'),
});

/** A registration that took one of our own queues would be given tasks that no agent answers. */
function isOurs(queue: string): boolean {
  return Object.values(QUEUES).some((own) => queue === own || queue.startsWith(`${own}@`));
}

export function agentRoutes(api: Api, { store, settings }: ApiParts): void {
  const { agentLeaseSeconds: lease } = settings;
  const { agents } = store.engine;
  const tags = ['agents'];
  api.put(
    '/api/v1/agents/:id',
    {
      config: { action: 'register' },
      schema: {
        operationId: 'putAgent',
        tags,
        summary: `Registers an agent, or says that it lives; holds for lease_seconds of the answer, forgotten after ${String(AGENT_FORGOTTEN_SECONDS)} s`,
        params,
        body: registration,
        response: { 200: registered, 201: registered, ...problems(413, 415) },
      },
    },
    async ({ params: { id }, body }, reply) => {
      const { resources: has, heartbeatSeconds, ...said } = body;
      const isNew = await agents.put({
        ...said,
        id,
        resources: plannerResources(has),
        ...(heartbeatSeconds !== undefined && { heartbeatSeconds }),
      });
      const until = new Date(Date.now() + lease * 1000).toISOString();
      return reply.code(isNew ? 201 : 200).send({ agent_id: id, lease_seconds: lease, lease_until: until });
    },
  );
  api.delete(
    '/api/v1/agents/:id',
    {
      config: { action: 'register' },
      schema: {
        operationId: 'deleteAgent',
        tags,
        summary: 'Ends a registration: the agent is given nothing more',
        params,
        response: { 204: z.undefined().describe('It is gone.'), ...problems(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      if (await agents.remove(id)) return reply.code(204).send();
      throw new CaravanFailure('AGENT_UNKNOWN', { attempted: 'end the agent', on: id, seen: 'it is not registered' });
    },
  );
  listRoute(api, { store, settings });
}

function listRoute(api: Api, { store, settings }: Pick<ApiParts, 'store' | 'settings'>): void {
  const { agentLeaseSeconds: lease } = settings;
  const { agents } = store.engine;
  api.get(
    '/api/v1/agents',
    {
      config: { action: 'read' },
      schema: {
        operationId: 'listAgents',
        tags: ['agents'],
        summary: 'Agents whose lease holds',
        querystring: z.strictObject({
          type: name.optional(),
          after: params.shape.id.optional().describe('The `next_after` of the page before.'),
          limit: limit(100),
        }),
        response: { 200: listed, ...problems() },
      },
    },
    async ({ query: { type, after, limit } }) => {
      const [living, load] = await Promise.all([agents.living(lease, { type, after, limit }), agents.load()]);
      return {
        agents: living.map((agent) => shownAgent(agent, load.get(agent.id) ?? 0)),
        next_after: living.length < limit ? null : (living.at(-1)?.id ?? null),
      };
    },
  );
}

function shownAgent(agent: RegisteredAgent, executions: number) {
  const { id, type, capabilities, version, taskQueue, resources: has } = agent;
  return {
    agent_id: id,
    type,
    capabilities: [...capabilities],
    version,
    taskQueue,
    resources: { ...(has.cpu === undefined ? {} : { cpu: has.cpu / 1000 }), ...memoryOf(has) },
    ...(agent.heartbeatSeconds !== undefined && { heartbeatSeconds: agent.heartbeatSeconds }),
    registered_at: agent.registeredAt,
    last_heartbeat_at: agent.lastHeartbeatAt,
    lease_until: agent.leaseUntil,
    executions,
  };
}

function memoryOf({ memory }: { readonly memory?: number | undefined }): { memory?: number } {
  return memory === undefined ? {} : { memory };
}
