import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { Assessment } from '../../contracts/assessment.js';
import { CHECKS } from '../../contracts/checks.js';
import type { CheckSummary } from '../../contracts/checks.js';
import type { MigrationInput } from '../../contracts/migration.schema.js';
import type { MigrationReport, TableReport, ViewReport } from '../../contracts/migration.js';
import type { SourceState } from '../../contracts/trace.js';
import type { StructureReport } from '../../contracts/verification.js';
import type { EvidenceFile } from '../certificate/chain.js';
import type { Database, StoreQuery, StoreTables, StoreTransaction } from './database.js';
import { encodeJson } from './json-document.js';
import type { CopiedTableFact, MigrationRecord, MigrationStore } from './store.js';

export function migrationStore(database: Database): MigrationStore {
  return { ...recordPart(database), ...tablePart(database), ...documentPart(database) };
}

type RecordPart = Pick<MigrationStore, 'open' | 'get' | 'byHash' | 'list' | 'purge'>;

function recordPart(database: Database): RecordPart {
  return {
    open: (record) =>
      database.transact({ attempted: 'record the migration', on: record.migrationId }, (query) => open(query, record)),
    get: (migrationId) =>
      database.run({ attempted: 'read the migration', on: migrationId }, async (query) => {
        const latest = query.selectFrom('migrations').selectAll().orderBy('ordinal', 'desc').limit(1);
        const row = await latest.where('migration_id', '=', migrationId).executeTakeFirst();
        return row && recordOf(row);
      }),
    byHash: (hash) =>
      database.run({ attempted: 'find the migration', on: hash }, async (query) => {
        const row = await query.selectFrom('migrations').selectAll().where('hash', '=', hash).executeTakeFirst();
        return row && recordOf(row);
      }),
    list: (limit) => database.run({ attempted: 'list', on: 'migrations' }, (query) => list(query, limit)),
    purge: (migrationId) =>
      database.transact({ attempted: 'purge the migration', on: migrationId }, (query) => purge(query, migrationId)),
  };
}

/**
 * A run that is new under a used id starts clean: what stands under the id is that run's. Records of earlier runs
 * stay until purge, because what they left in a target carries their hash.
 */
async function open(query: StoreTransaction, record: MigrationRecord): Promise<void> {
  const { migrationId } = record;
  const changing = {
    run_id: record.runId,
    input: encodeJson(record.input),
    source_engine: record.sourceEngine,
    target_version: record.targetVersion,
  };
  const known = await query.updateTable('migrations').set(changing).where('hash', '=', record.hash).executeTakeFirst();
  if (known.numUpdatedRows > 0n) return;
  await query
    .insertInto('migrations')
    .values({
      ...changing,
      hash: record.hash,
      migration_id: migrationId,
      first_run_id: record.firstRunId,
      namespace: record.namespace,
      started_at: record.startedAt,
    })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
  for (const table of [
    'migration_documents',
    'table_reports',
    'view_reports',
    'copied_tables',
    'copy_times',
    'rules',
    'query_verdicts',
  ] as const) {
    await query.deleteFrom(table).where('migration_id', '=', migrationId).execute();
  }
}

async function list(query: StoreQuery, limit: number): Promise<(MigrationRecord & { status: string | null })[]> {
  const rows = await query
    .selectFrom('migrations')
    .leftJoin('migration_documents as report', (join) =>
      join.onRef('report.migration_id', '=', 'migrations.migration_id').on('report.kind', '=', 'report'),
    )
    .selectAll('migrations')
    .select(sql<string | null>`report.body ->> 'status'`.as('status'))
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('migrations as newer')
            .select('newer.hash')
            .whereRef('newer.migration_id', '=', 'migrations.migration_id')
            .whereRef('newer.ordinal', '>', 'migrations.ordinal'),
        ),
      ),
    )
    .orderBy('migrations.ordinal', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...recordOf(row), status: row.status }));
}

function recordOf(row: Selectable<StoreTables['migrations']>): MigrationRecord {
  return {
    migrationId: row.migration_id,
    runId: row.run_id,
    firstRunId: row.first_run_id,
    namespace: row.namespace,
    hash: row.hash,
    input: row.input as MigrationInput,
    sourceEngine: row.source_engine,
    targetVersion: row.target_version,
    startedAt: row.started_at,
  };
}

