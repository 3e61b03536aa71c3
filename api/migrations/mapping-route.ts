import { parseMapping } from '../../language/mapping-file.js';
import type { Api, ApiParts } from '../http/api.js';
import { problems } from '../http/problems.js';
import * as schemas from './schemas.js';

export function mappingRoute(api: Api, { store }: ApiParts): void {
  api.post(
    '/api/v1/mappings',
    {
      config: { action: 'operate' },
      schema: {
        operationId: 'putMapping',
        tags: ['migrations'],
        summary: 'Checks a mapping file and keeps it; the same text again has the same id',
        body: schemas.mappingBody,
        response: { 201: schemas.keptMapping, ...problems(413, 415, 422) },
      },
    },
    async ({ body: { yaml } }, reply) => {
      parseMapping(yaml);
      return reply.code(201).send({ mapping_id: await store.mappings.put(yaml) });
    },
  );
}
