import { sql } from 'kysely';
import type { ExecutionState } from '../../../contracts/executions.js';
import type { Database, StoreQuery } from '../database.js';
import type { ExecutionStore } from './engine-store.js';
import { uuidOf } from './events.js';
import type { Sealed } from './sealed-json.js';

/** Its own, and of those it has not the ones of the executions around it, the nearest first. */
async function outputsAround(query: StoreQuery, executionId: string, taskIds: readonly string[]) {
  return query
    .withRecursive('around(execution_id, parent_id, distance)', (from) =>
      from
        .selectFrom('workflow_executions')
        .select(['execution_id', 'parent_id', sql<number>`0`.as('distance')])
        .where('execution_id', '=', executionId)
        .unionAll(
          from
            .selectFrom('workflow_executions as e')
            .innerJoin('around as a', 'a.parent_id', 'e.execution_id')
            .select(['e.execution_id', 'e.parent_id', sql<number>`a.distance + 1`.as('distance')]),
        ),
    )
    .selectFrom('execution_outputs as o')
    .innerJoin('around as a', 'a.execution_id', 'o.execution_id')
    .distinctOn('o.task_id')
    .select(['o.execution_id', 'o.task_id', 'o.output'])
    .where(sql<boolean>`o.task_id = ANY(${[...taskIds]}::text[])`)
    .orderBy('o.task_id')
    .orderBy('a.distance')
    .execute();
}

type KeepingPart = Pick<ExecutionStore, 'putOutputs' | 'outputs' | 'saveCheckpoint' | 'checkpoint' | 'lastCheckpoint'>;

export function keepingPart(database: Database, sealed: Sealed): KeepingPart {
  const contextOf = (executionId: string, taskId: string): string => `output ${executionId} ${taskId}`;
  return {
    putOutputs: (executionId, outputs) =>
      database.run({ attempted: 'keep outputs of', on: executionId }, async (query) => {
        if (outputs.length === 0) return;
        await query
          .insertInto('execution_outputs')
          .values(
            outputs.map(({ taskId, output }) => ({
              execution_id: executionId,
              task_id: taskId,
              output: sealed.put(output, contextOf(executionId, taskId)),
            })),
          )
          .onConflict((conflict) =>
            conflict
              .columns(['execution_id', 'task_id'])
              .doUpdateSet((excluded) => ({ output: excluded.ref('excluded.output') })),
          )
          .execute();
      }),
    outputs: (executionId, taskIds) =>
      database.run({ attempted: 'read outputs of', on: executionId }, async (query) => {
        const rows = await outputsAround(query, executionId, taskIds);
        return rows.map((row) => ({
          taskId: row.task_id,
          output: sealed.get(row.output, contextOf(row.execution_id, row.task_id)),
        }));
      }),
    saveCheckpoint: ({ executionId, key, reason, state }) =>
      database.run({ attempted: 'keep a checkpoint of', on: executionId }, async (query) => {
        const kept = sealed.put(state, `checkpoint ${executionId}`);
        const row = await query
          .insertInto('execution_checkpoints')
          .values({ execution_id: executionId, key, reason, state: kept })
          // The same checkpoint again is the same row.
          .onConflict((conflict) => conflict.columns(['execution_id', 'key']).doUpdateSet({ state: kept }))
          .returning('checkpoint_id')
          .executeTakeFirstOrThrow();
        return row.checkpoint_id;
      }),
    checkpoint: (executionId, checkpointId) =>
      database.run({ attempted: 'read a checkpoint of', on: executionId }, async (query) => {
        const id = uuidOf(checkpointId);
        if (id === undefined) return undefined;
        const found = query.selectFrom('execution_checkpoints').select('state').where('execution_id', '=', executionId);
        const row = await found.where('checkpoint_id', '=', id).executeTakeFirst();
        return row && (sealed.get(row.state, `checkpoint ${executionId}`) as ExecutionState);
      }),
    lastCheckpoint: (executionId) =>
      database.run({ attempted: 'find the last checkpoint of', on: executionId }, async (query) => {
        const row = await query
          .selectFrom('execution_checkpoints')
          .select('checkpoint_id')
          .where('execution_id', '=', executionId)
          .orderBy('ordinal', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row?.checkpoint_id;
      }),
  };
}
