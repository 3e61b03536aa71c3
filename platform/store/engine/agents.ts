import { sql } from 'kysely';
import type { AllocatedAgent, RegisteredAgent } from '../../../contracts/agents.js';
import type { Database, StoreQuery } from '../database.js';
import type { AgentPage, AgentStore } from './engine-store.js';

/** The small registry: one row an agent; who was silent for longer than the lease is not living. */
export function agentStore(database: Database): AgentStore {
  return { ...registryPart(database), ...allocationPart(database) };
}

function registryPart(database: Database): Pick<AgentStore, 'put' | 'remove' | 'living' | 'forget'> {
  return {
    put: ({ id, type, capabilities, version, taskQueue, resources, heartbeatSeconds = null }) =>
      database.run({ attempted: 'register the agent', on: id }, async (query) => {
        const said = {
          type,
          capabilities: [...capabilities],
          version,
          task_queue: taskQueue,
          cpu_millicores: resources.cpu ?? null,
          memory_bytes: resources.memory ?? null,
          heartbeat_seconds: heartbeatSeconds,
        };
        const row = await query
          .insertInto('agents')
          .values({ agent_id: id, ...said })
          .onConflict((conflict) =>
            conflict.column('agent_id').doUpdateSet({ ...said, last_heartbeat_at: sql<Date>`clock_timestamp()` }),
          )
          // Only a row that this statement made has no earlier version.
          .returning(sql<boolean>`xmax = 0`.as('isNew'))
          .executeTakeFirstOrThrow();
        return row.isNew;
      }),
    remove: (agentId) =>
      database.run({ attempted: 'end the agent', on: agentId }, async (query) => {
        const gone = await query.deleteFrom('agents').where('agent_id', '=', agentId).executeTakeFirst();
        return gone.numDeletedRows > 0n;
      }),
    living: (leaseSeconds, page) =>
      database.run({ attempted: 'read', on: 'the registry' }, (query) => livingAgents(query, leaseSeconds, page)),
    forget: (silentSeconds) =>
      database.run({ attempted: 'tidy', on: 'the registry' }, async (query) => {
        const gone = await query
          .deleteFrom('agents')
          .where('last_heartbeat_at', '<', sql<Date>`clock_timestamp() - make_interval(secs => ${silentSeconds})`)
          .executeTakeFirst();
        return Number(gone.numDeletedRows);
      }),
  };
}

function allocationPart(
  database: Database,
): Pick<AgentStore, 'allocationOf' | 'load' | 'allocate' | 'release' | 'lost'> {
  return {
    allocationOf: (executionId) =>
      database.run({ attempted: 'read the agents of', on: executionId }, (query) => heldBy(query, executionId)),
    load: () => database.run({ attempted: 'read', on: 'the allocations' }, loadOf),
    allocate: (executionId, leaseSeconds, choose) =>
      database.transact({ attempted: 'allocate agents to', on: executionId }, async (query) => {
        // One after the other: of many that begin at once each sees what those before it took.
        await sql`SELECT pg_advisory_xact_lock(${ALLOCATION_LOCK})`.execute(query);
        // Held until the end, so that an execution that closes meanwhile releases these, too; one that is closed gets none.
        const execution = await query
          .selectFrom('workflow_executions')
          .select('closed_at')
          .where('execution_id', '=', executionId)
          .forShare()
          .executeTakeFirst();
        const held = await heldBy(query, executionId);
        const living = await livingAgents(query, leaseSeconds);
        const chosen = choose({ living, held, load: await loadOf(query) });
        if (isSame(chosen, held)) return;
        await query.deleteFrom('agent_allocations').where('execution_id', '=', executionId).execute();
        if (chosen.length === 0 || execution?.closed_at != null) return;
        await query
          .insertInto('agent_allocations')
          .values(
            chosen.map(({ agentId, agent }) => ({ execution_id: executionId, agent_id: agentId, agent_name: agent })),
          )
          .execute();
      }),
    release: (executionId) =>
      database.run({ attempted: 'release the agents of', on: executionId }, async (query) => {
        await query.deleteFrom('agent_allocations').where('execution_id', '=', executionId).execute();
      }),
    lost: (leaseSeconds) =>
      database.run({ attempted: 'look for lost agents of', on: 'running executions' }, async (query) => {
        const { rows } = await sql<{ execution_id: string; agent_id: string }>`
          SELECT DISTINCT held.execution_id, held.agent_id
          FROM caravan_store.agent_allocations AS held
          LEFT JOIN caravan_store.agents AS agent ON agent.agent_id = held.agent_id
            AND agent.last_heartbeat_at > clock_timestamp() - make_interval(secs => ${leaseSeconds})
          WHERE agent.agent_id IS NULL
          ORDER BY held.execution_id, held.agent_id LIMIT 10000`.execute(query);
        return rows.map((row) => ({ executionId: row.execution_id, agentId: row.agent_id }));
      }),
  };
}

