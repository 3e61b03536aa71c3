import { z } from 'zod';
import { jsonObject, resources, retryPolicy, seconds } from '../../contracts/definition-parts.schema.js';
import { definitionDocument, workflowDefinition } from '../../contracts/definition.schema.js';
import { RETRY_POLICIES } from '../../contracts/definition.js';
import { EXECUTION_STATES, TASK_STATES } from '../../contracts/execution-states.js';

export const idParams = z.strictObject({ id: z.string().min(1).max(200).describe('UUID.') });
export const time = z.iso.datetime();
export const limit = (fallback: number) => z.coerce.number().int().min(1).max(1000).default(fallback);

/** What is documented; the body itself is read by the language, with positions. */
export const definitionBody = z.union([
  definitionDocument,
  z.strictObject({ definition: z.union([workflowDefinition, z.string().describe('YAML.')]) }),
]);

const report = z.strictObject({
  valid: z.literal(true),
  tasks: z.int(),
  waves: z.int(),
  critical_path: z.array(z.string()),
  estimated_duration: z.number().describe('Seconds.'),
  warnings: z.array(z.string()),
});
const amounts = { cpu: z.number().describe('Cores.'), memory: z.number().describe('Bytes.') };
const version = z.int().describe('Of the stored workflow: 1, 2, …');

export const validated = z.strictObject({
  workflow_id: z.uuid(),
  status: z.literal('validated'),
  version,
  validation_report: report,
  estimated_resources: z.strictObject({
    agents: z.int(),
    ...amounts,
    duration: z.number().describe('Seconds.'),
    peak: z.strictObject({ tasks: z.int(), ...amounts }),
  }),
});

const storedWorkflow = {
  workflow_id: z.uuid(),
  version,
  definition_hash: z.string(),
  tasks: z.int(),
  created_at: time,
  updated_at: time,
};
export const workflow = z.strictObject({
  ...storedWorkflow,
  definition: z.record(z.string(), z.unknown()),
  validation_report: report,
});
export const workflowList = z.strictObject({ workflows: z.array(z.strictObject(storedWorkflow)) });

export const executeBody = z
  .strictObject({
    input_data: jsonObject.optional().describe('What the definition\'s "inputs" ask for.'),
    execution_options: z
      .strictObject({
        timeout: seconds.optional().describe('Seconds that it may work.'),
        retry_policy: z
          .union([z.enum(RETRY_POLICIES), retryPolicy])
          .optional()
          .describe('In place of those of all tasks.'),
        resource_constraints: resources.optional().describe('Most that all its agents together may ask for.'),
      })
      .default({}),
  })
  .prefault({});

export const allocatedAgent = z.strictObject({
  agent_id: z.string(),
  agent: z.string().describe("The definition's name."),
  type: z.string().nullable(),
});
export const started = z.strictObject({
  execution_id: z.uuid(),
  status: z.literal('planning'),
  allocated_agents: z.array(allocatedAgent),
  execution_url: z.string(),
});

export const status = z.strictObject({
  workflow_id: z.uuid(),
  execution_id: z.uuid().nullable().describe('Null: it was never executed.'),
  status: z.enum(EXECUTION_STATES),
  current_phase: z.string().describe('What happens: "queued", "allocating", the task begun last, or the status.'),
  agents: z.array(allocatedAgent),
  performance_metrics: z.strictObject({
    tasks_total: z.int(),
    tasks: z.partialRecord(z.enum(TASK_STATES), z.int()).describe('How many are in which state.'),
    progress: z.number().min(0).max(1),
    attempts: z.int(),
    checkpoints: z.int(),
    replanned: z.int(),
    queued_at: time.nullable(),
    started_at: time.nullable(),
    completed_at: time.nullable(),
    duration_seconds: z.number().nullable(),
  }),
  last_checkpoint_id: z.uuid().nullable(),
  error_details: z.strictObject({ code: z.string(), message: z.string(), next: z.string() }).optional(),
});

export const reasonBody = z.strictObject({ reason: z.string().max(2000).optional() }).default({});
export const paused = z.strictObject({
  execution_id: z.uuid(),
  status: z.literal('paused'),
  checkpoint_id: z.uuid().nullable().describe('Null: tasks that run are still ending; it comes after them.'),
  resume_url: z.string(),
});
export const commanded = z.strictObject({ execution_id: z.uuid(), status: z.enum(EXECUTION_STATES) });

export const listQuery = z.strictObject({ limit: limit(100) });
export const versionQuery = z.strictObject({ version: z.coerce.number().int().min(1).optional() });
