import { sql } from 'kysely';
import { eventId } from '../../../contracts/executions.js';
import type { OpenNested } from '../../../contracts/engine-activities.js';
import type { FailureReport } from '../../../contracts/failures.js';
import type { SecretBox } from '../../secrets/secret-box.js';
import type { Database, StoreTransaction } from '../database.js';
import { encodeJson } from '../json-document.js';
import { createDefinition } from './definitions.js';
import type { ExecutionOptions, ExecutionStore, NewDefinition } from './engine-store.js';
import { appendEvents, rebuild, unknownExecution } from './events.js';
import { findingPart } from './find-executions.js';
import { keepingPart } from './keep-state.js';
import { NEW_EXECUTION } from './projection.js';
import type { ExecutionProjection } from './projection.js';
import { readingPart } from './read-execution.js';
import { Sealed, inputOf, outputOf, scopeOf } from './sealed-json.js';

export function executionStore(database: Database, box: SecretBox): ExecutionStore {
  const sealed = new Sealed(box);
  return {
    ...livingPart(database, sealed),
    ...findingPart(database),
    ...readingPart(database, sealed),
    ...keepingPart(database, sealed),
  };
}

type LivingPart = Pick<
  ExecutionStore,
  'create' | 'createNested' | 'admit' | 'close' | 'reopen' | 'append' | 'rebuild' | 'prune'
>;

function livingPart(database: Database, sealed: Sealed): LivingPart {
  return {
    create: (execution) =>
      database.transact({ attempted: 'start an execution of', on: execution.workflowId }, (query) =>
        create(query, sealed, execution),
      ),
    createNested: (nested, definition) =>
      database.transact({ attempted: 'start a part of', on: nested.executionId }, (query) =>
        createNested(query, sealed, { ...nested, parentId: nested.executionId, definition }),
      ),
    admit: (executionId, max) =>
      database.transact({ attempted: 'give a turn to', on: executionId }, (query) => admit(query, executionId, max)),
    append: (executionId, events) =>
      database.transact({ attempted: 'tell events of', on: executionId }, (query) =>
        appendEvents(query, executionId, events),
      ),
    rebuild: (executionId) =>
      database.transact({ attempted: 'make the read model again of', on: executionId }, async (query) => {
        const { brokenAt } = await rebuild(query, executionId);
        return { brokenAt };
      }),
    close: (end) =>
      database.transact({ attempted: 'close', on: end.executionId }, (query) => close(query, sealed, end)),
    reopen: (executionId, checkpointId, undo) =>
      database.transact({ attempted: 'go on with', on: executionId }, (query) =>
        reopen(query, executionId, { checkpointId, undo: undo === true }),
      ),
    prune: (hours) =>
      database.transact({ attempted: 'delete old events of', on: 'executions' }, (query) => prune(query, hours)),
  };
}

async function close(
  query: StoreTransaction,
  sealed: Sealed,
  { executionId, output, error, events }: Parameters<ExecutionStore['close']>[0],
): Promise<void> {
  if (events.length > 0) await appendEvents(query, executionId, events);
  await query
    .updateTable('workflow_executions')
    .set({
      output: sealed.put(output, outputOf(executionId)),
      error: error === undefined ? null : encodeJson(error),
      closed_at: sql<Date>`coalesce(closed_at, clock_timestamp())`,
    })
    .where('execution_id', '=', executionId)
    .execute();
  await query.deleteFrom('agent_allocations').where('execution_id', '=', executionId).execute();
}

interface NewNested extends Omit<OpenNested, 'executionId'> {
  readonly parentId: string;
  readonly definition: () => NewDefinition;
}

