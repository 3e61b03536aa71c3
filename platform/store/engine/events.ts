import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { canonicalJson } from '../../../contracts/canonical-json.js';
import type { ExecutionEvent, ExecutionEventKind } from '../../../contracts/executions.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { StoreQuery, StoreTransaction } from '../database.js';
import { encodeJson } from '../json-document.js';
import { NEW_EXECUTION, fold } from './projection.js';
import type { ExecutionProjection, Folded, TaskProjection } from './projection.js';

/** An event as it is kept: with its place and its link in the chain. */
export interface StoredEvent extends ExecutionEvent {
  readonly seq: number;
  readonly hash: string;
}

/** The link of one event: SHA-256 hex over the hash before it and the event in canonical JSON. Anyone can make it. */
export function chainHash(previous: string, seq: number, event: ExecutionEvent): string {
  const { executionId, id, kind, at, taskId = null, attempt = null, data } = event;
  const text = canonicalJson({ seq, executionId, id, kind, at, taskId, attempt, data });
  return createHash('sha256').update(previous).update('\n').update(text).digest('hex');
}

/**
 * Appends what is not known yet, in the order given, and brings the projection up to date; all in one transaction. The
 * execution's row is the lock: one appender at a time makes one chain.
 */
export async function appendEvents(
  query: StoreTransaction,
  executionId: string,
  events: readonly ExecutionEvent[],
): Promise<void> {
  const row = await query
    .selectFrom('workflow_executions')
    .select(['last_seq', 'last_hash', 'projection'])
    .where('execution_id', '=', executionId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw unknownExecution(executionId);
  const fresh = await unknownOf(query, executionId, events);
  if (fresh.length === 0) return;
  const folded: Folded = {
    execution: row.projection as ExecutionProjection,
    tasks: await taskStates(query, executionId, fresh),
  };
  const stored = chain(fresh, row);
  for (const event of stored) fold(folded, event);
  await insertEvents(query, stored);
  await putTaskStates(query, executionId, [...folded.tasks]);
  const last = stored.at(-1);
  await query
    .updateTable('workflow_executions')
    .set({
      last_seq: last?.seq ?? row.last_seq,
      last_hash: last?.hash ?? row.last_hash,
      last_event_at: sql<Date>`clock_timestamp()`,
      projection: encodeJson(folded.execution),
      status: folded.execution.status,
    })
    .where('execution_id', '=', executionId)
    .execute();
}

function chain(events: readonly ExecutionEvent[], from: { last_seq: number; last_hash: string }): StoredEvent[] {
  let { last_seq: seq, last_hash: hash } = from;
  return events.map((event) => {
    seq += 1;
    // As it is read again: the hash is over what is kept.
    const kept = { ...event, at: new Date(event.at).toISOString() };
    hash = chainHash(hash, seq, kept);
    return { ...kept, seq, hash };
  });
}

async function unknownOf(
  query: StoreTransaction,
  executionId: string,
  events: readonly ExecutionEvent[],
): Promise<ExecutionEvent[]> {
  const known = await query
    .selectFrom('execution_events')
    .select('event_id')
    .where('execution_id', '=', executionId)
    .where('event_id', 'in', events.length === 0 ? [''] : events.map(({ id }) => id))
    .execute();
  const seen = new Set(known.map((row) => row.event_id));
  return events.filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

async function taskStates(
  query: StoreTransaction,
  executionId: string,
  events: readonly ExecutionEvent[],
): Promise<Map<string, TaskProjection>> {
  const ids = [...new Set(events.flatMap(({ taskId }) => taskId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await query
    .selectFrom('execution_task_states')
    .selectAll()
    .where('execution_id', '=', executionId)
    .where('task_id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.task_id, taskOf(row)]));
}

interface TaskRow {
  readonly state: string;
  readonly attempt: number;
  readonly agent_id: string | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly rank: number;
}

export function taskOf(row: TaskRow): TaskProjection {
  return {
    state: row.state as TaskProjection['state'],
    attempt: row.attempt,
    agentId: row.agent_id,
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    rank: row.rank,
  };
}

async function insertEvents(query: StoreTransaction, events: readonly StoredEvent[]): Promise<void> {
  await query
    .insertInto('execution_events')
    .values(
      events.map(({ executionId, seq, id, kind, at, taskId, attempt, data, hash }) => ({
        execution_id: executionId,
        seq,
        event_id: id,
        kind,
        at: new Date(at),
        task_id: taskId ?? null,
        attempt: attempt ?? null,
        data: encodeJson(data),
        hash,
      })),
    )
    .execute();
}

async function putTaskStates(
  query: StoreTransaction,
  executionId: string,
  tasks: readonly [string, TaskProjection][],
): Promise<void> {
  if (tasks.length === 0) return;
  const date = (text: string | null): Date | null => (text === null ? null : new Date(text));
  await query
    .insertInto('execution_task_states')
    .values(
      tasks.map(([taskId, { state, attempt, agentId, startedAt, endedAt, rank }]) => ({
        execution_id: executionId,
        task_id: taskId,
        state,
        attempt,
        agent_id: agentId,
        started_at: date(startedAt),
        ended_at: date(endedAt),
        rank,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['execution_id', 'task_id']).doUpdateSet((excluded) => ({
        state: excluded.ref('excluded.state'),
        attempt: excluded.ref('excluded.attempt'),
        agent_id: excluded.ref('excluded.agent_id'),
        started_at: excluded.ref('excluded.started_at'),
        ended_at: excluded.ref('excluded.ended_at'),
        rank: excluded.ref('excluded.rank'),
      })),
    )
    .execute();
}

/** Events behind a place, in order. */
export async function readEvents(
  query: StoreQuery,
  executionId: string,
  { after = 0, limit = 1000 }: { after?: number; limit?: number } = {},
): Promise<StoredEvent[]> {
  const rows = await query
    .selectFrom('execution_events')
    .selectAll()
    .where('execution_id', '=', executionId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    executionId: row.execution_id,
    seq: row.seq,
    id: row.event_id,
    kind: row.kind as ExecutionEventKind,
    at: row.at.toISOString(),
    ...(row.task_id === null ? {} : { taskId: row.task_id }),
    ...(row.attempt === null ? {} : { attempt: row.attempt }),
    data: row.data as Record<string, unknown>,
    hash: row.hash,
  }));
}

/** Events read at once while a read model is made again. */
const REBUILD_PAGE = 2000;

/** Rows of one statement: PostgreSQL takes 65,535 parameters. */
const STATES_AT_ONCE = 5000;

export interface Rebuilt {
  /** Null: its events were deleted when they were old enough; nothing was made again. */
  readonly folded: Folded | null;
  /** Place of the first event whose link does not fit, or that is missing; null: the chain is whole. */
  readonly brokenAt: number | null;
}

/**
 * Makes the projection again from the events alone, and walks the chain on the way. A chain that is broken changes
 * nothing: what was made from the true events stays.
 */
export async function rebuild(query: StoreTransaction, executionId: string): Promise<Rebuilt> {
  const row = await query
    .selectFrom('workflow_executions')
    .select(['last_seq', 'last_hash', 'pruned_at'])
    .where('execution_id', '=', executionId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw unknownExecution(executionId);
  if (row.pruned_at !== null) return { folded: null, brokenAt: null };
  const { folded, brokenAt } = await refold(query, executionId, row);
  if (brokenAt !== null) return { folded, brokenAt };
  await query.deleteFrom('execution_task_states').where('execution_id', '=', executionId).execute();
  const states = [...folded.tasks];
  for (let at = 0; at < states.length; at += STATES_AT_ONCE)
    await putTaskStates(query, executionId, states.slice(at, at + STATES_AT_ONCE));
  await query
    .updateTable('workflow_executions')
    .set({ projection: encodeJson(folded.execution), status: folded.execution.status })
    .where('execution_id', '=', executionId)
    .execute();
  return { folded, brokenAt };
}

async function refold(
  query: StoreTransaction,
  executionId: string,
  last: { readonly last_seq: number; readonly last_hash: string },
): Promise<{ readonly folded: Folded; readonly brokenAt: number | null }> {
  const folded: Folded = { execution: NEW_EXECUTION, tasks: new Map() };
  let previous = '';
  let after = 0;
  let brokenAt: number | null = null;
  for (;;) {
    const page = await readEvents(query, executionId, { after, limit: REBUILD_PAGE });
    for (const event of page) {
      if (event.seq !== after + 1) brokenAt ??= after + 1;
      else if (chainHash(previous, event.seq, event) !== event.hash) brokenAt ??= event.seq;
      fold(folded, event);
      previous = event.hash;
      after = event.seq;
    }
    if (page.length < REBUILD_PAGE) break;
  }
  // Events that are missing at the end leave a chain that is whole in itself.
  if (after !== last.last_seq || previous !== last.last_hash) brokenAt ??= after + 1;
  return { folded, brokenAt };
}

export function unknownExecution(executionId: string): CaravanFailure {
  return new CaravanFailure('EXECUTION_UNKNOWN', {
    attempted: 'find the execution',
    on: executionId,
    seen: 'there is none with this id',
  });
}

/** Canonical form of a UUID, or undefined: what is none is no id of ours. */
export function uuidOf(text: string): string | undefined {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
}
