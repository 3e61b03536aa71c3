import { z } from 'zod';
import { ORCHESTRATION_PATTERNS } from '../../contracts/definition.js';
import type { OrchestrationPattern } from '../../contracts/definition.js';
import type { Api } from '../http/api.js';
import { problems } from '../http/problems.js';

const rounds = (what: string, fallback: number) => z.int().positive().default(fallback).optional().describe(what);

/** What each pattern does, and its `pattern_options`. */
const PATTERNS: Readonly<Record<OrchestrationPattern, { description: string; options: z.ZodObject }>> = {
  supervisor: {
    description:
      'One agent decomposes and judges, others work: a result is accepted, sent back, or its task decomposed anew.',
    options: z.strictObject({
      supervisor: z.string().optional().describe('Agent that judges; default the one with the capability "judge".'),
      max_rounds: rounds('How often a result is sent back before its task fails.', 3),
    }),
  },
  hierarchical: {
    description: 'Levels that allocate downwards and report upwards; a task that is a pattern is a team of its own.',
    options: z.strictObject({}),
  },
  handoff: {
    description: 'Control passes from agent to agent with the context; an answer may say who comes next.',
    options: z.strictObject({}),
  },
  swarm: {
    description: 'Equal agents on one heap of work: who is idle takes what is left, who finds more work adds it.',
    options: z.strictObject({}),
  },
  network: {
    description: 'Agents send each other messages by name, beside the graph of their tasks.',
    options: z.strictObject({
      max_rounds: rounds('How often agents may answer each other after the last task.', 10),
    }),
  },
  custom: {
    description: 'A registered template that expands to a graph. None is registered in this version.',
    options: z.strictObject({}),
  },
};

const available = z.strictObject({
  patterns: z.array(
    z.strictObject({
      name: z.enum(ORCHESTRATION_PATTERNS),
      description: z.string(),
      options_schema: z.record(z.string(), z.unknown()).describe('JSON Schema of "pattern_options".'),
    }),
  ),
});

export function patternRoutes(api: Api): void {
  const patterns = ORCHESTRATION_PATTERNS.map((name) => ({
    name,
    description: PATTERNS[name].description,
    options_schema: z.toJSONSchema(PATTERNS[name].options, { io: 'input' }),
  }));
  api.get(
    '/api/v1/patterns/available',
    {
      config: { action: 'read' },
      schema: {
        operationId: 'listPatterns',
        tags: ['patterns'],
        summary: 'The orchestration patterns, and their options',
        response: { 200: available, ...problems() },
      },
    },
    () => ({ patterns }),
  );
}
