import type { PlanDocument } from '../../contracts/definition.schema.js';
import { PLAN_VERSION } from '../../contracts/definition.schema.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { RowEstimates } from './tasks.js';
import { draftTasks } from './tasks.js';

export interface DraftPlanInput {
  readonly mapping: MigrationMapping;
  /** What the plan is called; the source's database, as a rule. */
  readonly name: string;
  readonly estimates?: RowEstimates;
}

/** The plan that a person approves: the mapping, and the graph of tasks that carries it out. */
export function draftPlan({ mapping, name, estimates }: DraftPlanInput): PlanDocument {
  return {
    caravan_plan: PLAN_VERSION,
    name,
    version: '1',
    orchestration_pattern: 'supervisor',
    agents: {
      architect: { type: 'architect', count: 1, capabilities: ['plan'] },
      worker: { type: 'worker', count: 1, capabilities: ['copy', 'keys', 'promote'] },
      validator: { type: 'validator', count: 1, capabilities: ['verify'] },
    },
    tasks: draftTasks(mapping, estimates),
    coordination: { type: 'hybrid' },
    fault_tolerance: { saga_pattern: { compensation_enabled: true, rollback_on_failure: true } },
    migration: mapping,
  };
}
