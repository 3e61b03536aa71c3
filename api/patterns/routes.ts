import { z } from 'zod';
import { ORCHESTRATION_PATTERNS } from '../../contracts/definition.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { BUILT_IN_PATTERNS, patternTemplate } from '../../contracts/patterns.schema.js';
import { PATTERNS_MAX } from '../../contracts/patterns.js';
import type { StoredPattern } from '../../platform/store/engine/engine-store.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders } from '../http/idempotency.js';
import { problems } from '../http/problems.js';
import { tryPattern } from './try-pattern.js';

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
      const { report } = tryPattern(body);
      const stored = await store.engine.patterns.put(body);
      if (stored === 'taken') throw taken(body);
      if (stored === 'full') throw tooMany(body.name);
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

function taken({ name, version }: StoredPattern['pattern']): CaravanFailure {
  const seen = `version ${version} is there with another content`;
  return new CaravanFailure('PATTERN_EXISTS', { attempted: 'register', on: name, seen });
}

function tooMany(name: string): CaravanFailure {
  const seen = `there are ${String(PATTERNS_MAX)} already`;
  return new CaravanFailure('NOT_NOW', { attempted: 'register', on: name, seen, next: 'Delete one that is not used.' });
}
