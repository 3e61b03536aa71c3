import type pg from 'pg';
import { CaravanFailure } from '../../contracts/failures.js';
import { STORE_MIGRATIONS, STORE_SCHEMA } from './store-migrations.js';

/** Key of the advisory lock; any constant of our own. */
const LOCK_KEY = 7_205_091_133_172;

/** Brings the store's schema to this build's form. Any number of processes may do it at once. */
export async function migrateStore(pool: pg.Pool): Promise<void> {
  const newest = STORE_MIGRATIONS.length;
  const client = await pool.connect();
  let broken = true;
  try {
    if ((await versionOf(client)) !== newest) await applyMissing(client);
    broken = false;
  } finally {
    client.release(broken);
  }
}

async function applyMissing(client: pg.PoolClient): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${STORE_SCHEMA}`);
  await client.query(`SET LOCAL search_path TO ${STORE_SCHEMA}`);
  await client.query(
    'CREATE TABLE IF NOT EXISTS store_migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const version = (await versionOf(client)) ?? 0;
  if (version > STORE_MIGRATIONS.length) throw tooNew(version);
  for (const { number, name, sql } of STORE_MIGRATIONS.slice(version)) {
    await client.query(sql);
    await client.query('INSERT INTO store_migrations (number, name) VALUES ($1, $2)', [number, name]);
  }
  await client.query('COMMIT');
}

/** Number of the last step that was applied; undefined when the schema is not there. */
async function versionOf(client: pg.PoolClient): Promise<number | undefined> {
  const name = `${STORE_SCHEMA}.store_migrations`;
  const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [name]);
  if (found[0]?.there !== true) return undefined;
  const { rows } = await client.query<{ number: number | null }>(`SELECT max(number) AS number FROM ${name}`);
  return rows[0]?.number ?? 0;
}

function tooNew(version: number): CaravanFailure {
  return new CaravanFailure('INTERNAL', {
    attempted: 'open the store',
    on: STORE_SCHEMA,
    seen: `its version is ${String(version)}, this build knows ${String(STORE_MIGRATIONS.length)}`,
    next: 'Use the newer Caravan that made it.',
  });
}
