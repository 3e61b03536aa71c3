import { sql } from 'kysely';
import type { FailureReport } from '../../../contracts/failures.js';
import type { Database, StoreQuery } from '../database.js';
import type { ExecutionOptions, ExecutionRow, ExecutionStore } from './engine-store.js';
import { uuidOf } from './events.js';
import type { ExecutionProjection } from './projection.js';
import { readStatus } from './status.js';

type FindingPart = Pick<
  ExecutionStore,
  'get' | 'statusOf' | 'nestedOf' | 'latest' | 'list' | 'waiting' | 'capacity' | 'silent'
>;

export function findingPart(database: Database): FindingPart {
  const read = reading(database);
  return {
    nestedOf: nestedOf(database),
    get: (executionId) =>
      read(executionId, async (query) => {
        const id = uuidOf(executionId);
        if (id === undefined) return undefined;
        const row = await rows(query).where('e.execution_id', '=', id).executeTakeFirst();
        return row && executionOf(row);
      }),
    statusOf: (workflowId) =>
      read(workflowId, async (query) => {
        const id = uuidOf(workflowId);
        return id === undefined ? undefined : readStatus(query, id);
      }),
    latest: (workflowId) =>
      read(workflowId, async (query) => {
        const id = uuidOf(workflowId);
        if (id === undefined) return undefined;
        const newest = rows(query).where('e.workflow_id', '=', id).orderBy('e.queued_at', 'desc').limit(1);
        const row = await newest.executeTakeFirst();
        return row && executionOf(row);
      }),
    list: ({ limit, status }) =>
      read('list', async (query) => {
        let newest = rows(query).where('e.parent_id', 'is', null).orderBy('e.queued_at', 'desc').limit(limit);
        if (status !== undefined) newest = newest.where('e.status', '=', status);
        return (await newest.execute()).map(executionOf);
      }),
    waiting: (limit) =>
      read('queue', async (query) => {
        const found = await query
          .selectFrom('workflow_executions')
          .select('execution_id')
          .where('admitted_at', 'is', null)
          .where('closed_at', 'is', null)
          .orderBy('queued_at')
          .limit(limit)
          .execute();
        return found.map((row) => row.execution_id);
      }),
    silent: ({ seconds, after, limit }) =>
      read('silent executions', async (query) => {
        let open = query
          .selectFrom('workflow_executions')
          .select([
            'execution_id',
            sql<number>`extract(epoch FROM clock_timestamp() - last_event_at)::float8`.as('seconds'),
          ])
          .where('closed_at', 'is', null)
          .where('last_event_at', '<', sql<Date>`clock_timestamp() - make_interval(secs => ${seconds})`)
          .orderBy('execution_id')
          .limit(limit);
        if (after !== undefined) open = open.where('execution_id', '>', after);
        return (await open.execute()).map(({ execution_id: executionId, seconds: since }) => ({
          executionId,
          seconds: since,
        }));
      }),
    capacity: () =>
      read('queue', async (query) => {
        const { rows: counts } = await sql<{ running: number; queued: number }>`
          SELECT count(*) FILTER (WHERE admitted_at IS NOT NULL) AS running,
                 count(*) FILTER (WHERE admitted_at IS NULL) AS queued
          FROM caravan_store.workflow_executions WHERE closed_at IS NULL AND parent_id IS NULL`.execute(query);
        return counts[0] ?? { running: 0, queued: 0 };
      }),
  };
}

function nestedOf(database: Database): ExecutionStore['nestedOf'] {
  const read = reading(database);
  return (parentId, taskId, { from = 0, limit = 100 } = {}) =>
    read(parentId, async (query) => {
      const found = await rows(query)
        .select('e.parent_part')
        .distinctOn('e.parent_part')
        .where('e.parent_id', '=', parentId)
        .where('e.parent_task', '=', taskId)
        .where('e.parent_part', '>=', from)
        .orderBy('e.parent_part')
        .orderBy('e.parent_attempt', 'desc')
        .limit(limit)
        .execute();
      return found.map((row) => ({ ...executionOf(row), part: row.parent_part }));
    });
}

function rows(query: StoreQuery) {
  return query
    .selectFrom('workflow_executions as e')
    .innerJoin('workflow_versions as v', (join) =>
      join.onRef('v.workflow_id', '=', 'e.workflow_id').onRef('v.ordinal', '=', 'e.ordinal'),
    )
    .innerJoin('workflow_definitions as d', 'd.workflow_id', 'e.workflow_id')
    .select([
      'e.execution_id',
      'e.workflow_id',
      'e.ordinal',
      'e.parent_id',
      'e.keys_of',
      'e.options',
      'e.queued_at',
      'e.error',
    ])
    .select(['e.admitted_at', 'e.closed_at', 'e.projection', 'e.last_seq', 'e.last_hash'])
    .select(['v.task_count', 'd.name', 'd.pattern']);
}

type Row = Awaited<ReturnType<ReturnType<typeof rows>['execute']>>[number];

function executionOf(row: Row): ExecutionRow {
  return {
    executionId: row.execution_id,
    workflowId: row.workflow_id,
    ordinal: row.ordinal,
    parentId: row.parent_id,
    keysOf: row.keys_of,
    options: row.options as ExecutionOptions,
    queuedAt: row.queued_at.toISOString(),
    admittedAt: row.admitted_at?.toISOString() ?? null,
    closedAt: row.closed_at?.toISOString() ?? null,
    projection: row.projection as ExecutionProjection,
    lastSeq: row.last_seq,
    lastHash: row.last_hash,
    taskCount: row.task_count,
    name: row.name,
    pattern: row.pattern,
    error: row.error as FailureReport | null,
  };
}

export function reading(database: Database) {
  return <T>(on: string, work: (query: StoreQuery) => Promise<T>): Promise<T> =>
    database.run({ attempted: 'read the execution', on }, work);
}
