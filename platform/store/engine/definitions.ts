import { TASK_PAGE } from '../../../contracts/engine-activities.js';
import type { WorkflowDefinition } from '../../../contracts/definition.js';
import type { Database, StoreTransaction } from '../database.js';
import { encodeJson } from '../json-document.js';
import type { DefinitionStore, NewDefinition, StoredDefinition, ValidationReport } from './engine-store.js';
import { uuidOf } from './events.js';

/** Pages that one statement writes. */
const PAGES_AT_ONCE = 50;

export function definitionStore(database: Database): DefinitionStore {
  return {
    create: (definition) =>
      database.transact({ attempted: 'store the definition', on: definition.definition.name }, (query) =>
        createDefinition(query, definition),
      ),
    revise: (workflowId, definition) =>
      database.transact({ attempted: 'store a version of', on: workflowId }, (query) =>
        revise(query, workflowId, definition),
      ),
    get: (workflowId, ordinal) =>
      database.run({ attempted: 'read the definition', on: workflowId }, async (query) => {
        const id = uuidOf(workflowId);
        if (id === undefined) return undefined;
        const row = await query
          .selectFrom('workflow_definitions as d')
          .innerJoin('workflow_versions as v', 'v.workflow_id', 'd.workflow_id')
          .selectAll('v')
          .select(['d.updated_at', 'd.name', 'd.created_at as made_at'])
          .where('d.workflow_id', '=', id)
          .where((where) =>
            ordinal === undefined ? where('v.ordinal', '=', where.ref('d.ordinal')) : where('v.ordinal', '=', ordinal),
          )
          .executeTakeFirst();
        return row && { ...storedOf(row), definition: row.definition as WorkflowDefinition };
      }),
    list: (limit) =>
      database.run({ attempted: 'list', on: 'definitions' }, async (query) => {
        const rows = await query
          .selectFrom('workflow_definitions as d')
          .innerJoin('workflow_versions as v', (join) =>
            join.onRef('v.workflow_id', '=', 'd.workflow_id').onRef('v.ordinal', '=', 'd.ordinal'),
          )
          .select(['v.workflow_id', 'v.ordinal', 'v.definition_hash', 'v.report', 'v.task_count'])
          .select(['d.updated_at', 'd.created_at as made_at'])
          .orderBy('d.updated_at', 'desc')
          .limit(limit)
          .execute();
        return rows.map(storedOf);
      }),
  };
}

interface Row {
  readonly workflow_id: string;
  readonly ordinal: number;
  readonly definition_hash: string;
  readonly report: unknown;
  readonly task_count: number;
  readonly updated_at: Date;
  readonly made_at: Date;
}

function storedOf(row: Row): Omit<StoredDefinition, 'definition'> {
  return {
    workflowId: row.workflow_id,
    ordinal: row.ordinal,
    hash: row.definition_hash,
    report: row.report as ValidationReport,
    taskCount: row.task_count,
    createdAt: row.made_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export async function createDefinition(query: StoreTransaction, definition: NewDefinition): Promise<string> {
  const { name, version = null, orchestration_pattern: pattern } = definition.definition;
  const { workflow_id: workflowId } = await query
    .insertInto('workflow_definitions')
    .values({ name, version, pattern, ordinal: 1 })
    .returning('workflow_id')
    .executeTakeFirstOrThrow();
  await putVersion(query, { workflowId, ordinal: 1 }, definition);
  return workflowId;
}

/** The same content again makes no new version. */
async function revise(query: StoreTransaction, workflowId: string, definition: NewDefinition): Promise<boolean> {
  const id = uuidOf(workflowId);
  if (id === undefined) return false;
  const row = await query
    .selectFrom('workflow_definitions as d')
    .innerJoin('workflow_versions as v', (join) =>
      join.onRef('v.workflow_id', '=', 'd.workflow_id').onRef('v.ordinal', '=', 'd.ordinal'),
    )
    .select(['d.ordinal', 'v.definition_hash'])
    .where('d.workflow_id', '=', id)
    .forUpdate('d')
    .executeTakeFirst();
  if (row === undefined) return false;
  if (row.definition_hash === definition.hash) return true;
  const ordinal = row.ordinal + 1;
  await putVersion(query, { workflowId: id, ordinal }, definition);
  const { name, version = null, orchestration_pattern: pattern } = definition.definition;
  await query
    .updateTable('workflow_definitions')
    .set({ name, version, pattern, ordinal, updated_at: new Date() })
    .where('workflow_id', '=', id)
    .execute();
  return true;
}

async function putVersion(
  query: StoreTransaction,
  { workflowId, ordinal }: { workflowId: string; ordinal: number },
  { definition, hash, report, tasks }: NewDefinition,
): Promise<void> {
  await query
    .insertInto('workflow_versions')
    .values({
      workflow_id: workflowId,
      ordinal,
      definition: encodeJson(definition),
      definition_hash: hash,
      report: encodeJson(report),
      task_count: tasks.length,
    })
    .execute();
  const pages = Array.from({ length: Math.ceil(tasks.length / TASK_PAGE) }, (_, page) => {
    const some = tasks.slice(page * TASK_PAGE, (page + 1) * TASK_PAGE);
    return { workflow_id: workflowId, ordinal, page, ids: some.map(({ id }) => id), tasks: encodeJson(some) };
  });
  for (let at = 0; at < pages.length; at += PAGES_AT_ONCE) {
    await query
      .insertInto('workflow_tasks')
      .values(pages.slice(at, at + PAGES_AT_ONCE))
      .execute();
  }
}