/** Of `pg_advisory_xact_lock`, in the store's own database. */
const ALLOCATION_LOCK = 7_420_001;

async function livingAgents(
  query: StoreQuery,
  leaseSeconds: number,
  { type, after, limit }: AgentPage = {},
): Promise<RegisteredAgent[]> {
  const rows = await query
    .selectFrom('agents')
    .selectAll()
    .where('last_heartbeat_at', '>', sql<Date>`clock_timestamp() - make_interval(secs => ${leaseSeconds})`)
    .$if(type !== undefined, (living) => living.where('type', '=', type ?? ''))
    .$if(after !== undefined, (living) => living.where('agent_id', '>', after ?? ''))
    .orderBy('agent_id')
    .$if(limit !== undefined, (living) => living.limit(limit ?? 0))
    .execute();
  return rows.map((row) => ({
    id: row.agent_id,
    type: row.type,
    capabilities: row.capabilities,
    version: row.version,
    taskQueue: row.task_queue,
    resources: {
      ...(row.cpu_millicores === null ? {} : { cpu: row.cpu_millicores }),
      ...(row.memory_bytes === null ? {} : { memory: row.memory_bytes }),
    },
    ...heartbeatOf(row),
    registeredAt: row.registered_at.toISOString(),
    lastHeartbeatAt: row.last_heartbeat_at.toISOString(),
    leaseUntil: new Date(row.last_heartbeat_at.getTime() + leaseSeconds * 1000).toISOString(),
  }));
}

async function heldBy(query: StoreQuery, executionId: string): Promise<AllocatedAgent[]> {
  const rows = await query
    .selectFrom('agent_allocations as held')
    .innerJoin('agents as agent', 'agent.agent_id', 'held.agent_id')
    .select(['held.agent_id', 'held.agent_name', 'agent.type', 'agent.task_queue', 'agent.heartbeat_seconds'])
    .where('held.execution_id', '=', executionId)
    .orderBy('held.agent_name')
    .orderBy('held.agent_id')
    .execute();
  return rows.map((row) => ({
    agentId: row.agent_id,
    agent: row.agent_name,
    type: row.type,
    taskQueue: row.task_queue,
    ...heartbeatOf(row),
  }));
}

async function loadOf(query: StoreQuery): Promise<Map<string, number>> {
  const rows = await query
    .selectFrom('agent_allocations')
    .select(['agent_id', sql<number>`count(*)`.as('count')])
    .groupBy('agent_id')
    .execute();
  return new Map(rows.map((row) => [row.agent_id, row.count]));
}

function isSame(one: readonly AllocatedAgent[], other: readonly AllocatedAgent[]): boolean {
  const text = (agents: readonly AllocatedAgent[]): string =>
    agents
      .map(({ agent, agentId }) => `${agent}\n${agentId}`)
      .sort()
      .join('\n\n');
  return text(one) === text(other);
}

function heartbeatOf({ heartbeat_seconds: seconds }: { readonly heartbeat_seconds: number | null }): {
  heartbeatSeconds?: number;
} {
  return seconds === null ? {} : { heartbeatSeconds: seconds };
}
