import type { TableRef } from '../../contracts/activities.js';
import { WORKFLOWS } from '../../contracts/messages.js';
import { tableWorkflowId } from '../../contracts/names.js';
import type { ProofGroupInput, ProofGroupResult } from '../../contracts/phases.js';
import { executePausableChild } from '../../workflows/kit/pausable-child.js';
import { PauseGate } from '../../workflows/kit/pause.js';
import { ProgressReporter } from '../../workflows/kit/progress.js';
import { compareTables, emptyProof, refuseTooMany, repairTables } from './tables.js';
import type { Proof, Proving } from './tables.js';

/** Tables of their own that this history holds at most: each costs it up to a dozen events. What is more goes to children. */
export const LARGE_MAX = 500;
const GROUP_TABLES = 100;

/** Compares some tables, or repairs them. */
export async function proofGroup(input: ProofGroupInput): Promise<ProofGroupResult> {
  const { migrationId, planId, stale, snapshot, tables, repair } = input;
  const progress = new ProgressReporter(migrationId);
  const gate = new PauseGate(input.paused);
  const proving: Proving = { plan: { migrationId, planId }, stale, snapshot, gate, progress };
  const proof = emptyProof();
  let differing: string[] = [];
  if (repair)
    await repairTables(
      proving,
      tables.map(({ table }) => table),
      proof,
    );
  else differing = await compareTables(proving, tables, proof);
  await progress.flush();
  return { ...proof, differing };
}

/** Compares a page of the plan's tables: here, or in a child workflow once there were too many. */
export class PagedProof {
  #large = 0;
  readonly #proving: Proving;
  readonly #proof: Proof;

  constructor(proving: Proving, proof: Proof) {
    this.#proving = proving;
    this.#proof = proof;
  }

  async compare(tables: readonly TableRef[]): Promise<string[]> {
    this.#large += tables.filter(({ small }) => small !== true).length;
    if (this.#large <= LARGE_MAX) return compareTables(this.#proving, tables, this.#proof);
    return this.#inChild(tables, false);
  }

  async repair(tables: readonly string[]): Promise<void> {
    if (tables.length <= LARGE_MAX) {
      await repairTables(this.#proving, tables, this.#proof);
      return;
    }
    const refs = tables.map((table): TableRef => ({ table, rows: 0 }));
    for (let at = 0; at < refs.length; at += GROUP_TABLES) await this.#inChild(refs.slice(at, at + GROUP_TABLES), true);
  }

  async #inChild(tables: readonly TableRef[], repair: boolean): Promise<string[]> {
    const { plan, stale, snapshot, gate } = this.#proving;
    await gate.open();
    const first = tables[0]?.table ?? '';
    const workflowId = tableWorkflowId(plan.migrationId, `${repair ? 'repair' : 'proof'}:${first}`);
    const { differing, ...found } = await executePausableChild<ProofGroupResult>(WORKFLOWS.proofGroup, gate, {
      workflowId,
      input: { ...plan, stale, snapshot, tables, repair, paused: gate.paused } satisfies ProofGroupInput,
      staticSummary: `${repair ? 'repair and prove' : 'prove'} ${String(tables.length)} tables, from ${first} on`,
    });
    this.#add(found);
    return [...differing];
  }

  #add(found: Omit<ProofGroupResult, 'differing'>): void {
    const proof = this.#proof;
    proof.equal &&= found.equal;
    proof.tables += found.tables;
    proof.rows += found.rows;
    proof.quarantined += found.quarantined;
    proof.changed += found.changed;
    proof.findings.push(...found.findings);
    refuseTooMany(proof);
  }
}
