import { oldSchema, shadowSchema, sidecarSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { TargetNames } from '../target.js';
import { renameCollations } from './collations/made.js';
import type { Session } from './connect.js';
import { familyOf, lockableOf, statisticsOf } from './dependents.js';
import { cutToBytes, literal, NAME_BYTES_MAX, qualified, quoted } from './identifiers.js';
import { checkConflicts, wantedNames } from './name-conflicts.js';
import type { Replaced, WantedNames } from './name-conflicts.js';
import { finishObjects } from './native-objects.js';
import { ownerComment } from './ownership.js';
import { finishRoutines } from './routines.js';
import { privilegeStatements } from './privileges.js';
import { leftIn, moveSql, objectsIn, schemaOid } from './schema-objects.js';
import type { SchemaObject } from './schema-objects.js';
import { swapRows } from './standing/swap.js';
import { refuseUnchecked } from './validators.js';

/** Statements sent at once. */
const BATCH = 100;

/** The steps of promotion, inside its transaction. CASCADE is forbidden here: it would take what stayed behind. */
export async function promoteInTransaction(
  session: Session,
  promotion: { names: TargetNames; mapping: MigrationMapping; onExisting: 'fail' | 'replace' },
): Promise<void> {
  const { names, mapping } = promotion;
  const shadow = shadowSchema(names.hash);
  await refuseUnchecked(session, names.hash);
  if (mapping.mode === 'data-only') await swapRows(session, promotion);
  else await moveObjects(session, promotion, shadow);
  await record(session, promotion);
  const left = await leftIn(session, shadow);
  if (left.length > 0) throw refused('move everything out of', shadow, left);
  await session.run(`DROP SCHEMA ${quoted(shadow)} RESTRICT`);
}

async function moveObjects(
  session: Session,
  { names, mapping, onExisting }: { names: TargetNames; mapping: MigrationMapping; onExisting: 'fail' | 'replace' },
  shadow: string,
): Promise<void> {
  const schema = mapping.targetSchema;
  if ((await schemaOid(session, schema)) === undefined) await session.run(`CREATE SCHEMA ${quoted(schema)}`);
  await refuseTextBodies(session, shadow);
  const wanted = await namesOfShadow(session, shadow, mapping);
  const first = await checkConflicts(session, { schema, wanted, onExisting });
  await lockOld(session, first);
  const replaced = await checkConflicts(session, { schema, wanted, onExisting });
  await moveOld(session, { names, schema, replaced });
  await renameSequences(session, { shadow, schema, hash: names.hash });
  await renameCollations(session, { shadow, schema, hash: names.hash });
  await finishObjects(session, names.hash, mapping);
  await finishRoutines(session, names.hash, mapping);
  const objects = await objectsIn(session, shadow);
  const ownedSequences = await ownedSequencesIn(session, shadow, schema);
  await runAll(
    session,
    objects.map((object) => moveSql(object, schema)),
  );
  const moved = objects.map((object) => movedTo(object, shadow, schema));
  await runAll(session, await privilegeStatements(session, { schema, objects: moved, ownedSequences }));
}

/** The object under its new name; types of a routine's arguments moved as well. */
function movedTo(object: SchemaObject, shadow: string, schema: string): SchemaObject {
  const sql =
    quoted(schema) + object.sql.slice(quoted(shadow).length).replaceAll(`${shadow}.`, () => `${quoted(schema)}.`);
  return { ...object, sql };
}

/** Bodies kept as text do not follow a move: one that names the shadow would break. */
async function refuseTextBodies(session: Session, shadow: string): Promise<void> {
  const rows = await session.rows(
    `SELECT p.proname AS name FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = $1 AND pg_catalog.strpos(p.prosrc, $1) > 0 ORDER BY 1`,
    [shadow],
  );
  if (rows.length > 0)
    throw refused(
      'promote functions whose bodies name',
      shadow,
      rows.map((row) => row['name'] ?? ''),
    );
}

/** The plan's names and whatever else stands in the shadow; sequences are not the plan's, and are renamed instead. */
async function namesOfShadow(session: Session, shadow: string, mapping: MigrationMapping): Promise<WantedNames> {
  const planned = wantedNames(mapping);
  const relations = await session.rows(
    `SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind <> 'S'`,
    [shadow],
  );
  const types = await session.rows(
    `SELECT t.typname AS name FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      WHERE n.nspname = $1`,
    [shadow],
  );
  return {
    ...planned,
    relations: relations.map((row) => row['name'] ?? ''),
    types: types.map((row) => row['name'] ?? ''),
  };
}

/** From here on nobody can make something that depends on them. */
async function lockOld(session: Session, replaced: Replaced): Promise<void> {
  const family = await lockableOf(session, replaced);
  for (let at = 0; at < family.length; at += BATCH) {
    await session.run(`LOCK TABLE ${family.slice(at, at + BATCH).join(', ')} IN ACCESS EXCLUSIVE MODE`);
  }
}

/** Tables with their partitions, indexes, sequences, statistics and row types, enum types and functions, to `caravan_old_<hash>`. */
async function moveOld(
  session: Session,
  at: { names: TargetNames; schema: string; replaced: Replaced },
): Promise<void> {
  const { names, schema, replaced } = at;
  if (replaced.tables.length + replaced.enumTypes.length + replaced.functions.length === 0) return;
  const old = oldSchema(names.hash);
  const family = await familyOf(session, replaced);
  const statistics = await statisticsOf(session, replaced);
  const functions = await routinesOf(session, replaced);
  await session.run(
    `CREATE SCHEMA ${quoted(old)}; COMMENT ON SCHEMA ${quoted(old)} IS ${literal(ownerComment(names))}`,
  );
  await runAll(session, [
    ...functions.map((each) => `ALTER ROUTINE ${each} SET SCHEMA ${quoted(old)}`),
    ...replaced.enumTypes.map((type) => `ALTER TYPE ${qualified(schema, type.name)} SET SCHEMA ${quoted(old)}`),
    ...family.map((table) => `ALTER TABLE ${table} SET SCHEMA ${quoted(old)}`),
    ...statistics.map((each) => `ALTER STATISTICS ${each} SET SCHEMA ${quoted(old)}`),
  ]);
}

/** As ALTER names them, with the types of their arguments. */
async function routinesOf(session: Session, { functions }: Replaced): Promise<string[]> {
  const rows = await session.rows(
    `SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = ANY($1::oid[]) ORDER BY 1`,
    [functions.map((each) => each.oid)],
  );
  return rows.map((row) => row['name'] ?? '');
}

/** Sequences of identity columns have names that PostgreSQL chose in the shadow; taken ones get the hash behind. */
async function renameSequences(session: Session, at: { shadow: string; schema: string; hash: string }): Promise<void> {
  const rows = await session.rows(
    `SELECT s.relname AS name FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
      WHERE n.nspname = $1 AND s.relkind = 'S' AND EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace m ON m.oid = c.relnamespace
         WHERE m.nspname = $2 AND c.relname = s.relname) ORDER BY 1`,
    [at.shadow, at.schema],
  );
  for (const row of rows) {
    const name = row['name'] ?? '';
    const suffix = `_${at.hash}`;
    const renamed = cutToBytes(name, NAME_BYTES_MAX - suffix.length) + suffix;
    await session.run(`ALTER SEQUENCE ${qualified(at.shadow, name)} RENAME TO ${quoted(renamed)}`);
  }
}

/** Named where they will be. */
async function ownedSequencesIn(session: Session, shadow: string, schema: string): Promise<string[]> {
  const rows = await session.rows(
    `SELECT s.relname AS name FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
      WHERE n.nspname = $1 AND s.relkind = 'S' AND EXISTS (
        SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.oid
           AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')) ORDER BY 1`,
    [shadow],
  );
  return rows.map((row) => qualified(schema, row['name'] ?? ''));
}

async function record(session: Session, promotion: { names: TargetNames; mapping: MigrationMapping }): Promise<void> {
  await session.rows(
    `INSERT INTO ${quoted(sidecarSchema(promotion.names.hash))}.promotion (promoted_at, lsn, xid, tables, target_schema)
     VALUES (pg_catalog.clock_timestamp(), pg_catalog.pg_current_wal_insert_lsn()::text,
             pg_catalog.pg_current_xact_id()::text, $1, $2)`,
    [promotion.mapping.tables.length, promotion.mapping.targetSchema],
  );
}

async function runAll(session: Session, statements: readonly string[]): Promise<void> {
  for (let at = 0; at < statements.length; at += BATCH) await session.run(statements.slice(at, at + BATCH).join(';\n'));
}

function refused(attempted: string, on: string, names: readonly string[]): CaravanFailure {
  return new CaravanFailure('PROMOTION_REFUSED', {
    attempted,
    on,
    seen: names.slice(0, 5).join(', '),
    facts: { names: names.slice(0, 5) },
  });
}
