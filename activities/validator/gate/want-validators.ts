import type { InPlan } from '../../../contracts/activities.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { RowRule } from '../../../contracts/rules.js';
import type { Target, WantedValidator } from '../../../databases/target.js';
import type { Deps } from '../../deps.js';
import { openTargetOf, planOf, withEnd } from '../../ends.js';
import { validatorContext } from '../../validator-context.js';

/** Tables whose validators are written at once. */
const PAGE = 100;

/** Writes KORA's validator of every table of the plan into the target, with the rules that are accepted by now. */
export async function compileValidators(
  deps: Deps,
  { migrationId, planId }: InPlan,
  signal: AbortSignal,
): Promise<{ tables: number }> {
  const { tables } = (await planOf(deps, planId)).document.migration;
  deps.failpoint('kora.compile');
  await withEnd(
    openTargetOf(deps, migrationId),
    async (target) => wantValidators(deps, target, { tables, rules: await deps.acceptedRules(migrationId) }),
    signal,
  );
  return { tables: tables.length };
}

export async function wantValidators(
  deps: Deps,
  target: Target,
  { tables, rules }: { readonly tables: readonly TableMapping[]; readonly rules: readonly RowRule[] },
): Promise<void> {
  for (let from = 0; from < tables.length; from += PAGE) {
    await target.validators.want(tables.slice(from, from + PAGE).map((table) => validatorOf(deps, table, rules)));
  }
}

function validatorOf({ validation, box }: Deps, table: TableMapping, rules: readonly RowRule[]): WantedValidator {
  const specification = validation.specify(table, rules);
  const hash = validation.hash(specification);
  const bytes = Buffer.from(JSON.stringify(specification));
  return { table: qualified(table.source), hash, specification: box.seal(bytes, validatorContext(hash)) };
}
