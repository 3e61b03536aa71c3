import type { InPlan } from '../../../contracts/activities.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { ExistingTable } from '../../../contracts/existing.js';
import type { TableMapping, ViewMapping } from '../../../contracts/mapping.js';
import type { Finding, FindingCode } from '../../../contracts/migration.js';
import { quoteName } from '../../../language/expressions.js';
import type { Deps } from '../../deps.js';
import { openExistingOf, planOf, withEnd } from '../../ends.js';
import type { Alive } from '../../heartbeat.js';
import type { SnapshotHost } from '../../snapshot-host.js';
import { asTable, compareOrSay } from '../prove-views.js';
import { bothOf } from './compare-table.js';

/** Compares what the views of both sides give, as sets of rows; one that gives others is a finding. */
export async function compareViews(
  { deps, host }: { readonly deps: Deps; readonly host: SnapshotHost },
  input: InPlan & { snapshotId: string },
  alive: Alive,
): Promise<{ equal: number; findings: Finding[] }> {
  const { migrationId } = input;
  const { migration } = (await planOf(deps, input.planId)).document;
  const both = bothOf(host, input.snapshotId);
  const existing = await withEnd(
    openExistingOf(deps, migrationId),
    (target) => target.catalogue(migration.targetSchema),
    alive.signal,
  );
  const findings: Finding[] = [];
  let equal = 0;
  for (const view of migration.views) {
    const table = tableOf(view, existing, migration.sourceEngine === 'postgres');
    if (typeof table === 'string') {
      findings.push(finding('not_comparable', view, table));
      continue;
    }
    const report = await both.snapshot.lend((reader) =>
      compareOrSay({ migration, view, target: both.target, reader, alive }, table),
    );
    if (typeof report === 'string') findings.push(finding('not_comparable', view, report));
    else if (!report.equal) findings.push(finding('view_differs', view, 'it gives other rows in the target'));
    else {
      equal += 1;
      await deps.store.migrations.putView(migrationId, report);
    }
  }
  return { equal, findings };
}

/** The view by its columns of the target, which stand in the order of the source's; or why it cannot be read so. */
function tableOf(view: ViewMapping, existing: readonly ExistingTable[], fromPostgres: boolean): TableMapping | string {
  const there = existing.find(({ name }) => name === view.target.name);
  if (there === undefined) return 'it has gone from the target';
  const columns = there.columns.map(({ name, type, declared, kind }) => ({
    name,
    type,
    kind,
    // In quotes: a type that somebody made, which both sides print.
    native: /[."]/.test(declared) ? quoteName(declared) : type,
  }));
  const named = view.columns.map((column, at) => ({ ...column, target: columns[at]?.name ?? column.target }));
  return asTable({ ...view, columns: named }, { columns }, fromPostgres);
}

function finding(
  code: Extract<FindingCode, 'view_differs' | 'not_comparable'>,
  view: ViewMapping,
  why: string,
): Finding {
  const object = qualified(view.source);
  const about = { kind: 'data', object, count: 1, disposition: 'listed', detail: `view ${object}: ${why}.` } as const;
  return { id: `${code}:${object}`, code, ...about };
}
