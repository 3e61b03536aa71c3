import type { Catalogue } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { PlanDocument } from '../../../contracts/definition.schema.js';
import { CASE_INSENSITIVE_TYPE, isNative } from '../../../contracts/mapping.js';
import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Insensitive, Target } from '../../../databases/target.js';
import { quoteName } from '../../../language/expressions.js';
import type { Deps } from '../../deps.js';
import { openSourceOf, withEnd } from '../../ends.js';
import { withCollations } from '../../maba/mapping/collations/list.js';
import { constraintName } from '../../maba/mapping/names.js';
import { alikeIn, uniqueKeysOf } from './keys.js';
import { leveled, Levels, pathOf } from './levels.js';

/** Planning is not kept waiting longer by keys that are read: what is not looked at then, the key itself tells. */
const LONGEST_MS = 4 * 60_000;

const UNREAD = 'Not looked at before the load:';

interface Fitting {
  readonly deps: Deps;
  readonly migrationId: string;
  readonly catalogue: Catalogue;
  readonly target: Target;
}

/**
 * The plan with texts compared as this target can, and as their keys let it: what the source tells apart must not be
 * equal here. Each column that is compared otherwise than the plan said is listed with the reason.
 */
export async function fitCollations(fitting: Fitting, document: PlanDocument): Promise<PlanDocument> {
  const { migration } = document;
  const { catalogue, target } = fitting;
  const levels = new Levels(migration);
  if (!isCompared(migration, levels)) return document;
  const offered = await target.insensitive();
  if (!offered.icu) levels.replace(offered.citext ? 'citext' : 'plain', withoutIcu(offered));
  const unread = await tightenAlike(fitting, migration, levels);
  const fitted = withLevels(migration, levels);
  const listed = withCollations(fitted, catalogue, sourcePaths(fitted, levels));
  const notes = [...(listed.notes ?? []).filter((note) => !note.startsWith(UNREAD)), ...unread];
  return { ...document, migration: { ...listed, ...(notes.length > 0 && { notes }) } };
}

function isCompared({ tables }: MigrationMapping, levels: Levels): boolean {
  return tables.some(
    (table) => !isNative(table) && table.columns.some(({ target }) => levels.of(table, target) !== 'plain'),
  );
}

function withoutIcu({ citext, citextAvailable }: Insensitive): string {
  const older = 'the target has no collations for this (PostgreSQL 18 with ICU has)';
  if (citext) return `${older}: citext in their place`;
  return citextAvailable ? `${older}; CREATE EXTENSION citext; there would change it` : older;
}

/** Reads the keys that are compared without regard to case. Returns what to say of those that were not looked at. */
async function tightenAlike(
  { deps, migrationId, catalogue, target }: Fitting,
  { tables }: MigrationMapping,
  levels: Levels,
): Promise<string[]> {
  const keys = tables
    .filter((table) => !isNative(table) && table.rows !== 'none')
    .flatMap((table) => uniqueKeysOf(table).map((key) => ({ table, ...key })))
    .filter(({ table, columns }) => levels.ofKey(table, columns) !== undefined);
  if (keys.length === 0) return [];
  const signal = AbortSignal.timeout(LONGEST_MS);
  const unread: string[] = [];
  await withEnd(openSourceOf(deps, migrationId), async (source) => {
    for (const { table, name, columns } of keys) {
      try {
        for (;;) {
          const alike = await alikeIn({ source, target, catalogue, signal }, { table, columns, levels });
          if (alike === undefined) unread.push(name);
          if (alike === undefined || alike === 0) break;
          levels.tighten(
            table,
            columns,
            `else values of the key ${name} would be equal here (${String(alike)} groups of them)`,
          );
        }
      } catch (error) {
        if (!signal.aborted) throw error;
        unread.push(name);
      }
    }
  });
  if (unread.length === 0) return [];
  const named = unread.slice(0, 20).join(', ');
  return [`${UNREAD} whether values of these keys would be equal in the target: ${named}. The keys themselves tell.`];
}

function withLevels(mapping: MigrationMapping, levels: Levels): MigrationMapping {
  if (levels.changed.size === 0) return mapping;
  const tables = mapping.tables.map((table) => withLevelsOf(table, levels));
  const cites = tables.some(({ columns }) => columns.some(({ type }) => type === CASE_INSENSITIVE_TYPE));
  const extensions = new Set([...(mapping.extensions ?? []), ...(cites ? [CASE_INSENSITIVE_TYPE] : [])]);
  return { ...mapping, ...(extensions.size > 0 && { extensions: [...extensions] }), tables };
}

function withLevelsOf(table: TableMapping, levels: Levels): TableMapping {
  const taken = new Set(
    [...table.checks, ...table.uniqueKeys, ...(table.primaryKey ? [table.primaryKey] : [])].map(({ name }) => name),
  );
  const checks = [...table.checks];
  const columns = table.columns.map((column) => {
    const why = levels.changed.get(pathOf(table.target, column.target));
    if (why === undefined) return column;
    const after = leveled(column, levels.of(table, column.target), why);
    const most = /^varchar\((\d+)\)$/.exec(column.type)?.[1];
    if (after.type === CASE_INSENSITIVE_TYPE && most !== undefined) {
      const name = constraintName(
        `${table.target.name}_${column.target}_length`,
        `${qualified(table.source)}.${column.source} (length)`,
        taken,
      );
      checks.push({ name, expression: `char_length(${quoteName(column.target)}) <= ${most}` });
    }
    return after;
  });
  return { ...table, columns, checks };
}

/** Why columns changed, by the source's names. */
function sourcePaths({ tables }: MigrationMapping, levels: Levels): Map<string, string> {
  const why = new Map<string, string>();
  for (const table of tables) {
    for (const column of table.columns) {
      const reason = levels.changed.get(pathOf(table.target, column.target));
      if (reason !== undefined) why.set(`${qualified(table.source)}.${column.source}`, reason);
    }
  }
  return why;
}
