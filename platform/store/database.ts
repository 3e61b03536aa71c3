import { Kysely, PostgresDialect } from 'kysely';
import type { ColumnType, Generated, Transaction } from 'kysely';
import pg from 'pg';
import type { CheckName } from '../../contracts/checks.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { parseEndpointUrl } from '../secrets/endpoint-url.js';
import { failureOf, isLost } from './database-failures.js';
import type { EngineTables } from './engine/tables.js';
import { decodeJson } from './json-document.js';
import { STORE_SCHEMA } from './store-migrations.js';

/** jsonb: any JSON value out, `encodeJson`'s text in. */
type Json = ColumnType<unknown, string, string>;

interface ConnectionsTable {
  name: string;
  sealed: Buffer;
  engine: string;
  place: string;
  username: string | null;
  migration_id: string | null;
}
interface MigrationsTable {
  hash: string;
  ordinal: Generated<number>;
  migration_id: string;
  run_id: string;
  first_run_id: string;
  namespace: string;
  input: Json;
  source_engine: string;
  target_version: number | null;
  started_at: string;
}
interface MigrationDocumentsTable {
  migration_id: string;
  kind:
    | 'report'
    | 'evidence'
    | 'promotion'
    | 'assessment'
    | 'structure'
    | 'evidence_files'
    | 'certificate'
    | `state:${'copy' | 'proof'}`
    | `check:${CheckName}`;
  body: Json;
}
interface TableReportsTable {
  migration_id: string;
  source: string;
  body: Json;
}
interface CopyTimesTable {
  migration_id: string;
  started_ms: number;
  ended_ms: number;
}
interface CataloguesTable {
  ordinal: Generated<number>;
  catalogue_id: Generated<string>;
  migration_id: string;
  digest: string;
  body: Json;
}
interface CatalogueTablesTable {
  catalogue_id: string;
  ordinal: number;
  body: Json;
}
interface ProfilesTable {
  catalogue_id: string;
  table_schema: string;
  table_name: string;
  profile: Json;
  meanings: Json;
  sealed_values: Buffer;
  sealed_fingerprints: Buffer;
}
interface PlansTable {
  plan_id: Generated<string>;
  migration_id: string;
  digest: string;
  plan_hash: string;
  yaml: string;
  body: Json;
  ordinal: Generated<number>;
}
interface MappingsTable {
  mapping_id: Generated<string>;
  digest: string;
  yaml: string;
}
interface WorkloadsTable {
  workload_id: string;
  summary: Json;
  sealed: Buffer;
}
interface QueryVerdictsTable {
  migration_id: string;
  state: string;
  page: number;
  hash: string;
  sealed: Buffer;
  judged_at: Generated<Date>;
}
interface OutboxTable {
  id: Generated<number>;
  migration_id: string;
  key: string;
  kind: string;
  alert_group: string;
  body_text: string;
  count: number;
  taken: Generated<boolean>;
}
interface OutboxKeysTable {
  migration_id: string;
  key: string;
}
interface OutboxDeliveriesTable {
  outbox_id: number;
  channel: string;
  attempts: number;
  available_at: Date;
  delivered_at: Date | null;
  first_tried_at: Generated<Date>;
  dead_at: Date | null;
  failure: string | null;
}
interface LearningFactsTable {
  migration_id: string;
  kind: string;
  signature: string;
  numbers: Json;
  ordinal: Generated<number>;
}
interface ArchiveTable {
  migration_id: string;
  run_hash: string;
  kind: string;
  id: number;
  source_table: string;
  chunk: number;
  key_identity: string;
  key: Buffer;
  column_name: string | null;
  reason: string;
  bytes: Buffer;
  sealed_at: Date | null;
}

interface ArchivedChunksTable {
  migration_id: string;
  run_hash: string;
  source_table: string;
  chunk: number;
  bounds: Buffer;
  epoch: number;
  rows: number;
  bytes: number;
  quarantined: number;
  changed: number;
  committed_at: Date | null;
}
interface LookupsTable {
  lookup_id: Generated<string>;
  migration_id: string;
  question: Buffer;
  answer: Buffer | null;
  asked_at: Generated<Date>;
}
interface ThrottlesTable {
  migration_id: string;
  limits: Json;
  version: Generated<number>;
  rows_paid_at: Generated<Date>;
  bytes_paid_at: Generated<Date>;
  share: Generated<number>;
  spared: Generated<boolean>;
  looked_at: Generated<Date>;
}
interface SourceLeasesTable {
  lease: string;
  migration_id: string;
  sessions: number;
  expires_at: Date;
}

