import { z } from 'zod';
import { WORKFLOWS } from '../../contracts/messages.js';
import type { RowTrace, TraceQuestion } from '../../contracts/trace.js';
import { askTrace } from '../../platform/store/ask-trace.js';
import { maintenanceStart } from '../../platform/temporal/maintenance.js';
import { within } from '../ask.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders } from '../http/idempotency.js';
import { problems } from '../http/problems.js';
import { requireKnown } from './handle.js';
import { params } from './schemas.js';

/** A worker reads a row of each side. */
const TRACE_MS = 25_000;

const body = z.strictObject({
  table: z.string().min(1).max(200).describe('In the source or in the target, with its schema where that is needed.'),
  key: z.array(z.string().max(10_000)).min(1).max(32).describe('As the source prints it; bytes as "0x…".'),
});
const trace = z
  .record(z.string(), z.unknown())
  .describe('As "caravan trace --json" prints it: chunk, transforms, ledger entries, both rows column by column.');

/** Where a row came from. Values stay sealed: only `caravan trace --reveal` opens them. */
export function traceRoute(api: Api, parts: ApiParts): void {
  api.post(
    '/api/v1/migrations/:id/trace',
    {
      config: { action: 'operate' },
      schema: {
        operationId: 'traceRow',
        tags: ['migrations'],
        summary: 'Which row of the source a row of the target is, and what became of it on the way',
        params,
        headers: commandHeaders,
        body,
        response: { 200: trace, ...problems(404, 409) },
      },
    },
    async ({ params: { id }, body: { table, key } }) => {
      await requireKnown(parts, id);
      const { entries, ...found } = await ask(parts, id, { table, key, reveal: false });
      return { migrationId: id, ...found, entries: entries.map(({ sealed: _sealed, ...entry }) => entry) };
    },
  );
}

/** Asked once: the caller of an API asks again where nobody answers. */
function ask(parts: ApiParts, migrationId: string, question: TraceQuestion): Promise<RowTrace> {
  const { client } = parts;
  return askTrace(
    parts,
    { migrationId, question },
    {
      attempt: (call) => call(),
      look: async (lookup) => {
        const start = maintenanceStart({ trace: { migrationId, lookup } });
        const handle = await within(client, migrationId, TRACE_MS, () =>
          client.workflow.start(WORKFLOWS.maintenance, start),
        );
        await within(client, migrationId, TRACE_MS, () => handle.result());
      },
    },
  );
}
