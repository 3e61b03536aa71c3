import type { EventRule, OrchestrationPattern, WorkflowDefinition, WorkflowTask } from '../../contracts/definition.js';
import type { SagaSettings } from '../../contracts/executions.js';
import { eventRulesOf, patternOptionsOf, sagaOf } from '../../language/prepare.js';
import type { Store } from '../../platform/store/store.js';

/** What an execution needs of its definition beside the tasks, which it reads page by page. */
export interface DefinitionHead {
  /** Without its tasks. */
  readonly definition: WorkflowDefinition;
  readonly pattern: OrchestrationPattern;
  readonly patternOptions: Readonly<Record<string, unknown>>;
  readonly taskCount: number;
  readonly saga: Omit<SagaSettings, 'timeoutSeconds'> | undefined;
  readonly events: readonly EventRule[];
}

/** Heads that are kept. */
const KEPT = 200;
const kept = new WeakMap<Store, Map<string, DefinitionHead>>();

/** A version is never changed, and a large one takes a second to read: its head is kept by this process. */
export async function headOf(store: Store, workflowId: string, ordinal: number): Promise<DefinitionHead | undefined> {
  const heads = kept.get(store) ?? new Map<string, DefinitionHead>();
  kept.set(store, heads);
  const key = `${workflowId}/${String(ordinal)}`;
  const there = heads.get(key);
  if (there !== undefined) return there;
  const stored = await store.engine.definitions.get(workflowId, ordinal);
  if (stored === undefined) return undefined;
  const { definition, taskCount } = stored;
  const head: DefinitionHead = {
    definition: { ...definition, tasks: [] },
    pattern: definition.orchestration_pattern,
    patternOptions: patternOptionsOf(definition),
    taskCount,
    saga: sagaWithNested(definition),
    events: eventRulesOf(definition),
  };
  heads.set(key, head);
  for (const oldest of heads.keys()) if (heads.size > KEPT) heads.delete(oldest);
  return head;
}

/** A task that is a pattern is undone by the tasks in it, where it says nothing of its own. */
function sagaWithNested(definition: WorkflowDefinition): DefinitionHead['saga'] {
  const inner = definition.tasks.flatMap(({ pattern }) => pattern?.tasks.flatMap(withInner) ?? []);
  const saga = sagaOf(inner.length === 0 ? definition : { ...definition, tasks: [...definition.tasks, ...inner] });
  const canUndo = inner.some(({ compensate_with: undo }) => undo !== undefined);
  return saga && canUndo ? { ...saga, nested: true } : saga;
}

function withInner(task: WorkflowTask): WorkflowTask[] {
  return [task, ...(task.pattern?.tasks.flatMap(withInner) ?? [])];
}
