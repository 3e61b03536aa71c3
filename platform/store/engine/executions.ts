import { sql } from 'kysely';
import { eventId } from '../../../contracts/executions.js';
import type { FailureReport } from '../../../contracts/failures.js';
import type { SecretBox } from '../../secrets/secret-box.js';
import type { Database, StoreTransaction } from '../database.js';
import { encodeJson } from '../json-document.js';
import { createDefinition } from './definitions.js';
import type { ExecutionOptions, ExecutionStore } from './engine-store.js';
import { appendEvents, rebuild, unknownExecution } from './events.js';
import { findingPart } from './find-executions.js';
import { keepingPart } from './keep-state.js';
import { NEW_EXECUTION } from './projection.js';
import { readingPart } from './read-execution.js';
import { Sealed, aroundOf, inputOf, outputOf } from './sealed-json.js';

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
    createNested: ({ parentId, taskId, definition, around }) =>
      database.transact({ attempted: 'start a part of', on: parentId }, async (query) => {
        const there = await query
          .selectFrom('workflow_executions')
          .select('execution_id')
          .where('parent_id', '=', parentId)
          .where('parent_task', '=', taskId)
          .executeTakeFirst();
        if (there !== undefined) return there.execution_id;
        const parent = await query
          .selectFrom('workflow_executions')
          .select(['input', 'options'])
          .where('execution_id', '=', parentId)
          .forUpdate()
          .executeTakeFirst();
        if (parent === undefined) throw unknownExecution(parentId);
        const executionId = crypto.randomUUID();
        const input = sealed.get(parent.input, inputOf(parentId));
        const workflowId = await createDefinition(query, definition);
        await insert(query, sealed, {
          executionId,
          workflowId,
          ordinal: 1,
          input,
          options: parent.options as ExecutionOptions,
          parent: {
            parent_id: parentId,
            parent_task: taskId,
            ...(around && { around: sealed.put(around, aroundOf(executionId)) }),
          },
        });
        return executionId;
      }),
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
    reopen: (executionId, checkpointId) =>
      database.transact({ attempted: 'go on with', on: executionId }, (query) =>
        reopen(query, executionId, checkpointId),
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

/** Only what was terminated may go on: everything else ended by itself. */
async function reopen(query: StoreTransaction, executionId: string, checkpointId: string): Promise<boolean> {
  const row = await query
    .selectFrom('workflow_executions')
    .select(['closed_at', 'error', 'workflow_id', 'parent_id', 'last_seq', 'pruned_at'])
    .where('execution_id', '=', executionId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw unknownExecution(executionId);
  if (row.closed_at === null) return true;
  if ((row.error as FailureReport | null)?.code !== 'EXECUTION_TERMINATED' || row.pruned_at !== null) return false;
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
      data: { checkpoint_id: checkpointId },
    },
  ]);
  return true;
}

/** Executions whose events are deleted by one statement. */
const PRUNED_AT_ONCE = 100;

async function prune(query: StoreTransaction, hours: number): Promise<number> {
  const old = await query
    .selectFrom('workflow_executions')
    .select('execution_id')
    .where('pruned_at', 'is', null)
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
  readonly parent?: { readonly parent_id: string; readonly parent_task: string };
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
