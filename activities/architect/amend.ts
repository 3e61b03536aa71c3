import type { Amendment, ArchitectActivities, InPlan } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { isNative, oddCause, oddPolicy } from '../../contracts/mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { givenProblem } from '../maba/mapping/given/column.js';
import type { Deps } from '../deps.js';
import { planOf } from '../ends.js';
import { checkReplacements } from './given.js';
import { storePlan } from './kept.js';

/** A fix that a person chose for a finding, as a plan: one cause of one column gets another policy. */
export async function amendPlan(
  deps: Deps,
  { migrationId, planId, ...amendment }: InPlan & Amendment,
): ReturnType<ArchitectActivities['amendPlan']> {
  const { document } = await planOf(deps, planId);
  const { migration } = document;
  const tables = migration.tables.map((table) => amendedTable(table, amendment));
  const amended = tables.filter((table, at) => table !== migration.tables[at]);
  if (amended.length === 0) throw refused(amendment.object, 'the plan has no such column');
  checkReplacements(deps, { ...migration, tables: amended });
  return storePlan(deps, migrationId, { ...document, migration: { ...migration, tables } });
}

/** The table itself where it does not have the column. */
function amendedTable(table: TableMapping, { object: on, cause: named, policy: given }: Amendment): TableMapping {
  const column = table.columns.find(({ target }) => `${qualified(table.source)}.${target}` === on);
  if (column === undefined) return table;
  const [cause, policy] = [oddCause.safeParse(named), oddPolicy.safeParse(given)];
  if (isNative(table)) throw refused(on, 'its rows are passed as they are, from PostgreSQL to PostgreSQL');
  if (!cause.success) throw refused(on, `nothing can be planned for "${named}"`);
  if (!policy.success) throw refused(on, 'there is no such policy');
  if (policy.data.do === 'fail') throw refused(on, 'with "fail" its table would fail');
  const values = { ...column.values, [cause.data]: policy.data };
  const problem = givenProblem(column.kind, { policies: { [cause.data]: policy.data } });
  if (problem !== undefined) throw refused(on, problem);
  return { ...table, columns: table.columns.map((each) => (each === column ? { ...column, values } : each)) };
}

function refused(on: string, seen: string): CaravanFailure {
  return new CaravanFailure('MAPPING_INVALID', {
    attempted: 'apply a fix to',
    on,
    seen,
    next: 'Choose another policy, or accept the finding.',
  });
}
