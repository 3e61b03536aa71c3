import { z } from 'zod';
import { FAILURES, isFailureCode } from '../../contracts/failures.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { within } from '../ask.js';
import type { Api, ApiParts } from '../http/api.js';

/** How long a part may take to say that it is there, milliseconds. */
const READY_MS = 2000;
const config = { action: 'open' } as const;
const check = z.enum(['ok', 'away']);
const ready = z.strictObject({
  status: z.enum(['ready', 'not_ready']),
  checks: z.strictObject({ store: check, temporal: check }),
});

export function healthRoutes(api: Api, { store, client, settings }: ApiParts): void {
  const open = { tags: ['health'], security: [] };
  api.get(
    '/health',
    {
      config,
      schema: { ...open, operationId: 'health', response: { 200: z.strictObject({ status: z.literal('ok') }) } },
    },
    () => ({ status: 'ok' as const }),
  );
  api.get(
    '/ready',
    { config, schema: { ...open, operationId: 'ready', response: { 200: ready, 503: ready } } },
    async (_request, reply) => {
      const [inStore, inTemporal] = await Promise.all([
        isThere(() => store.engine.executions.capacity()),
        isThere(() => client.workflowService.getSystemInfo({})),
      ]);
      const isReady = inStore === 'ok' && inTemporal === 'ok';
      const checks = { store: inStore, temporal: inTemporal };
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not_ready', checks });
    },
  );
  const isThere = async (ask: () => Promise<unknown>): Promise<'ok' | 'away'> => {
    const late = new Promise<'away'>((resolve) => setTimeout(resolve, READY_MS, 'away').unref());
    const asked = within(client, 'a part', READY_MS, ask).then(
      () => 'ok' as const,
      () => 'away' as const,
    );
    return Promise.race([asked, late]);
  };
  const capacity = z.strictObject({ running: z.int(), queued: z.int(), max: z.int() });
  api.get(
    '/workflow-capacity',
    { config, schema: { ...open, operationId: 'workflowCapacity', response: { 200: capacity } } },
    async () => ({ ...(await store.engine.executions.capacity()), max: settings.maxConcurrentWorkflows }),
  );
  documentRoutes(api);
}

/** The API's own description, and the pages that problems point to. */
function documentRoutes(api: Api): void {
  api.get('/openapi.json', { config, schema: { hide: true } }, () => api.swagger());
  api.get(
    '/docs/failures/:code',
    { config, schema: { hide: true, params: z.object({ code: z.string() }) } },
    async ({ params }, reply) => {
      const { code } = params;
      if (!isFailureCode(code)) {
        const on = code.slice(0, 100);
        throw new CaravanFailure('ROUTE_UNKNOWN', { attempted: 'find the page of', on, seen: 'there is no such code' });
      }
      const { means, next } = FAILURES[code];
      return reply.type('text/markdown; charset=utf-8').send(`# ${code}\n\n${means}\n\n**What next:** ${next}\n`);
    },
  );
}
