import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { outsideDependents } from './dependents.js';
import type { Session } from './connect.js';
import { arrayTypeName } from './identifiers.js';

/** Names that will stand in the target schema. Relations and types have a namespace each; a table has a name in both. */
export interface WantedNames {
  readonly tables: ReadonlySet<string>;
  readonly views: ReadonlySet<string>;
  readonly enumTypes: ReadonlySet<string>;
  /** Of functions without arguments. */
  readonly functions: readonly string[];
  /** Of routines: "name/number of arguments". */
  readonly routines: readonly string[];
  readonly statistics: readonly string[];
  readonly relations: readonly string[];
  readonly types: readonly string[];
}

/** What `replace` moves away. */
export interface Replaced {
  /** Views among them. */
  readonly tables: readonly { readonly oid: string; readonly name: string }[];
  readonly enumTypes: readonly { readonly oid: string; readonly name: string }[];
  readonly functions: readonly { readonly oid: string; readonly name: string }[];
}

const NAMES_SHOWN = 5;

export function wantedNames(mapping: MigrationMapping): WantedNames {
  const tables = mapping.tables.flatMap((table) => [
    table.target.name,
    ...(table.partitions?.parts ?? []).map((part) => part.name),
  ]);
  const views = mapping.views.map((view) => view.target.name);
  const enumTypes = mapping.types.map((type) => type.name);
  const inner = mapping.tables.flatMap((table) => [
    ...(table.primaryKey === undefined ? [] : [table.primaryKey.name]),
    ...table.uniqueKeys.map((key) => key.name),
    ...table.indexes.map((index) => index.name),
    ...(table.exclusions ?? []).map((key) => key.name),
    ...table.columns.flatMap((column) => column.identity?.sequence?.name ?? []),
  ]);
  const types = [...tables, ...views, ...enumTypes];
  const routines = (mapping.objects ?? []).flatMap(({ routine }) => routine ?? []);
  const programs = mapping.routines ?? [];
  return {
    tables: new Set(tables),
    views: new Set(views),
    enumTypes: new Set(enumTypes),
    functions: [
      ...mapping.tables.flatMap((table) => table.onUpdate?.name ?? []),
      ...programs.filter(({ kind }) => kind === 'trigger').map(({ target }) => target.name),
    ],
    routines: [
      ...routines.map((routine) => `${routine.name}/${String(routine.arguments)}`),
      ...programs
        .filter(({ kind }) => kind !== 'trigger')
        .map(({ target, arguments: args }) => `${target.name}/${String(args.length)}`),
    ],
    statistics: (mapping.objects ?? []).filter(({ kind }) => kind === 'statistics').map(({ name }) => behindDot(name)),
    relations: [...tables, ...views, ...inner, ...(mapping.sequences ?? []).map((sequence) => sequence.name)],
    types: [...types, ...types.map(arrayTypeName)],
  };
}