async function createNested(
  query: StoreTransaction,
  sealed: Sealed,
  { parentId, taskId, part, scope, definition }: NewNested,
): Promise<string> {
  // The parent's row is the lock: one at a time makes one line.
  const parent = await query
    .selectFrom('workflow_executions')
    .select(['input', 'options'])
    .where('execution_id', '=', parentId)
    .forUpdate()
    .executeTakeFirst();
  if (parent === undefined) throw unknownExecution(parentId);
  const former = await query
    .selectFrom('workflow_executions as e')
    .select(['execution_id', 'workflow_id', 'ordinal', 'closed_at', 'status', 'error', 'projection', 'keys_of'])
    .select(['parent_attempt', 'pruned_at'])
    .select(
      sql<boolean>`EXISTS (SELECT FROM caravan_store.execution_checkpoints AS c
                            WHERE c.execution_id = e.execution_id)`.as('can_go_on'),
    )
    .where('parent_id', '=', parentId)
    .where('parent_task', '=', taskId)
    .where('parent_part', '=', part)
    .orderBy('parent_attempt', 'desc')
    .limit(1)
    .executeTakeFirst();
  const goesOn = former !== undefined && former.can_go_on && former.pruned_at === null && isTerminated(former);
  if (former !== undefined && (former.closed_at === null || former.status === 'completed' || goesOn))
    return former.execution_id;
  const executionId = crypto.randomUUID();
  await insert(query, sealed, {
    executionId,
    workflowId: former?.workflow_id ?? (await createDefinition(query, definition())),
    ordinal: former?.ordinal ?? 1,
    input: sealed.get(parent.input, inputOf(parentId)),
    options: parent.options as ExecutionOptions,
    parent: {
      parent_id: parentId,
      parent_task: taskId,
      parent_part: part,
      scope: Object.keys(scope).length === 0 ? null : sealed.put(scope, scopeOf(executionId)),
      parent_attempt: (former?.parent_attempt ?? 0) + 1,
      keys_of: former === undefined || isUndone(former) ? null : (former.keys_of ?? former.execution_id),
    },
  });
  return executionId;
}

const isTerminated = ({ error }: { readonly error: unknown }): boolean =>
  (error as FailureReport | null)?.code === 'EXECUTION_TERMINATED';

/** Something of it was undone, or is to be undone by hand: what comes under the same keys would be refused. */
function isUndone({ projection }: { readonly projection: unknown }): boolean {
  const { undone = 0, parked = 0 } = (projection as ExecutionProjection).counts;
  return undone + parked > 0;
}

