import type { Session } from './connect.js';
import type { Replaced } from './name-conflicts.js';

/**
 * Everything that depends on these tables, types and functions and would not move with them: views, foreign keys of other
 * tables, functions, columns of a moved type, inheriting tables, publications. Described as PostgreSQL describes.
 */
export async function outsideDependents(session: Session, replaced: Replaced): Promise<string[]> {
  if (replaced.tables.length + replaced.enumTypes.length + replaced.functions.length === 0) return [];
  const rows = await session.rows(SQL, [
    replaced.tables.map((table) => table.oid),
    replaced.enumTypes.map((type) => type.oid),
    replaced.functions.map((each) => each.oid),
  ]);
  return rows.map((row) => row['what'] ?? '');
}

/** Partitions of the tables, which move with them, in any depth; the tables themselves included. */
const FAMILY = `
  family AS (
    SELECT unnest($1::oid[]) AS oid
    UNION
    SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)`;

const SQL = `
  WITH RECURSIVE ${FAMILY},
  moved AS (
    SELECT oid FROM family
    UNION SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid IN (SELECT oid FROM family)
    UNION SELECT reltoastrelid FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM family) AND reltoastrelid <> 0
    UNION SELECT x.indexrelid FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.reltoastrelid = x.indrelid
           WHERE c.oid IN (SELECT oid FROM family)
    UNION SELECT d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
             AND d.refobjid IN (SELECT oid FROM family) AND d.deptype IN ('a', 'i')),
  moved_type AS (
    SELECT oid, typarray FROM pg_catalog.pg_type WHERE typrelid IN (SELECT oid FROM moved) OR oid = ANY($2::oid[])),
  all_type AS (SELECT oid FROM moved_type UNION SELECT typarray FROM moved_type),
  dependent AS (
    SELECT DISTINCT d.classid, d.objid FROM pg_catalog.pg_depend d
     WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid IN (SELECT oid FROM moved)
        OR d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (SELECT oid FROM all_type)
        OR d.refclassid = 'pg_catalog.pg_proc'::regclass AND d.refobjid = ANY($3::oid[])),
  owned AS (
    SELECT d.classid, d.objid, d.classid = 'pg_catalog.pg_rewrite'::regclass AS is_rule,
           CASE d.classid
             WHEN 'pg_catalog.pg_class'::regclass THEN d.objid
             WHEN 'pg_catalog.pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_catalog.pg_rewrite WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT conrelid FROM pg_catalog.pg_constraint WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_catalog.pg_attrdef WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_catalog.pg_trigger WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_policy'::regclass THEN (SELECT polrelid FROM pg_catalog.pg_policy WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_statistic_ext'::regclass THEN (SELECT stxrelid FROM pg_catalog.pg_statistic_ext WHERE oid = d.objid)
           END AS relation
      FROM dependent d
     WHERE NOT (d.classid = 'pg_catalog.pg_type'::regclass AND d.objid IN (SELECT oid FROM all_type))
       AND NOT (d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = ANY($3::oid[])))
  SELECT CASE WHEN is_rule THEN pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, relation, 0)
              ELSE pg_catalog.pg_describe_object(classid, objid, 0) END AS what
    FROM owned WHERE relation IS NULL OR relation NOT IN (SELECT oid FROM moved)
  UNION
  SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, i.inhparent, 0)
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
   WHERE c.relkind IN ('r', 'p') AND i.inhrelid IN (SELECT oid FROM family) AND i.inhparent NOT IN (SELECT oid FROM family)
  ORDER BY 1`;

/** Qualified, quoted names of the tables with their partitions. */
export async function familyOf(session: Session, replaced: Replaced): Promise<string[]> {
  return namesOfFamily(session, replaced, '');
}

/** Without materialized views, which nobody can lock by hand. */
export async function lockableOf(session: Session, replaced: Replaced): Promise<string[]> {
  return namesOfFamily(session, replaced, ` WHERE c.relkind <> 'm'`);
}

async function namesOfFamily(session: Session, replaced: Replaced, where: string): Promise<string[]> {
  const rows = await session.rows(
    `WITH RECURSIVE ${FAMILY}
     SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM family f
       JOIN pg_catalog.pg_class c ON c.oid = f.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace${where} ORDER BY 1`,
    [replaced.tables.map((table) => table.oid)],
  );
  return rows.map((row) => row['name'] ?? '');
}

/** Extended statistics on them, which stand in a schema by themselves. */
export async function statisticsOf(session: Session, replaced: Replaced): Promise<string[]> {
  const rows = await session.rows(
    `WITH RECURSIVE ${FAMILY}
     SELECT pg_catalog.format('%I.%I', n.nspname, s.stxname) AS name FROM family f
       JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = f.oid JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace ORDER BY 1`,
    [replaced.tables.map((table) => table.oid)],
  );
  return rows.map((row) => row['name'] ?? '');
}