/** "schema.name" without its schema. */
function behindDot(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

/**
 * Compares the names with what is in the schema. With `replace`, tables, enum types and trigger functions of the plan's
 * names are given back; everything else in the way is TARGET_CONFLICT, and what outside depends on them is TARGET_DEPENDENTS.
 */
export async function checkConflicts(
  session: Session,
  at: { schema: string; wanted: WantedNames; onExisting: 'fail' | 'replace' },
): Promise<Replaced> {
  const { schema, wanted, onExisting } = at;
  const found = await findConflicts(session, schema, wanted);
  const replaceable = (conflict: Conflict): boolean =>
    onExisting === 'replace' &&
    ((conflict.kind === 'table' && wanted.tables.has(conflict.base)) ||
      (conflict.kind === 'view' && wanted.views.has(conflict.base)) ||
      (conflict.kind === 'enum' && wanted.enumTypes.has(conflict.base)) ||
      conflict.kind === 'trigger function' ||
      conflict.kind === 'routine');
  const inTheWay = found.filter((conflict) => !replaceable(conflict));
  if (inTheWay.length > 0) throw inConflict(schema, [...new Set(inTheWay.map((conflict) => conflict.name))]);
  const replaced = {
    tables: distinct(found.filter((conflict) => conflict.kind === 'table' || conflict.kind === 'view')),
    enumTypes: distinct(found.filter((conflict) => conflict.kind === 'enum')),
    functions: distinct(
      found.filter((conflict) => conflict.kind === 'trigger function' || conflict.kind === 'routine'),
    ),
  };
  const dependents = await outsideDependents(session, replaced);
  if (dependents.length > 0) throw haveDependents(schema, dependents);
  return replaced;
}

interface Conflict {
  readonly name: string;
  /** The object that the name belongs to: an index's table, an array type's element. */
  readonly base: string;
  readonly oid: string;
  readonly kind: string;
}

async function findConflicts(session: Session, schema: string, wanted: WantedNames): Promise<Conflict[]> {
  const rows = await session.rows(
    `WITH relation AS (
       SELECT c.relname AS name, coalesce(x.indrelid, owner.refobjid, c.oid) AS base
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
         LEFT JOIN pg_catalog.pg_depend owner ON c.relkind = 'S' AND owner.classid = 'pg_catalog.pg_class'::regclass
               AND owner.objid = c.oid AND owner.refclassid = 'pg_catalog.pg_class'::regclass AND owner.deptype IN ('a', 'i')
        WHERE n.nspname = $1 AND c.relname = ANY($2::text[])),
     type AS (
       SELECT coalesce(e.typname, t.typname) AS name, coalesce(e.oid, t.oid) AS base, coalesce(e.typrelid, t.typrelid) AS relation,
              coalesce(e.typname, t.typname) AS base_name, coalesce(e.typtype, t.typtype) AS typtype
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         LEFT JOIN pg_catalog.pg_type e ON e.typarray = t.oid
        WHERE n.nspname = $1 AND t.typname = ANY($3::text[]))
     SELECT r.name, c.relname AS base, c.oid AS oid, CASE WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'other' END AS kind
       FROM relation r JOIN pg_catalog.pg_class c ON c.oid = r.base
     UNION
     SELECT t.name, coalesce(c.relname, t.base_name), coalesce(c.oid, t.base),
            CASE WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind IN ('v', 'm') THEN 'view' WHEN t.typtype = 'e' THEN 'enum' ELSE 'other' END
       FROM type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relation
     UNION
     SELECT p.proname, p.proname, p.oid,
            CASE WHEN p.prorettype = 'pg_catalog.trigger'::regtype AND p.prokind = 'f' THEN 'trigger function' ELSE 'other' END
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = $1 AND p.proname = ANY($4::text[]) AND p.pronargs = 0
     UNION
     SELECT p.proname, p.proname, p.oid,
            CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
                 THEN 'other' ELSE 'routine' END
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = $1 AND p.proname || '/' || p.pronargs = ANY($5::text[])
     UNION
     SELECT s.stxname, c.relname, c.oid, 'table'
       FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid
      WHERE n.nspname = $1 AND s.stxname = ANY($6::text[])
     ORDER BY 1`,
    [schema, wanted.relations, wanted.types, wanted.functions, wanted.routines, wanted.statistics],
  );
  return rows.map((row) => ({
    name: row['name'] ?? '',
    base: row['base'] ?? '',
    oid: row['oid'] ?? '',
    kind: row['kind'] ?? '',
  }));
}

function distinct(conflicts: readonly Conflict[]): { oid: string; name: string }[] {
  return [...new Map(conflicts.map((conflict) => [conflict.oid, { oid: conflict.oid, name: conflict.base }])).values()];
}

function inConflict(schema: string, names: readonly string[]): CaravanFailure {
  return new CaravanFailure('TARGET_CONFLICT', {
    attempted: 'use the names of the plan in the schema',
    on: schema,
    seen: `${countOf(names.length, 'name')} in use: ${shown(names)}`,
    facts: { schema, names: names.slice(0, NAMES_SHOWN) },
  });
}

function haveDependents(schema: string, names: readonly string[]): CaravanFailure {
  return new CaravanFailure('TARGET_DEPENDENTS', {
    attempted: 'replace tables in the schema',
    on: schema,
    seen: `${countOf(names.length, 'object')} outside the plan depend on them: ${shown(names)}`,
    facts: { schema, names: names.slice(0, NAMES_SHOWN) },
  });
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function shown(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