const PURGED = [
  'connections',
  'migration_documents',
  'table_reports',
  'view_reports',
  'copied_tables',
  'copy_times',
  'query_verdicts',
  'catalogues',
  'plans',
  'outbox',
  'outbox_keys',
  'archive',
  'archived_chunks',
  'lookups',
  'throttles',
  'source_leases',
  'rules',
  'migrations',
] as const;

/** What was learned stays: it holds shapes and counts, nothing of the migration's data. */
async function purge(query: StoreTransaction, migrationId: string): Promise<void> {
  const given = query
    .selectFrom('migrations')
    .select(sql<string>`input ->> 'plan'`.as('plan'))
    .where('migration_id', '=', migrationId);
  await query
    .deleteFrom('plans')
    .where('migration_id', '=', '')
    .where(sql<string>`plan_id::text`, 'in', given)
    .execute();
  // The same text is one file, whoever gives it.
  const mappings = query.selectFrom('migrations').select(sql<string>`input ->> 'mapping'`.as('mapping'));
  const others = mappings.where('migration_id', '<>', migrationId).where(sql`input ->> 'mapping'`, 'is not', null);
  await query
    .deleteFrom('mappings')
    .where(sql<string>`mapping_id::text`, 'in', mappings.where('migration_id', '=', migrationId))
    .where(sql<string>`mapping_id::text`, 'not in', others)
    .execute();
  const workloads = query.selectFrom('migrations').select(sql<string>`input ->> 'queries'`.as('queries'));
  await query
    .deleteFrom('workloads')
    .where('workload_id', 'in', workloads.where('migration_id', '=', migrationId))
    .execute();
  for (const table of PURGED) await query.deleteFrom(table).where('migration_id', '=', migrationId).execute();
}

type TablePart = Pick<
  MigrationStore,
  'putTable' | 'tables' | 'putView' | 'views' | 'putCopied' | 'copied' | 'addCopyTime' | 'copyTime'
>;

function tablePart(database: Database): TablePart {
  return {
    putTable: (migrationId, table) =>
      putOfTable(database, 'table_reports', { migrationId, source: table.source, value: table }),
    tables: async (migrationId) => (await ofTables(database, 'table_reports', migrationId)) as TableReport[],
    putView: (migrationId, view) =>
      putOfTable(database, 'view_reports', { migrationId, source: reportName(view), value: view }),
    views: async (migrationId) => (await ofTables(database, 'view_reports', migrationId)) as ViewReport[],
    putCopied: (migrationId, copied) =>
      putOfTable(database, 'copied_tables', { migrationId, source: copied.table, value: copied }),
    copied: async (migrationId) => (await ofTables(database, 'copied_tables', migrationId)) as CopiedTableFact[],
    addCopyTime: (migrationId, span) =>
      database.run({ attempted: 'record the copy time of', on: migrationId }, (query) =>
        addCopyTime(query, migrationId, span),
      ),
    copyTime: (migrationId) =>
      database.run({ attempted: 'read the copy time of', on: migrationId }, (query) =>
        query
          .selectFrom('copy_times')
          .select(['started_ms as startedMs', 'ended_ms as endedMs'])
          .where('migration_id', '=', migrationId)
          .executeTakeFirst(),
      ),
  };
}

/** Objects of two kinds may have one name. */
function reportName({ kind, source }: ViewReport): string {
  return kind === undefined ? source : `${kind} ${source}`;
}

type PerTable = 'table_reports' | 'view_reports' | 'copied_tables';

async function putOfTable(
  database: Database,
  into: PerTable,
  fact: { migrationId: string; source: string; value: unknown },
): Promise<void> {
  const body = encodeJson(fact.value);
  await database.run({ attempted: 'record what became of', on: fact.source }, (query) =>
    query
      .insertInto(into)
      .values({ migration_id: fact.migrationId, source: fact.source, body })
      .onConflict((conflict) => conflict.columns(['migration_id', 'source']).doUpdateSet({ body }))
      .execute(),
  );
}

async function ofTables(database: Database, from: PerTable, migrationId: string): Promise<unknown[]> {
  const rows = await database.run({ attempted: 'read the tables of', on: migrationId }, (query) =>
    query.selectFrom(from).select('body').where('migration_id', '=', migrationId).orderBy('source').execute(),
  );
  return rows.map((row) => row.body);
}

