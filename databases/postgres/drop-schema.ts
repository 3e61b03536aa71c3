import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from './connect.js';
import { isServerError, SQLSTATE } from './errors.js';
import { qualified, quoted } from './identifiers.js';
import { leftIn, objectsIn, schemaOid } from './schema-objects.js';
import type { SchemaObject } from './schema-objects.js';
import { inTransaction } from './session-pool.js';

/** One DROP of 2,000 tables runs the server out of lock space at its default settings. */
const BATCH = 200;
const LOCK_TIMEOUT_MS = 3000;
const TRIES_MAX = 5;
const PAUSE_MS = 300;

/**
 * Drops a schema with all that is in it, in batches. Never CASCADE: what somebody else made on top of it (a view on a
 * shadow table) is not ours to drop. Returns what could not be dropped, by name; empty means that the schema is gone.
 */
export async function dropSchemaWithContents(session: Session, schema: string): Promise<string[]> {
  if ((await schemaOid(session, schema)) === undefined) return [];
  await dropForeignKeys(session, schema);
  // Views stand on tables and routines, tables on routines and types, and routines on the rows of tables and views.
  for (let before = Infinity; ;) {
    const objects = await objectsIn(session, schema);
    if (objects.length === 0 || objects.length >= before) break;
    before = objects.length;
    await dropOnce(session, schema, objects);
  }
  const left = await leftIn(session, schema);
  if (left.length > 0) return left;
  const gone = await patiently(session, `DROP SCHEMA IF EXISTS ${quoted(schema)} RESTRICT`);
  return gone ? [] : [`schema ${schema}`];
}

async function dropOnce(session: Session, schema: string, objects: readonly SchemaObject[]): Promise<void> {
  const tables = objects.filter((object) => object.kind === 'TABLE').map((object) => object.sql);
  const above = objects.filter((object) => /VIEW|STATISTICS/.test(object.kind));
  const routines = objects.filter((object) => /FUNCTION|PROCEDURE|AGGREGATE/.test(object.kind));
  const rest = objects.filter(
    (object) => object.kind !== 'TABLE' && !above.includes(object) && !routines.includes(object),
  );
  await dropInAnyOrder(session, schema, above);
  for (let at = 0; at < tables.length; at += BATCH) await dropTables(session, tables.slice(at, at + BATCH));
  await dropInAnyOrder(session, schema, [...routines, ...rest]);
}

/** Types are made of types, and views stand on views: what still stands on another goes at the next pass. */
async function dropInAnyOrder(session: Session, schema: string, objects: readonly SchemaObject[]): Promise<void> {
  for (let left = objects; left.length > 0;) {
    await dropAll(
      session,
      left.map((object) => `DROP ${object.kind} IF EXISTS ${object.sql}`),
    );
    const there = new Set((await objectsIn(session, schema)).map((object) => object.sql));
    const still = left.filter((object) => there.has(object.sql));
    if (still.length === left.length) return;
    left = still;
  }
}

/** For a schema of few objects: all or nothing, so that no reader meets half of it. Returns what is left, by name. */
export async function dropSmallSchema(session: Session, schema: string): Promise<string[]> {
  if ((await schemaOid(session, schema)) === undefined) return [];
  const objects = (await objectsIn(session, schema)).reverse();
  const statements = objects.map((object) => `DROP ${object.kind} IF EXISTS ${object.sql} RESTRICT`);
  const gone = await patiently(
    session,
    [...statements, `DROP SCHEMA IF EXISTS ${quoted(schema)} RESTRICT`].join(';\n'),
  );
  return gone ? [] : [`schema ${schema}`];
}

/** All foreign keys of a schema's tables; without them, tables can go in any order, and rows be copied again. */
export async function dropForeignKeys(session: Session, schema: string): Promise<number> {
  const rows = await session.rows(
    `SELECT t.relname AS table_name, c.conname AS name FROM pg_catalog.pg_constraint c
       JOIN pg_catalog.pg_class t ON t.oid = c.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
      WHERE n.nspname = $1 AND c.contype = 'f' AND c.conparentid = 0 ORDER BY 1, 2`,
    [schema],
  );
  await dropAll(
    session,
    rows.map(
      (row) =>
        `ALTER TABLE ${qualified(schema, row['table_name'] ?? '')} DROP CONSTRAINT IF EXISTS ${quoted(row['name'] ?? '')}`,
    ),
  );
  return rows.length;
}

async function dropTables(session: Session, tables: readonly string[]): Promise<void> {
  if (await patiently(session, `DROP TABLE IF EXISTS ${tables.join(', ')} RESTRICT`)) return;
  if (tables.length === 1) return;
  // One of them is in use, or there are too few locks for all: halve until the others are gone.
  const half = Math.ceil(tables.length / 2);
  await dropTables(session, tables.slice(0, half));
  await dropTables(session, tables.slice(half));
}

async function dropAll(session: Session, statements: readonly string[]): Promise<void> {
  for (let at = 0; at < statements.length; at += BATCH) {
    const batch = statements.slice(at, at + BATCH);
    if (await patiently(session, batch.join(';\n'))) continue;
    for (const statement of batch) await patiently(session, statement);
  }
}

/** False when the server refuses for good, or a lock could not be had. Other errors are thrown. */
async function patiently(session: Session, sql: string): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      await inTransaction(session, () => session.run(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; ${sql}`));
      return true;
    } catch (error) {
      if (!isServerError(error)) throw error;
      const state = error.code;
      if (state === SQLSTATE.dependentObjects || state === SQLSTATE.outOfMemory) return false;
      if (state !== SQLSTATE.lockNotAvailable && state !== SQLSTATE.deadlock) throw error;
      if (tries >= TRIES_MAX) return false;
      await sleep(PAUSE_MS * tries);
    }
  }
}
