import { hash } from 'node:crypto';
import { qualified } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { MigrationMapping } from '../../contracts/mapping.js';

export type PlanTask = PlanDocument['tasks'][number];

/** Rows by source "schema.table", where something better is known than the mapping's own estimate. */
export type RowEstimates = Readonly<Record<string, number>>;

const ID_CHARACTERS = 200;

/** Id of a task that works on one table; stable over runs, and cut with a hash where a name is longer than an id. */
export function tableTaskId(step: 'copy' | 'keys', table: string): string {
  const id = `${step}:${table}`;
  if (id.length <= ID_CHARACTERS) return id;
  const suffix = `_${hash('sha256', table, 'hex').slice(0, 8)}`;
  return id.slice(0, ID_CHARACTERS - suffix.length) + suffix;
}

export const SHADOW_TASK = 'make-shadow';
export const FOREIGN_KEYS_TASK = 'foreign-keys';
export const VERIFY_TASK = 'verify';
export const PROMOTE_TASK = 'promote';

/** The task graph of a mapping. The largest tables stand first, since the last copy decides when all is done. */
export function draftTasks(mapping: MigrationMapping, estimates: RowEstimates = {}): PlanTask[] {
  const names = mapping.tables
    .map((table) => ({
      name: qualified(table.source),
      rows: estimates[qualified(table.source)] ?? table.estimatedRows,
    }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
  const execution = { agent: 'worker', phase: 'execution' } as const;
  return [
    { id: SHADOW_TASK, ...execution, action: 'shadow.create', depends_on: [] },
    ...names.map((table): PlanTask => {
      return { id: tableTaskId('copy', table), ...execution, action: 'table.copy', table, depends_on: [SHADOW_TASK] };
    }),
    ...names.map((table): PlanTask => {
      const copied = tableTaskId('copy', table);
      return { id: tableTaskId('keys', table), ...execution, action: 'table.keys', table, depends_on: [copied] };
    }),
    {
      id: FOREIGN_KEYS_TASK,
      ...execution,
      action: 'foreign_keys.add',
      depends_on: names.map((table) => tableTaskId('keys', table)),
    },
    { id: VERIFY_TASK, agent: 'validator', phase: 'verification', action: 'verify', depends_on: [FOREIGN_KEYS_TASK] },
    { id: PROMOTE_TASK, agent: 'worker', phase: 'promotion', action: 'promote', depends_on: [VERIFY_TASK] },
  ];
}

/** Must the graph be made anew? A person may add orderings; what each table needs must be there, and nothing else. */
export function tasksFit(tasks: readonly PlanTask[], mapping: MigrationMapping): boolean {
  const wanted = new Map(draftTasks(mapping).map((task) => [task.id, task]));
  if (tasks.length !== wanted.size || new Set(tasks.map((task) => task.id)).size !== tasks.length) return false;
  return tasks.every((task) => {
    const model = wanted.get(task.id);
    if (!model) return false;
    if (model.action !== task.action || model.phase !== task.phase || model.table !== task.table) return false;
    const given = new Set(task.depends_on);
    return (
      model.depends_on.every((id) => given.has(id)) && task.depends_on.every((id) => wanted.has(id) && id !== task.id)
    );
  });
}
