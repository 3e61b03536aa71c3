import { z } from 'zod';
import { identifier, json, jsonObject } from './definition-parts.schema.js';
import type { JsonValue, OrchestrationPattern } from './definition.js';
import { ORCHESTRATION_PATTERNS } from './definition.js';
import type { OptionProblem, PatternTemplate } from './patterns.js';
import { PATTERN_CHARACTERS, TEMPLATE_TASKS_MAX } from './patterns.js';

const rounds = (what: string, fallback: number) =>
  z.int().positive().max(1000).default(fallback).optional().describe(what);

/** What each built-in pattern does, and its `pattern_options`. */
export const BUILT_IN_PATTERNS: Readonly<
  Record<OrchestrationPattern, { readonly description: string; readonly options: z.ZodObject }>
> = {
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
    description: 'A registered pattern by its name in "pattern": a template that expands to a graph.',
    options: z.looseObject({}),
  },
};

const bound = z.number().optional();
const length = z.int().min(0).optional();

/**
 * The subset of JSON Schema that options are described in: what can be checked in a time that the size of the options
 * bounds. So there is no `pattern`, no `$ref` and no combination.
 */
const described = z
  .strictObject({
    type: z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean']),
    description: z.string().max(2000).optional(),
    default: json.optional(),
    enum: z.array(z.string()).min(1).max(1000).optional(),
    minimum: bound,
    maximum: bound,
    exclusiveMinimum: bound,
    exclusiveMaximum: bound,
    minLength: length,
    maxLength: length,
    minItems: length,
    maxItems: length,
    get items(): z.ZodOptional<z.ZodType> {
      return described.optional();
    },
    get properties(): z.ZodOptional<z.ZodRecord<typeof identifier, z.ZodType>> {
      return z.record(identifier, described).optional();
    },
    required: z.array(z.string()).max(1000).optional(),
    additionalProperties: z.boolean().optional(),
  })
  .meta({ id: 'PatternOption' });
const optionsSchema = described.transform((schema, context) => {
  if (schema.type !== 'object') context.addIssue({ code: 'custom', message: 'must be "object"', path: ['type'] });
  return closed(schema) as Record<string, JsonValue>;
});

/** Objects are closed unless they say otherwise: nothing that is written is passed over in silence. */
function closed(schema: unknown): unknown {
  const { items, properties, ...rest } = schema as z.infer<typeof described>;
  const named = Object.entries(properties ?? {}).map(([name, option]) => [name, closed(option)]);
  return {
    ...(rest.type === 'object' && { additionalProperties: false }),
    ...rest,
    ...(items !== undefined && { items: closed(items) }),
    ...(properties && { properties: Object.fromEntries(named) as unknown }),
  };
}

/** Names of patterns that there are already, and of what stands beside them in the API. */
const RESERVED = new Set<string>([...ORCHESTRATION_PATTERNS, 'available']);

export const patternName = identifier
  .max(100)
  .refine((name) => !name.includes('/'), 'must not hold "/"')
  .refine((name) => !RESERVED.has(name), 'is the name of a built-in pattern, or reserved');

export const patternTemplate = z
  .strictObject({
    name: patternName,
    version: z.string().min(1).max(100).default('1.0.0'),
    description: z.string().min(1).max(2000),
    options_schema: optionsSchema
      .default({ type: 'object', additionalProperties: false })
      .describe('JSON Schema of "pattern_options": types, bounds, enum, required, default.'),
    template: z.strictObject({
      agents: z.record(identifier, json).default({}).describe('As of a definition. Every agent that a task names.'),
      tasks: z.array(jsonObject).min(1).max(TEMPLATE_TASKS_MAX).describe('As of a definition.'),
    }),
    sample: z
      .strictObject({ options: jsonObject.default({}), inputs: jsonObject.default({}) })
      .prefault({})
      .describe('Options and inputs on which the pattern is tried before it is registered.'),
  })
  .refine((pattern) => JSON.stringify(pattern).length <= PATTERN_CHARACTERS, {
    message: `must not have more than ${String(PATTERN_CHARACTERS)} characters`,
  }) satisfies z.ZodType<PatternTemplate>;

type Checked =
  | { readonly options: Readonly<Record<string, JsonValue>>; readonly problems: readonly [] }
  | { readonly options?: undefined; readonly problems: readonly OptionProblem[] };

/** Options with their defaults, or what is wrong with them. */
export function checkOptions(pattern: Pick<PatternTemplate, 'options_schema'>, options: unknown): Checked {
  const parsed = z.fromJSONSchema(pattern.options_schema).safeParse(options);
  if (parsed.success) return { options: parsed.data as Record<string, JsonValue>, problems: [] };
  return { problems: parsed.error.issues.map(({ path, message }) => ({ path, message })) };
}

/** What is wrong with the options of a built-in pattern. */
export function builtInOptionProblems(pattern: OrchestrationPattern, options: unknown): readonly OptionProblem[] {
  const parsed = BUILT_IN_PATTERNS[pattern].options.safeParse(options);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ path, message }));
}