/** Only what was terminated may go on, and what completed as a part be undone: everything else ended by itself. */
async function reopen(
  query: StoreTransaction,
  executionId: string,
  { checkpointId, undo }: { readonly checkpointId: string; readonly undo: boolean },
): Promise<boolean> {
  const row = await query
    .selectFrom('workflow_executions')
    .select(['closed_at', 'error', 'workflow_id', 'parent_id', 'last_seq', 'pruned_at', 'status'])
    .where('execution_id', '=', executionId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw unknownExecution(executionId);
  if (row.closed_at === null) return true;
  const isUndone = undo && row.parent_id !== null && row.status === 'completed';
  if (row.pruned_at !== null || !(isUndone || isTerminated(row))) return false;
  const other = await query
    .selectFrom('workflow_executions')
    .select('execution_id')
    .where('workflow_id', '=', row.workflow_id)
    .where('closed_at', 'is', null)
    .where('parent_id', 'is', null)
    .executeTakeFirst();
  if (other !== undefined && row.parent_id === null) return false;
  await query
    .updateTable('workflow_executions')
    .set({ closed_at: null, admitted_at: null, error: null, output: null })
    .where('execution_id', '=', executionId)
    .execute();
  await appendEvents(query, executionId, [
    {
      executionId,
      id: eventId('workflow.execution_restarted', { ordinal: row.last_seq }),
      kind: 'workflow.execution_restarted',
      at: new Date().toISOString(),
      data: { checkpoint_id: checkpointId, ...(undo && { undo }) },
    },
  ]);
  return true;
}

/** Executions whose events are deleted by one statement. */
const PRUNED_AT_ONCE = 100;

async function prune(query: StoreTransaction, hours: number): Promise<number> {
  const old = await query
    .selectFrom('workflow_executions as e')
    .select('execution_id')
    .where('pruned_at', 'is', null)
    // What completed as a part may still be undone with the execution around it.
    .where(
      sql<boolean>`NOT EXISTS (SELECT FROM caravan_store.workflow_executions AS around
                                WHERE around.execution_id = e.parent_id AND around.closed_at IS NULL)`,
    )
    .where('closed_at', '<', sql<Date>`clock_timestamp() - make_interval(secs => ${hours * 3600})`)
    .orderBy('closed_at')
    .limit(PRUNED_AT_ONCE)
    .forUpdate()
    .skipLocked()
    .execute();
  const ids = old.map((row) => row.execution_id);
  if (ids.length === 0) return 0;
  await query.deleteFrom('execution_events').where('execution_id', 'in', ids).execute();
  await query
    .updateTable('workflow_executions')
    .set({ pruned_at: sql<Date>`clock_timestamp()` })
    .where('execution_id', 'in', ids)
    .execute();
  return ids.length;
}

async function create(
  query: StoreTransaction,
  sealed: Sealed,
  execution: Parameters<ExecutionStore['create']>[0],
): ReturnType<ExecutionStore['create']> {
  const { executionId, workflowId, input, options } = execution;
  const definition = await query
    .selectFrom('workflow_definitions')
    .select('ordinal')
    .where('workflow_id', '=', workflowId)
    .forUpdate()
    .executeTakeFirst();
  if (definition === undefined) throw unknownExecution(workflowId);
  const running = await query
    .selectFrom('workflow_executions')
    .select('execution_id')
    .where('workflow_id', '=', workflowId)
    .where('closed_at', 'is', null)
    .where('parent_id', 'is', null)
    .executeTakeFirst();
  if (running !== undefined) {
    return { started: running.execution_id === executionId, executionId: running.execution_id };
  }
  await insert(query, sealed, { executionId, workflowId, ordinal: definition.ordinal, input, options });
  return { started: true, executionId };
}

interface NewExecution {
  readonly executionId: string;
  readonly workflowId: string;
  readonly ordinal: number;
  readonly input: unknown;
  readonly options: ExecutionOptions;
  /** Of a task that is itself a pattern. */
  readonly parent?: {
    readonly parent_id: string;
    readonly parent_task: string;
    readonly parent_part: number;
    readonly scope: Buffer | null;
    readonly parent_attempt: number;
    readonly keys_of: string | null;
  };
}

async function insert(query: StoreTransaction, sealed: Sealed, execution: NewExecution): Promise<void> {
  const { executionId, workflowId, ordinal, input, options, parent } = execution;
  await query
    .insertInto('workflow_executions')
    .values({
      execution_id: executionId,
      workflow_id: workflowId,
      ordinal,
      options: encodeJson(options),
      input: sealed.put(input, inputOf(executionId)),
      projection: encodeJson(NEW_EXECUTION),
      status: NEW_EXECUTION.status,
      ...(parent ?? {}),
    })
    .execute();
  await appendEvents(query, executionId, [
    {
      executionId,
      id: eventId('workflow.execution_started', {}),
      kind: 'workflow.execution_started',
      at: new Date().toISOString(),
      data: { workflow_id: workflowId, ordinal },
    },
  ]);
}

/** Any constant of our own: turns are given one after the other. */
const TURN_LOCK = 7_205_091_133_173;

async function admit(query: StoreTransaction, executionId: string, max: number): Promise<boolean> {
  const row = await query
    .selectFrom('workflow_executions')
    .select(['admitted_at', 'parent_id', 'queued_at'])
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
  if (row === undefined) throw unknownExecution(executionId);
  if (row.admitted_at !== null) return true;
  if (row.parent_id === null) {
    await sql`SELECT pg_advisory_xact_lock(${TURN_LOCK})`.execute(query);
    const { rows } = await sql<{ ahead: number }>`
      SELECT (SELECT count(*) FROM caravan_store.workflow_executions
               WHERE admitted_at IS NOT NULL AND closed_at IS NULL AND parent_id IS NULL)
           + (SELECT count(*) FROM caravan_store.workflow_executions
               WHERE admitted_at IS NULL AND closed_at IS NULL AND parent_id IS NULL
                 AND (queued_at, execution_id) < (SELECT queued_at, execution_id FROM caravan_store.workflow_executions
                                                   WHERE execution_id = ${executionId})) AS ahead`.execute(query);
    if ((rows[0]?.ahead ?? 0) >= max) return false;
  }
  await query
    .updateTable('workflow_executions')
    .set({ admitted_at: sql<Date>`clock_timestamp()` })
    .where('execution_id', '=', executionId)
    .execute();
  return true;
}
