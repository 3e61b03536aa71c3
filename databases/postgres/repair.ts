import { shadowSchema, sidecarSchema } from '../../contracts/names.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Chunk } from '../target.js';
import type { Session } from './connect.js';
import { qualified, quoted } from './identifiers.js';
import { takeNull } from './not-null.js';
import { rangeCondition } from './key-range.js';

/** Readers of the table may be at work for a chunk's time; the retry profile tries again after this. */
const LOCK_TIMEOUT = '30s';

export interface ChunkPlace {
  readonly hash: string;
  readonly sourceTable: string;
  readonly chunk: Chunk;
  readonly mapping: TableMapping;
}

/**
 * Empties a chunk's key range with its quarantine and value ledger, in the open transaction. Foreign keys in both
 * directions and checks are taken off first and given back by the returned statements, as NOT VALID: a delete must
 * not cascade into other tables, and rows that violate a constraint must be able to come back. So is a NOT NULL that
 * no value broke until now. `buildKeys` and `addForeignKeys` validate them again.
 */
export async function clearChunk(session: Session, place: ChunkPlace): Promise<string[]> {
  const table = qualified(shadowSchema(place.hash), place.mapping.target.name);
  await session.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  const constraints = await session.rows(
    `SELECT c.conname AS name, k.relname AS table_name, pg_catalog.pg_get_constraintdef(c.oid) AS definition
       FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class k ON k.oid = c.conrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
      WHERE n.nspname = $1 AND c.conparentid = 0
        AND (c.contype = 'f' AND $2::regclass IN (c.conrelid, c.confrelid) OR c.contype = 'c' AND c.conrelid = $2::regclass)
      ORDER BY k.relname, c.conname`,
    [shadowSchema(place.hash), table],
  );
  const restore: string[] = [];
  for (const row of constraints) {
    const owner = qualified(shadowSchema(place.hash), row['table_name'] ?? '');
    const name = quoted(row['name'] ?? '');
    const definition = (row['definition'] ?? '').replace(/ NOT VALID$/, '');
    await session.run(`ALTER TABLE ${owner} DROP CONSTRAINT ${name}`);
    restore.push(`ALTER TABLE ${owner} ADD CONSTRAINT ${name} ${definition} NOT VALID`);
  }
  await takeNull(session, table, place.mapping);
  const range = rangeCondition(place.mapping, place.chunk);
  await session.run(range === undefined ? `TRUNCATE TABLE ${table}` : `DELETE FROM ${table} WHERE ${range}`);
  const sidecar = quoted(sidecarSchema(place.hash));
  for (const kind of ['quarantine', 'value_ledger']) {
    const values = [place.sourceTable, place.chunk.chunk];
    await session.rows(`DELETE FROM ${sidecar}.${kind} WHERE source_table = $1 AND chunk = $2`, values);
  }
  return restore;
}
