import { z } from 'zod';
import { json } from '../../contracts/definition-parts.schema.js';
import { ID_CHARACTERS } from '../../contracts/definition.js';
import { EXECUTION_STATES, TASK_STATES } from '../../contracts/execution-states.js';
import { EXECUTION_EVENT_KINDS } from '../../contracts/executions.js';
import { limit, status, time } from '../workflows/schemas.js';

const jsonObject = z.record(z.string(), z.unknown());
const error = z.strictObject({ code: z.string(), message: z.string(), next: z.string() });

const summary = {
  execution_id: z.uuid(),
  workflow_id: z.uuid(),
  workflow_name: z.string(),
  workflow_version: z.int(),
  orchestration_pattern: z.string(),
  parent_execution_id: z.uuid().nullable().describe('Of a task that is itself a pattern.'),
  status: z.enum(EXECUTION_STATES),
  queued_at: time,
  started_at: time.nullable(),
  completed_at: time.nullable(),
  error_details: error.optional(),
};
export const executionList = z.strictObject({ executions: z.array(z.strictObject(summary)) });
export const execution = z.strictObject({
  ...summary,
  performance_metrics: status.shape.performance_metrics,
  last_checkpoint_id: z.uuid().nullable(),
  tasks: z
    .array(
      z.strictObject({
        id: z.string(),
        state: z.enum(TASK_STATES),
        attempt: z.int(),
        agent_id: z.string().nullable(),
        started_at: time.nullable(),
        ended_at: time.nullable(),
      }),
    )
    .describe('Tasks that something happened to, at most 1000.'),
});

export const executionsQuery = z.strictObject({ limit: limit(100), status: z.enum(EXECUTION_STATES).optional() });
export const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).describe('The `seq` of the last event that was seen.'),
  limit: limit(100),
});
export const events = z.strictObject({
  events: z.array(
    z.strictObject({
      seq: z.int(),
      id: z.string(),
      type: z.enum(EXECUTION_EVENT_KINDS),
      execution_id: z.uuid(),
      timestamp: time,
      task_id: z.string().nullable(),
      attempt: z.int().nullable(),
      data: jsonObject,
      hash: z.string().describe('SHA-256 over the hash before it and this event.'),
    }),
  ),
  next_after: z.int().describe('`after` of the next page.'),
});

export const result = z.strictObject({
  execution_id: z.uuid(),
  status: z.enum(EXECUTION_STATES),
  output: z.unknown().describe('Outputs of the tasks that nothing depends on, by task.'),
  error_details: error.optional(),
});

export const eventBody = z.strictObject({
  type: z.string().min(1).max(ID_CHARACTERS),
  data: json.optional().describe('At most 256 KiB.'),
});
export const taskParams = z.strictObject({
  id: z.string().min(1).max(200),
  taskId: z
    .string()
    .min(1)
    .max(ID_CHARACTERS + 20),
});
const reason = z.string().max(2000).optional();
export const decisionBody = z.strictObject({
  approved: z.boolean(),
  reason,
  output: json.optional().describe('Of a task that a person does.'),
});
export const resolutionBody = z.strictObject({ action: z.enum(['retry', 'skip', 'fail']), reason });
export const resumeBody = z
  .strictObject({
    checkpoint_id: z.uuid().optional().describe('Default the last one; without any it begins again.'),
  })
  .default({});
export const accepted = z.strictObject({ execution_id: z.uuid(), accepted: z.literal(true) });
export const decided = z.strictObject({ execution_id: z.uuid(), task_id: z.string(), decided_by: z.string() });
export const restarted = z.strictObject({ execution_id: z.uuid(), checkpoint_id: z.uuid().nullable() });
