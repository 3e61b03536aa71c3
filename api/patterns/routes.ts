import { z } from 'zod';
import { ORCHESTRATION_PATTERNS } from '../../contracts/definition.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { BUILT_IN_PATTERNS, patternTemplate } from '../../contracts/patterns.schema.js';
import type { PatternTemplate } from '../../contracts/patterns.js';
import type { PreparedDefinition } from '../../language/prepared.js';
import { tryPattern } from '../../language/try-pattern.js';
import type { StoredPattern } from '../../platform/store/engine/engine-store.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders } from '../http/idempotency.js';
import { Refusal, problems } from '../http/problems.js';

const tags = ['patterns'];
const base = '/api/v1/patterns';

const listed = z.strictObject({
  name: z.string(),
  kind: z.enum(['built_in', 'registered']),
  version: z.string().optional().describe('Of a registered one.'),
  description: z.string(),
  options_schema: z.record(z.string(), z.unknown()).describe('JSON Schema of "pattern_options".'),
});
const available = z.strictObject({ patterns: z.array(listed) });
const whole = listed.extend({
  template: z.record(z.string(), z.unknown()).optional(),
  sample: z.record(z.string(), z.unknown()).optional(),
  created_at: z.iso.datetime().optional(),
  updated_at: z.iso.datetime().optional(),
});
const registered = listed.extend({
  sample_report: z.strictObject({
    tasks: z.int(),
    waves: z.int(),
    critical_path: z.array(z.string()),
    estimated_duration: z.number().describe('Seconds.'),
    warnings: z.array(z.string()),
  }),
});
const params = z.strictObject({ name: z.string().min(1).max(200) });

const builtIn = ORCHESTRATION_PATTERNS.map((name) => ({
  name,
  kind: 'built_in' as const,
  description: BUILT_IN_PATTERNS[name].description,
  options_schema: z.toJSONSchema(BUILT_IN_PATTERNS[name].options, { io: 'input' }),
}));

export function patternRoutes(api: Api, parts: ApiParts): void {
  registerRoute(api, parts);
  readRoutes(api, parts);
  deleteRoute(api, parts);
}

function registerRoute(api: Api, { store }: ApiParts): void {
  api.post(
    base,
    {
      config: { action: 'operate' },
      schema: {
        operationId: 'registerPattern',
        tags,
        summary: 'Registers a pattern, or a new version of it, after it was tried on its sample',
        headers: commandHeaders,
        body: patternTemplate,
        response: { 201: registered, ...problems(400, 409, 413, 415) },
      },
    },
    async ({ body }, reply) => {
      const { report } = tried(body);
      await store.engine.patterns.put(body);
      const sample_report = {
        tasks: report.tasks,
        waves: report.waves,
        critical_path: [...report.criticalPath],
        estimated_duration: report.estimatedDuration,
        warnings: [...report.warnings],
      };
      return reply.code(201).send({ ...shown(body), sample_report });
    },
  );
}

function readRoutes(api: Api, { store }: ApiParts): void {
  const config = { action: 'read' } as const;
  api.get(
    `${base}/available`,
    {
      config,
      schema: {
        operationId: 'listPatterns',
        tags,
        summary: 'The orchestration patterns, built in and registered, and their options',
        response: { 200: available, ...problems() },
      },
    },
    async () => {
      const own = await store.engine.patterns.list();
      return { patterns: [...builtIn, ...own.map(({ pattern }) => shown(pattern))] };
    },
  );
  api.get(
    `${base}/:name`,
    {
      config,
      schema: {
        operationId: 'getPattern',
        tags,
        summary: 'A pattern with its template',
        params,
        response: { 200: whole, ...problems(404) },
      },
    },
    async ({ params: { name } }) => {
      const [found] = await store.engine.patterns.get([name]);
      if (found === undefined) return builtIn.find((pattern) => pattern.name === name) ?? unknown(name);
      const { pattern, createdAt, updatedAt } = found;
      const { template, sample } = pattern;
      return { ...shown(pattern), template, sample, created_at: createdAt, updated_at: updatedAt };
    },
  );
}

function deleteRoute(api: Api, { store }: ApiParts): void {
  api.delete(
    `${base}/:name`,
    {
      config: { action: 'operate' },
      schema: {
        operationId: 'deletePattern',
        tags,
        summary: 'Deletes a registered pattern; workflows that were made of it stay as they are',
        params,
        response: { 204: z.undefined().describe('It is gone.'), ...problems(404) },
      },
    },
    async ({ params: { name } }, reply) => {
      if (await store.engine.patterns.remove(name)) return reply.code(204).send();
      return unknown(name);
    },
  );
}

function shown({ name, version, description, options_schema }: StoredPattern['pattern']) {
  return { name, kind: 'registered' as const, version, description, options_schema: { ...options_schema } };
}

function unknown(name: string): never {
  throw new CaravanFailure('PATTERN_UNKNOWN', { attempted: 'find the pattern', on: name, seen: 'there is none' });
}

/** @throws Refusal DEFINITION_INVALID with everything that is wrong, by its place in the body. */
function tried(pattern: PatternTemplate): PreparedDefinition {
  const { prepared, problems: errors } = tryPattern(pattern);
  if (prepared !== undefined) return prepared;
  const seen = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const parts = { attempted: 'try the pattern', on: pattern.name, seen: seen.slice(0, 2000), next: NEXT };
  throw new Refusal('DEFINITION_INVALID', parts, { errors: [...errors] });
}

const NEXT = 'Correct what "errors" names.';
