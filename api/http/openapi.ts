import type { FastifyDynamicSwaggerOptions, SwaggerTransformObject } from '@fastify/swagger';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { MEANINGS } from './problems.js';

/** What stands around the paths of the OpenAPI document. */
export function openApiDocument(version: string): NonNullable<FastifyDynamicSwaggerOptions['openapi']> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Caravan',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Workflows, executions, agents and migrations. Ids are UUIDs, times ISO 8601, durations seconds. Refusals are ' +
        'problem details (RFC 9457) with a code of the failure catalogue.',
    },
    tags: [
      { name: 'workflows', description: 'Definitions, and what is done with the newest execution of each.' },
      { name: 'executions', description: 'Single executions: their events, results, and what they ask of people.' },
      { name: 'agents', description: 'Who does the tasks.' },
      { name: 'patterns', description: 'How the agents of a workflow work together.' },
      { name: 'migrations', description: 'Databases on their way into PostgreSQL.' },
      { name: 'health', description: 'For probes and autoscalers.' },
    ],
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
    security: [{ bearer: [] }],
  };
}

interface Operation {
  readonly summary?: string;
  readonly requestBody?: {
    required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Partial<Record<string, { description: string }>>;
}

/** What the framework does not know: which bodies may be left out, and what an answer means. */
export const finishDocument: SwaggerTransformObject = (given) => {
  const document = jsonSchemaTransformObject(given);
  for (const operation of operationsOf(document)) {
    const { requestBody: body, responses, summary = '' } = operation;
    if (body !== undefined) {
      body.required = Object.values(body.content).every(({ schema }) => !('default' in schema));
      const refused = responses['422'];
      for (const status of [400, 413, 415])
        if (refused) responses[status] ??= { ...refused, description: MEANINGS[status] ?? '' };
    }
    for (const response of Object.values(responses))
      if (response?.description === 'Default Response') response.description = `${summary || 'As asked'}.`;
  }
  return document;
};

function operationsOf({ paths = {} }: ReturnType<SwaggerTransformObject>): Operation[] {
  const methods = Object.values(paths) as unknown as readonly Readonly<Record<string, Operation>>[];
  return methods.flatMap((each) => Object.values(each));
}
