import { z } from 'zod';
import type { JsonValue } from './definition.js';
import { EXHAUSTED_ACTIONS, ID_CHARACTERS, INPUT_TYPES, RETRY_POLICIES, SAGA_STRATEGIES } from './definition.js';
import { bytesOf, coresOf, CPU_QUANTITY, DURATION, MEMORY_QUANTITY, SECONDS_MAX, secondsOf } from './quantities.js';

/** Parts of the workflow definition language (OE-4). Field names are the seed's; additions are documented. */
export const identifier = z
  .string()
  .max(ID_CHARACTERS)
  .regex(/^(?!(?:__proto__|constructor|prototype)$)[A-Za-z_][\w.$/-]*$/u, 'must be an identifier');

/** Any text but a reserved name: table names stand in the ids of migration plans. */
export const taskId = z
  .string()
  .min(1)
  .max(ID_CHARACTERS)
  .regex(/^(?!(?:__proto__|constructor|prototype)$)/u, 'must not be a reserved name');

/** Whatever the reader lets through is JSON: it refuses the rest with a position. */
export const json = z.unknown() as unknown as z.ZodType<JsonValue, JsonValue>;
export const jsonObject = z.record(z.string(), json);

/** Names in a list: capabilities, roles, failure types. */
const names = z.array(z.string().min(1).max(ID_CHARACTERS)).max(1000);
export const expression = z.string().min(1).max(2000);

const SECONDS_MEANT = 'it must be seconds, or a duration such as "60s", "5m" or "1h30m", and at most a year';
export const seconds = z
  .union(
    [z.number().positive(SECONDS_MEANT).max(SECONDS_MAX, SECONDS_MEANT), z.string().regex(DURATION, SECONDS_MEANT)],
    { error: SECONDS_MEANT },
  )
  .transform((given, context): number => {
    const value = typeof given === 'number' ? given : secondsOf(given);
    if (value === undefined) context.addIssue({ code: 'custom', message: SECONDS_MEANT });
    return value ?? z.NEVER;
  });

const CPU_MEANT = 'it must be a number of cores, or a quantity such as "500m" or "2"';
const MEMORY_MEANT = 'it must be a number of bytes, or a quantity such as "512Mi" or "1G"';

export const resources = z.strictObject({
  cpu: z
    .union([z.number().positive(CPU_MEANT).max(1_000_000, CPU_MEANT), z.string().regex(CPU_QUANTITY, CPU_MEANT)], {
      error: CPU_MEANT,
    })
    .transform((given, context): number => {
      const value = typeof given === 'number' ? given : coresOf(given);
      if (value === undefined) context.addIssue({ code: 'custom', message: CPU_MEANT });
      return value ?? z.NEVER;
    })
    .optional()
    .describe('Number of cores, or a Kubernetes quantity: 2, 0.5, "500m".'),
  memory: z
    .union([z.int(MEMORY_MEANT).positive(MEMORY_MEANT), z.string().regex(MEMORY_QUANTITY, MEMORY_MEANT)], {
      error: MEMORY_MEANT,
    })
    .transform((given, context): number => {
      const value = typeof given === 'number' ? given : bytesOf(given);
      if (value === undefined) context.addIssue({ code: 'custom', message: MEMORY_MEANT });
      return value ?? z.NEVER;
    })
    .optional()
    .describe('Number of bytes, or a Kubernetes quantity: 1048576, "512Mi", "1G".'),
});

export const definitionAgent = z.strictObject({
  type: z.string().min(1).max(ID_CHARACTERS),
  count: z.int().positive().max(10_000).default(1),
  capabilities: names.default([]),
  resources: resources.optional(),
});
type Agent = z.output<typeof definitionAgent>;

/** A map by name, or a list whose items are named by `name`, else by `type`. The map comes out. */
export const agents = z.union(
  [
    z.record(identifier, definitionAgent),
    z.array(definitionAgent.extend({ name: identifier.optional() })).transform((list, context) => {
      const named: Record<string, Agent> = {};
      list.forEach(({ name, ...agent }, at) => {
        const own = name ?? agent.type;
        const isName = identifier.safeParse(own).success;
        if (isName && !Object.hasOwn(named, own)) named[own] = agent;
        else {
          const message = isName ? 'another agent has this name' : 'its type is no identifier, so it needs a name';
          context.addIssue({ code: 'custom', message, path: [at], params: { hint: 'give it a "name" of its own' } });
        }
      });
      return named;
    }),
  ],
  { error: 'it must be a map of agents by name, or a list of agents' },
);

export const retryPolicy = z
  .strictObject({
    max_attempts: z.int().positive().max(1000).default(3),
    initial_interval_seconds: z.number().positive().max(SECONDS_MAX).default(1),
    backoff_coefficient: z.number().min(1).max(100).default(2),
    max_interval_seconds: z.number().positive().max(SECONDS_MAX).default(60),
    non_retryable: names.default([]),
  })
  .meta({ id: 'RetryPolicy' });

/** Of a task, and of what undoes it. */
export const taskConduct = {
  timeout: seconds.optional().describe('Seconds of one attempt, or a duration such as "5m".'),
  retry_policy: z
    .union([z.enum(RETRY_POLICIES), retryPolicy], {
      error: `it must be ${RETRY_POLICIES.map((name) => `"${name}"`).join(' or ')}, or an object`,
    })
    .optional()
    .describe('How failing attempts are repeated.'),
  capabilities: names.optional().describe('What the agent must be able to do.'),
  resources: resources.optional(),
};

export const compensation = z
  .strictObject({
    id: taskId.optional(),
    agent: identifier.optional(),
    action: z.string().min(1).max(ID_CHARACTERS).optional(),
    input: json.optional(),
    ...taskConduct,
  })
  .meta({ id: 'Compensation' });

export const approval = z.union(
  [
    z.literal(true),
    z.strictObject({
      text: z.string().max(10_000).optional(),
      deadline_seconds: seconds.optional(),
      roles: names.default([]),
    }),
  ],
  { error: 'it must be true, or an object' },
);

export const onExhausted = z.enum(EXHAUSTED_ACTIONS);

export const eventRule = z
  .strictObject({
    on: z.string().min(1).max(ID_CHARACTERS).describe('Event type.'),
    when: expression.optional(),
    release: z.array(taskId).optional(),
    reroute: z.strictObject({ task: taskId, agent: identifier }).optional(),
    replan: z.literal(true).optional(),
  })
  .meta({ id: 'EventRule' });

export const coordination = z.strictObject({
  type: z.enum(['hybrid', 'graph', 'event']),
  event_driven: z.array(z.union([z.string(), eventRule], { error: 'it must be a text or an event rule' })).optional(),
  graph_based: z.array(z.union([z.string(), jsonObject], { error: 'it must be a text or an object' })).optional(),
});

export const faultTolerance = z.strictObject({
  circuit_breaker: z
    .strictObject({
      failure_threshold: z.int().positive().max(1_000_000).optional(),
      timeout_seconds: seconds.optional(),
    })
    .optional(),
  saga_pattern: z
    .strictObject({
      compensation_enabled: z.boolean().default(true),
      rollback_on_failure: z.boolean().default(true),
      strategy: z.enum(SAGA_STRATEGIES).optional(),
      steps: z.array(taskId).optional(),
    })
    .optional(),
});

export const inputs = z.record(
  identifier,
  z.strictObject({
    type: z.enum(INPUT_TYPES),
    description: z.string().max(10_000).optional(),
    required: z.boolean().default(false),
    default: json.optional(),
  }),
);
