import swagger from '@fastify/swagger';
import { fastify } from 'fastify';
import type { FastifyRequest } from 'fastify';
import { jsonSchemaTransform, serializerCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CaravanFailure } from '../contracts/failures.js';
import { agentRoutes } from './agents/routes.js';
import { requireAction } from './auth/authenticate.js';
import { LEAST_ROLE } from './auth/roles.js';
import { executionRoutes } from './executions/routes.js';
import { healthRoutes } from './health/routes.js';
import type { Api, ApiParts } from './http/api.js';
import { beginCommand, endCommand } from './http/idempotency.js';
import { finishDocument, openApiDocument } from './http/openapi.js';
import { problemOf, sendProblem } from './http/problems.js';
import { drain, refuseCompressed, strictValidator, takeJson } from './http/read-body.js';
import { migrationRoutes } from './migrations/routes.js';
import { patternRoutes } from './patterns/routes.js';
import { workflowRoutes } from './workflows/routes.js';

const REQUEST_MS = 30_000;
const NOBODY = { subject: '', role: null } as const;

/** The API, ready to listen: everything that is asked is checked here, and done by the workflows and the store. */
export async function buildServer(parts: ApiParts): Promise<Api> {
  const api: Api = fastify({
    exposeHeadRoutes: false,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, _request, reply) => {
      void sendProblem(reply, error);
    },
  }).withTypeProvider<ZodTypeProvider>();
  api.setValidatorCompiler(strictValidator);
  api.setSerializerCompiler(serializerCompiler);
  takeJson(api);
  addHooks(api, parts);
  api.setErrorHandler((error, request, reply) => {
    logFault(parts, request, error);
    return sendProblem(reply, error);
  });
  api.setNotFoundHandler((request, reply) => sendProblem(reply, unknownRoute(request)));
  await api.register(swagger, {
    openapi: openApiDocument(parts.version),
    transform: jsonSchemaTransform,
    transformObject: finishDocument,
  });
  for (const routes of [workflowRoutes, executionRoutes, agentRoutes, patternRoutes, migrationRoutes, healthRoutes])
    await api.register((inner, _options, done) => {
      routes(inner.withTypeProvider<ZodTypeProvider>(), parts);
      done();
    });
  await api.ready();
  return api;
}

function addHooks(api: Api, parts: ApiParts): void {
  const { log, authenticate } = parts;
  const store = parts.store.engine.requests;
  api.decorateRequest('caller', { getter: () => NOBODY, setter: undefined } as never);
  api.addHook('onRoute', ({ config, url }) => {
    if (config?.action === undefined) throw new Error(`the route "${url}" does not say what it does`);
  });
  api.addHook('onRequest', async (request) => {
    const { action = 'read' } = request.routeOptions.config;
    if (request.is404 || LEAST_ROLE[action] === null) return;
    const caller = await authenticate(request);
    Object.defineProperty(request, 'caller', { value: caller });
    requireAction(caller, action);
    refuseCompressed(request);
  });
  api.addHook('preHandler', (request, reply) => beginCommand(store, request, reply));
  api.addHook('onSend', (request, reply, payload) => endCommand({ store, log }, request, reply, payload));
  api.addHook('onSend', (request) => drain(request));
  api.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions, caller } = request;
    const ms = Math.round(reply.elapsedTime);
    const route = routeOptions.url ?? '(unknown)';
    log.info({ event: 'api.request', method, route, status: reply.statusCode, ms, caller: caller.subject });
    done();
  });
}

/** What should not be is told in the log, and not to the caller. */
function logFault({ log }: ApiParts, { method, routeOptions }: FastifyRequest, error: unknown): void {
  const { code, status } = problemOf(error);
  if (status < 500 || status === 507) return;
  const { name, message } = error instanceof Error ? error : { name: 'unknown', message: '' };
  log.warn({ event: 'api.fault', code, method, route: routeOptions.url ?? '', error: `${name}: ${message}` });
}

function unknownRoute({ method, url }: FastifyRequest): CaravanFailure {
  const on = `${method} ${url.split('?')[0]?.slice(0, 200) ?? ''}`;
  return new CaravanFailure('ROUTE_UNKNOWN', { attempted: 'find', on, seen: 'there is no such path' });
}
