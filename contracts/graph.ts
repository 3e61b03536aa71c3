/**
 * A task graph as the engine runs it. The plan that the Architect makes and a user's definition are the same thing.
 * Ids and actions stand in histories: never renamed.
 */
export const TASK_ACTIONS = [
  'shadow.create',
  'table.copy',
  'table.keys',
  'foreign_keys.add',
  'verify',
  'promote',
] as const;
export type TaskAction = (typeof TASK_ACTIONS)[number];

export type TaskPhase = 'execution' | 'verification' | 'promotion';

export interface GraphTask {
  readonly id: string;
  readonly action: TaskAction;
  /** Source table, "schema.name". */
  readonly table?: string;
  /** Estimated rows, for windows and progress. */
  readonly rows?: number;
  /** Its table is small; see `TableRef`. */
  readonly small?: boolean;
  readonly dependsOn: readonly string[];
}
