import { shadowSchema, sidecarSchema } from '../../contracts/names.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { TargetNames } from '../target.js';
import type { Session } from './connect.js';
import { quoted } from './identifiers.js';
import { leaseOf, makeOwnedSchema } from './ownership.js';
import { inTransaction } from './session-pool.js';

/**
 * Tables of the sidecar. `unmade` names indexes that the server cannot make. `epoch` is a fence: it counts attempts and is no part of the key. `committed_epoch` tells an
 * attempt whose COMMIT got no answer whether it was its own. Key, row, original and specification are sealed bytes. A
 * table's `validator` is the hash of the one that its rows must pass, a chunk's of the one that its rows did pass.
 */
function sidecarTables(schema: string): string {
  return `
  CREATE TABLE ${schema}.source_table (
    source_table text PRIMARY KEY, table_no int NOT NULL UNIQUE, sealed_at timestamptz, validator text);
  CREATE TABLE ${schema}.validator (hash text PRIMARY KEY, specification bytea NOT NULL);
  CREATE TABLE ${schema}.chunk (
    table_no int NOT NULL, source_table text NOT NULL, chunk int NOT NULL, lower text, upper text,
    epoch int NOT NULL DEFAULT 0, done boolean NOT NULL DEFAULT false, committed_epoch int,
    rows bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0, quarantined bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0, committed_at timestamptz, took_ms bigint,
    validator text, PRIMARY KEY (source_table, chunk));
  CREATE TABLE ${schema}.quarantine (
    id bigserial PRIMARY KEY, source_table text NOT NULL, chunk int NOT NULL, key_identity text NOT NULL,
    key bytea NOT NULL, column_name text, reason text NOT NULL, bytes bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT pg_catalog.now());
  CREATE INDEX ON ${schema}.quarantine (source_table, chunk);
  CREATE TABLE ${schema}.value_ledger (
    id bigserial PRIMARY KEY, source_table text NOT NULL, chunk int NOT NULL, key_identity text NOT NULL,
    key bytea NOT NULL, column_name text, reason text NOT NULL, bytes bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT pg_catalog.now());
  CREATE INDEX ON ${schema}.value_ledger (source_table, chunk);
  CREATE TABLE ${schema}.unmade (name text PRIMARY KEY);
  CREATE TABLE ${schema}.promotion (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), promoted_at timestamptz NOT NULL, lsn text NOT NULL,
    xid text NOT NULL, tables int NOT NULL, target_schema text NOT NULL);
  `;
}

/** "schema.name" of the source table, as the ledger and reports call it. */
export function sourceTableName(table: TableMapping): string {
  return `${table.source.schema}.${table.source.name}`;
}

/** Lease, sidecar and the empty shadow schema. Idempotent; TARGET_LEASED when another migration holds the lease. */
export async function makeSchemas(session: Session, names: TargetNames, mapping: MigrationMapping): Promise<void> {
  const sidecar = sidecarSchema(names.hash);
  await makeOwnedSchema(session, { schema: leaseOf(mapping.targetSchema), names });
  await makeOwnedSchema(session, { schema: sidecar, names, more: sidecarTables(quoted(sidecar)) });
  await inTransaction(session, () => numberTables(session, sidecar, mapping.tables));
  await makeOwnedSchema(session, { schema: shadowSchema(names.hash), names });
}

/** Gives each source table its number, once and for all. */
async function numberTables(session: Session, sidecar: string, tables: readonly TableMapping[]): Promise<void> {
  const at = `${quoted(sidecar)}.source_table`;
  await session.run(`LOCK TABLE ${at} IN SHARE ROW EXCLUSIVE MODE`);
  await session.rows(
    `INSERT INTO ${at} (source_table, table_no)
     SELECT n.name, (SELECT coalesce(max(table_no), 0) FROM ${at}) + pg_catalog.row_number() OVER (ORDER BY n.position)
       FROM unnest($1::text[]) WITH ORDINALITY AS n(name, position)
      WHERE NOT EXISTS (SELECT FROM ${at} AS t WHERE t.source_table = n.name)`,
    [tables.map(sourceTableName)],
  );
}

/** What the sidecar holds of tables that the mapping does not name goes; a table keeps its number. */
export async function forgetUnnamed(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  const sidecar = quoted(sidecarSchema(hash));
  const named = mapping.tables.map(sourceTableName);
  await inTransaction(session, async () => {
    for (const table of ['chunk', 'quarantine', 'value_ledger']) {
      await session.rows(`DELETE FROM ${sidecar}.${table} WHERE source_table <> ALL ($1::text[])`, [named]);
    }
    await session.rows(`UPDATE ${sidecar}.source_table SET sealed_at = NULL WHERE source_table <> ALL ($1::text[])`, [
      named,
    ]);
  });
}

/** The number that a table's backends bear in their names. */
export async function tableNumber(session: Session, hash: string, table: TableMapping): Promise<number> {
  const [row] = await session.rows(
    `SELECT table_no FROM ${quoted(sidecarSchema(hash))}.source_table WHERE source_table = $1`,
    [sourceTableName(table)],
  );
  return Number(row?.['table_no'] ?? 0);
}

export interface PromotionRecord {
  readonly promotedAt: string;
  readonly lsn: string;
  readonly tables: number;
}

/** The row written by the promotion transaction; absent before it, and once the sidecar is dropped. */
export async function readPromotionRecord(session: Session, hash: string): Promise<PromotionRecord | undefined> {
  const sidecar = sidecarSchema(hash);
  const [there] = await session.rows(
    `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = 'promotion'`,
    [sidecar],
  );
  if (there === undefined) return undefined;
  const [row] = await session.rows(
    `SELECT pg_catalog.to_char(promoted_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, lsn, tables
       FROM ${quoted(sidecar)}.promotion`,
  );
  if (row === undefined) return undefined;
  return { promotedAt: row['at'] ?? '', lsn: row['lsn'] ?? '', tables: Number(row['tables']) };
}
