import type { InPlan } from '../../contracts/activities.js';
import type { FailureReport } from '../../contracts/failures.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { tableWorkflowId } from '../../contracts/names.js';
import type { FailedTask, TableGroupInput, TableGroupResult } from '../../contracts/phases.js';
import { executePausableChild } from '../../workflows/kit/pausable-child.js';
import type { PauseGate } from '../../workflows/kit/pause.js';
import type { CopySnapshot } from './copy-chunks.js';
import type { Step, TableGroup } from './steps.js';
import type { TableWork } from './table-work.js';

interface GroupParts {
  readonly plan: InPlan;
  readonly gate: PauseGate;
  readonly snapshot: () => Promise<CopySnapshot>;
  readonly ready: () => Promise<void>;
  /** What groups came to is added here. */
  readonly work: TableWork;
}

/** Large tables, each hundred of them in a child workflow, so that this history stays small however many there are. */
export class TableGroups {
  readonly #parts: GroupParts;
  readonly #failed = new Map<string, readonly FailedTask[]>();

  constructor(parts: GroupParts) {
    this.#parts = parts;
  }

  async run({ id, group }: TableGroup): Promise<void> {
    const { plan, gate, work } = this.#parts;
    const [snapshot] = await Promise.all([this.#parts.snapshot(), this.#parts.ready()]);
    await gate.open();
    const workflowId = tableWorkflowId(plan.migrationId, id);
    const tables = group.map(({ table, copy, keys }) => ({ table, copy: copy.id, keys: keys.id }));
    const input: TableGroupInput = { ...plan, tables, paused: gate.paused, snapshot: snapshot.usable };
    const result = await executePausableChild<TableGroupResult>(WORKFLOWS.tableGroup, gate, {
      workflowId,
      input,
      staticSummary: `copy ${String(group.length)} large tables, from ${group[0]?.table ?? ''} on`,
    });
    if (result.snapshotLost) snapshot.lose();
    work.add(result);
    work.find(result.findings);
    if (result.failed.length === 0) return;
    this.#failed.set(id, result.failed);
    throw new Error('a table of the group failed');
  }

  /** The tables that failed; where the group itself did, all of it. */
  failedOf(step: Step, failure: FailureReport): FailedTask[] {
    if (!('group' in step)) return [{ task: step.id, failure }];
    const told = this.#failed.get(step.id);
    return told === undefined ? step.group.map(({ table, copy }) => ({ task: copy.id, table, failure })) : [...told];
  }
}