async function addCopyTime(
  query: StoreQuery,
  migrationId: string,
  span: { startedMs: number; endedMs: number },
): Promise<void> {
  await query
    .insertInto('copy_times')
    .values({ migration_id: migrationId, started_ms: span.startedMs, ended_ms: span.endedMs })
    .onConflict((conflict) =>
      conflict.column('migration_id').doUpdateSet({
        started_ms: sql<number>`least(copy_times.started_ms, excluded.started_ms)`,
        ended_ms: sql<number>`greatest(copy_times.ended_ms, excluded.ended_ms)`,
      }),
    )
    .execute();
}

interface KeptCheck {
  readonly summary: CheckSummary;
  readonly report: unknown;
}

/** Documents of which the first write holds. */
const FIRST_HOLDS: readonly DocumentKind[] = ['evidence', 'evidence_files', 'certificate', 'promotion'];

async function putDocument(
  query: StoreQuery,
  migrationId: string,
  { kind, value }: { readonly kind: DocumentKind; readonly value: unknown },
): Promise<void> {
  const body = encodeJson(value);
  await query
    .insertInto('migration_documents')
    .values({ migration_id: migrationId, kind, body })
    .onConflict((conflict) => {
      const same = conflict.columns(['migration_id', 'kind']);
      return FIRST_HOLDS.includes(kind) ? same.doNothing() : same.doUpdateSet({ body });
    })
    .execute();
}

type DocumentKind = StoreTables['migration_documents']['kind'];
type DocumentPart = Omit<MigrationStore, keyof RecordPart | keyof TablePart>;

function documentPart(database: Database): DocumentPart {
  const put = (migrationId: string, kind: DocumentKind, value: unknown) =>
    database.run({ attempted: `store the ${kind} of`, on: migrationId }, (query) =>
      putDocument(query, migrationId, { kind, value }),
    );
  const get = (migrationId: string, kind: DocumentKind) =>
    database.run({ attempted: `read the ${kind} of`, on: migrationId }, async (query) => {
      const row = await query
        .selectFrom('migration_documents')
        .select('body')
        .where('migration_id', '=', migrationId)
        .where('kind', '=', kind)
        .executeTakeFirst();
      return row?.body;
    });
  return {
    putReport: (migrationId, report) => put(migrationId, 'report', report),
    report: async (migrationId) => (await get(migrationId, 'report')) as MigrationReport | undefined,
    putAssessment: (migrationId, assessment) => put(migrationId, 'assessment', assessment),
    assessment: async (migrationId) => (await get(migrationId, 'assessment')) as Assessment | undefined,
    putStructure: (migrationId, structure) => put(migrationId, 'structure', structure),
    structure: async (migrationId) => (await get(migrationId, 'structure')) as StructureReport | undefined,
    putCheck: (migrationId, summary, report) => put(migrationId, `check:${summary.check}`, { summary, report }),
    checks: async (migrationId) => {
      const kept = await Promise.all(CHECKS.map((check) => get(migrationId, `check:${check}`)));
      return (kept as (KeptCheck | undefined)[]).flatMap((check) => check?.summary ?? []);
    },
    checkReport: async (migrationId, check) =>
      ((await get(migrationId, `check:${check}`)) as KeptCheck | undefined)?.report,
    putEvidence: (migrationId, evidence, files) =>
      database.transact({ attempted: 'store the evidence of', on: migrationId }, async (query) => {
        await putDocument(query, migrationId, { kind: 'evidence', value: evidence });
        await putDocument(query, migrationId, { kind: 'evidence_files', value: files });
      }),
    forgetEvidence: (migrationId) =>
      database.run({ attempted: 'forget the evidence of', on: migrationId }, async (query) => {
        const kinds: DocumentKind[] = ['evidence', 'evidence_files'];
        await query
          .deleteFrom('migration_documents')
          .where('migration_id', '=', migrationId)
          .where('kind', 'in', kinds)
          .execute();
      }),
    evidence: (migrationId) => get(migrationId, 'evidence'),
    evidenceFiles: async (migrationId) => ((await get(migrationId, 'evidence_files')) ?? []) as EvidenceFile[],
    putCertificate: (migrationId, text) => put(migrationId, 'certificate', { text }),
    certificate: async (migrationId) => ((await get(migrationId, 'certificate')) as { text: string } | undefined)?.text,
    putState: (migrationId, read, state) => put(migrationId, `state:${read}`, state),
    state: async (migrationId, read) => (await get(migrationId, `state:${read}`)) as SourceState | undefined,
    putPromotion: (migrationId, promotion) => put(migrationId, 'promotion', promotion),
    promotion: async (migrationId) =>
      (await get(migrationId, 'promotion')) as { promotedAt: string; lsn: string } | undefined,
  };
}
