import { z } from 'zod';
import { agents, approval, compensation, coordination, definitionAgent } from './definition-parts.schema.js';
import { expression, faultTolerance, identifier, inputs, json, jsonObject } from './definition-parts.schema.js';
import { onExhausted, seconds, taskConduct, taskId } from './definition-parts.schema.js';
import type { WorkflowDefinition, WorkflowGraph, WorkflowTask } from './definition.js';
import { ID_CHARACTERS, JSON_TASKS_MAX, ORCHESTRATION_PATTERNS } from './definition.js';
import { TASK_ACTIONS } from './graph.js';
import { migrationMapping } from './mapping.js';
import { SECONDS_MAX } from './quantities.js';

/**
 * The workflow definition language (OE-4): what a definition may say. What its parts must be to each other (agents
 * that exist, references that can be resolved) is checked by language/definition.ts, with positions.
 */
const taskIds = z.array(taskId);

export const definitionTask = z
  .strictObject({
    id: taskId.describe('Unique among the tasks of its graph.'),
    description: z.string().max(10_000).optional(),
    agent: identifier.optional().describe('Name of the agent. Left out only where "pattern" or "capabilities" stands.'),
    depends_on: taskIds.default([]).describe('Tasks that must be done before.'),
    parallel: z.boolean().optional().describe('May run beside its siblings; every agent of its type takes a part.'),
    ...taskConduct,
    on_exhausted: onExhausted.optional().describe('What follows when no attempt is left.'),
    input: json.optional().describe('Any JSON; texts may hold ${{ expression }}.'),
    when: expression.optional().describe('Expression; the task is skipped unless it is true.'),
    for_each: expression.optional().describe('Expression that gives a list; the task runs once for each item.'),
    on_event: z.string().min(1).max(ID_CHARACTERS).optional().describe('Event type that releases the task.'),
    estimate_seconds: z.number().positive().max(SECONDS_MAX).optional(),
    compensate_with: compensation.optional().describe('What undoes the task.'),
    pivot: z.boolean().optional().describe('The point of no return: behind it nothing is undone.'),
    reversible: z.boolean().optional(),
    approval: approval.optional().describe('A person must approve before the task starts.'),
    action: z.string().min(1).max(ID_CHARACTERS).optional().describe('What the agent is to do.'),
    table: z.string().optional().describe('Only in a migration plan.'),
    phase: z.enum(['execution', 'verification', 'promotion']).optional().describe('Only in a migration plan.'),
    get pattern(): z.ZodOptional<z.ZodType<WorkflowGraph>> {
      return nestedPattern.optional();
    },
  })
  .meta({ id: 'Task' }) satisfies z.ZodType<WorkflowTask>;

const graph = {
  orchestration_pattern: z.enum(ORCHESTRATION_PATTERNS),
  pattern: identifier.optional().describe('Name of a registered pattern; only with "custom", and needed there.'),
  pattern_options: jsonObject.optional(),
  agents: agents.default({}),
};

const nestedPattern: z.ZodType<WorkflowGraph> = z
  .strictObject({ ...graph, tasks: z.array(definitionTask).min(1) })
  .meta({ id: 'Pattern' });

/** A definition, without the outer key `workflow`, which is taken away before. */
export const workflowDefinition = z
  .strictObject({
    name: z.string().min(1).max(ID_CHARACTERS),
    version: z.string().min(1).max(100).optional(),
    description: z.string().max(10_000).optional(),
    ...graph,
    inputs: inputs.optional().describe('What an execution is started with.'),
    timeout: seconds.optional().describe('Seconds of a whole execution, or a duration such as "2h".'),
    tasks: z.array(definitionTask).min(1).max(JSON_TASKS_MAX),
    coordination: coordination.default({ type: 'hybrid' }),
    fault_tolerance: faultTolerance.optional(),
  })
  .meta({ id: 'Workflow' }) satisfies z.ZodType<WorkflowDefinition>;

/** Version of the plan document that this build reads and writes. */
export const PLAN_VERSION = 1;

/** A task of a migration plan: one of the built-in actions. Fields that a migration does not act on are refused. */
const planTask = definitionTask
  .pick({ id: true, agent: true, phase: true, action: true, table: true, depends_on: true })
  .required({ agent: true, phase: true })
  .extend({ action: z.enum(TASK_ACTIONS) });

/** A migration plan is a document of the same language, with two more fields and built-in actions. */
export const planDocument = z.strictObject({
  caravan_plan: z.literal(PLAN_VERSION),
  ...workflowDefinition.pick({ name: true, version: true }).required().shape,
  orchestration_pattern: z.enum(['supervisor', 'hierarchical']),
  agents: z.record(identifier, definitionAgent.omit({ resources: true })),
  tasks: z.array(planTask).min(1),
  coordination: z.strictObject({ type: z.enum(['hybrid', 'graph']) }).default({ type: 'hybrid' }),
  fault_tolerance: z
    .strictObject({
      saga_pattern: z.strictObject({ compensation_enabled: z.literal(true), rollback_on_failure: z.literal(true) }),
    })
    .default({ saga_pattern: { compensation_enabled: true, rollback_on_failure: true } }),
  migration: migrationMapping,
}) satisfies z.ZodType<WorkflowDefinition>;
export type PlanDocument = z.infer<typeof planDocument>;

/** The tasks of a registered pattern are put in before the definition is checked. */
const fromPattern = workflowDefinition
  .omit({ tasks: true })
  .extend({ orchestration_pattern: z.literal('custom'), pattern: identifier });

/** What is published: a definition with or without the outer key. */
export const definitionDocument = z.union([
  workflowDefinition,
  fromPattern,
  z.strictObject({ workflow: z.union([workflowDefinition, fromPattern]) }),
]);
