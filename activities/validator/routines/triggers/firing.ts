import { qualified } from '../../../../contracts/catalogue.js';
import type { MigrationMapping, RoutineMapping } from '../../../../contracts/mapping.js';
import type { Writing } from '../../../../databases/asking.js';
import type { Deps } from '../../../deps.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { SECONDS_MAX } from '../../checks/queries/lane.js';

/** Lets triggers of the shadow fire, until the transaction is taken back. The search path begins with the shadow. */
export async function fire(target: Writing, triggers: readonly RoutineMapping[]): Promise<void> {
  for (const { trigger } of triggers) {
    if (trigger === undefined) continue;
    const [table, name] = [quotedName(trigger.table, 'postgres'), quotedName(trigger.name, 'postgres')];
    const done = await target.write(`ALTER TABLE ${table} ENABLE TRIGGER ${name}`, SECONDS_MAX);
    if (!done.ok) throw new Error(`a trigger of the shadow does not fire (${done.refused.code})`);
  }
}

/** Writes under which the triggers fire that the promotion will switch on: those that were proven. */
export async function withTriggers(
  writing: Writing,
  {
    deps,
    migrationId,
    migration,
  }: { readonly deps: Deps; readonly migrationId: string; readonly migration: MigrationMapping },
): Promise<Writing> {
  const { routines = [] } = migration;
  if (routines.length === 0) return writing;
  const reports = await deps.store.migrations.views(migrationId);
  const proven = new Set(reports.filter(({ kind, equal }) => kind === 'trigger' && equal).map(({ source }) => source));
  const triggers = routines.filter(({ kind, source }) => kind === 'trigger' && proven.has(qualified(source)));
  if (triggers.length === 0) return writing;
  return {
    begin: async (counters) => {
      await writing.begin(counters);
      await fire(writing, triggers);
    },
    write: (sql, seconds) => writing.write(sql, seconds),
    settle: () => writing.settle(),
    rollback: () => writing.rollback(),
    counters: () => writing.counters(),
    ask: (question) => writing.ask(question),
    explain: (sql) => writing.explain(sql),
    close: () => writing.close(),
  };
}
