import type { InPlan } from '../../../contracts/activities.js';
import { canonicalJson } from '../../../contracts/canonical-json.js';
import type { CheckName } from '../../../contracts/checks.js';
import type { Finding } from '../../../contracts/migration.js';
import { sha256Hex } from '../../../platform/hash.js';
import type { Deps } from '../../deps.js';
import { planOf } from '../../ends.js';
import type { Alive } from '../../heartbeat.js';
import type { SnapshotHost } from '../../snapshot-host.js';
import type { Check, CheckContext } from './check.js';
import { REGISTRY } from './registry.js';

interface Parts {
  readonly deps: Deps;
  readonly host: SnapshotHost;
}
type InSnapshot = InPlan & { readonly snapshotId: string };

/** Which checks have something to look at, in their order. */
export async function listChecks(parts: Parts, input: InSnapshot, alive: Alive): Promise<{ checks: CheckName[] }> {
  const context = await contextOf(parts, input, alive);
  const checks: CheckName[] = [];
  for (const check of REGISTRY) if (await check.applies(context)) checks.push(check.name);
  return { checks };
}

/** Runs one; its report goes to the store, and of a check that runs again the last one holds. */
export async function runCheck(
  parts: Parts,
  input: InSnapshot & { readonly check: CheckName },
  alive: Alive,
): Promise<{ findings: readonly Finding[] }> {
  const check = checkOf(input.check);
  const { findings, report, ...summary } = await check.run(await contextOf(parts, input, alive));
  const hash = sha256Hex(canonicalJson(report));
  await parts.deps.store.migrations.putCheck(input.migrationId, { check: check.name, ...summary, hash }, report);
  return { findings };
}

function checkOf(name: CheckName): Check {
  const check = REGISTRY.find((candidate) => candidate.name === name);
  if (check === undefined) throw new Error(`there is no check "${name}"`);
  return check;
}

async function contextOf({ deps, host }: Parts, input: InSnapshot, alive: Alive): Promise<CheckContext> {
  const { migrationId, planId, snapshotId } = input;
  const { migration } = (await planOf(deps, planId)).document;
  const { source, snapshot, target } = host.get(snapshotId);
  return { deps, migrationId, planId, migration, source, snapshot, ...(target && { existing: target }), alive };
}