interface RulesTable {
  migration_id: string;
  rule_id: string;
  source_table: string;
  ordinal: number;
  body: Json;
  signature: string;
  state: string;
  decided_by: string | null;
  reason: string | null;
  on_broken: string | null;
  sealed: Buffer;
  checked: ColumnType<unknown, string | null, string | null>;
  sealed_keys: Buffer | null;
}

export interface StoreTables extends EngineTables {
  connections: ConnectionsTable;
  migrations: MigrationsTable;
  migration_documents: MigrationDocumentsTable;
  table_reports: TableReportsTable;
  copied_tables: TableReportsTable;
  view_reports: TableReportsTable;
  copy_times: CopyTimesTable;
  catalogues: CataloguesTable;
  catalogue_tables: CatalogueTablesTable;
  profiles: ProfilesTable;
  plans: PlansTable;
  mappings: MappingsTable;
  workloads: WorkloadsTable;
  query_verdicts: QueryVerdictsTable;
  outbox: OutboxTable;
  outbox_keys: OutboxKeysTable;
  outbox_deliveries: OutboxDeliveriesTable;
  learning_facts: LearningFactsTable;
  archive: ArchiveTable;
  archived_chunks: ArchivedChunksTable;
  lookups: LookupsTable;
  throttles: ThrottlesTable;
  source_leases: SourceLeasesTable;
  rules: RulesTable;
}

export type StoreQuery = Kysely<StoreTables>;
export type StoreTransaction = Transaction<StoreTables>;

/** The way to the store's tables. All work is idempotent, so what a lost connection cut off is done again. */
export interface Database {
  /** `attempted`: a verb phrase for the failure, such as "read the plan". `on`: the id it is done for. */
  run<Result>(what: { attempted: string; on: string }, work: (query: StoreQuery) => Promise<Result>): Promise<Result>;
  transact<Result>(
    what: { attempted: string; on: string },
    work: (query: StoreTransaction) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

const POOL_SIZE = 8;
/** Waits before work that a lost connection cut off is done again, milliseconds. Longer outages are the caller's. */
const RETRY_MS = [0, 100, 400] as const;

export function connectDatabase(databaseUrl: string): { database: Database; pool: pg.Pool } {
  const pool = new pg.Pool(poolConfig(databaseUrl));
  // An idle connection that the server ends is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  // So would one that is lent out, between two statements: its next statement tells the loss.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const query = new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool }) }).withSchema(STORE_SCHEMA);
  const database: Database = {
    run: (what, work) => withRetry(what, () => work(query)),
    transact: (what, work) => withRetry(what, () => query.transaction().execute((transaction) => work(transaction))),
    close: () => query.destroy(),
  };
  return { database, pool };
}

function poolConfig(databaseUrl: string): pg.PoolConfig {
  const endpoint = parseEndpointUrl(databaseUrl);
  if (endpoint.engine !== 'postgres') {
    throw new CaravanFailure('URL_SCHEME_UNKNOWN', {
      attempted: 'open',
      on: 'DATABASE_URL',
      seen: "Caravan's own store is a PostgreSQL database",
    });
  }
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    ssl: tlsConfig(endpoint.tls),
    max: POOL_SIZE,
    connectionTimeoutMillis: endpoint.connectTimeoutSeconds * 1000,
    keepAlive: true,
    application_name: 'caravan/store',
    types: { getTypeParser },
  };
}

function tlsConfig(tls: ServerEndpoint['tls']): pg.PoolConfig['ssl'] {
  if (tls.mode === 'disable') return false;
  return { rejectUnauthorized: tls.mode === 'verify-full' };
}

const OIDS = { int8: 20, jsonb: 3802 } as const;
const usualParser = pg.types.getTypeParser as (oid: number, format?: string) => (text: string) => unknown;

/** Our int8s are counts and ordinals, below 2^53. */
function getTypeParser(oid: number, format?: string): (text: string) => unknown {
  if (oid === OIDS.int8) return Number;
  if (oid === OIDS.jsonb) return decodeJson;
  return usualParser(oid, format);
}

export async function withRetry<Result>(
  what: { attempted: string; on: string },
  work: () => Promise<Result>,
): Promise<Result> {
  for (const waitMs of RETRY_MS) {
    try {
      return await work();
    } catch (error) {
      if (!isLost(error)) throw failureOf(error, what);
      await new Promise((wake) => setTimeout(wake, waitMs));
    }
  }
  return work().catch((error: unknown) => {
    throw failureOf(error, what);
  });
}
