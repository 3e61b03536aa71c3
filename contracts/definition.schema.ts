import { z } from 'zod';
import { migrationMapping } from './mapping.js';
import { TASK_ACTIONS } from './graph.js';

/** Workflow definition language (OE-4) as far as migration plans use it. Field names are the seed's. */
const identifier = z.string().regex(/^[A-Za-z_][\w.$/-]*$/u, 'must be an identifier');

export const definitionAgent = z.strictObject({
  type: z.string(),
  count: z.int().positive().default(1),
  capabilities: z.array(z.string()).default([]),
});

export const definitionTask = z.strictObject({
  id: z.string().min(1).max(200),
  agent: identifier,
  phase: z.enum(['execution', 'verification', 'promotion']),
  action: z.enum(TASK_ACTIONS),
  /** Source table, as "schema.name", of an action that works on one table. */
  table: z.string().optional(),
  depends_on: z.array(z.string()).default([]),
});

/** Version of the plan document that this build reads and writes. */
export const PLAN_VERSION = 1;

export const planDocument = z.strictObject({
  caravan_plan: z.literal(PLAN_VERSION),
  name: z.string(),
  version: z.string(),
  orchestration_pattern: z.enum(['supervisor', 'hierarchical']),
  agents: z.record(identifier, definitionAgent),
  tasks: z.array(definitionTask).min(1),
  coordination: z.strictObject({ type: z.enum(['hybrid', 'graph']) }).default({ type: 'hybrid' }),
  fault_tolerance: z
    .strictObject({
      saga_pattern: z.strictObject({ compensation_enabled: z.literal(true), rollback_on_failure: z.literal(true) }),
    })
    .default({ saga_pattern: { compensation_enabled: true, rollback_on_failure: true } }),
  migration: migrationMapping,
});
export type PlanDocument = z.infer<typeof planDocument>;
