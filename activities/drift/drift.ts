import { canonicalJson } from '../../contracts/canonical-json.js';
import { qualified } from '../../contracts/catalogue.js';
import type { Catalogue, CatalogueColumn, CatalogueTable } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';

/** What changed, by "schema.table". */
export type Drift = ReadonlyMap<string, readonly string[]>;

/** Changes of one table that are told. */
const TOLD = 10;

/**
 * What the source's tables have become since they were discovered: columns, keys, foreign keys and checks. Other
 * indexes, comments and where a sequence stands change nothing of what is moved.
 */
export function driftOf(before: Catalogue, now: Catalogue, tables: readonly string[]): Drift {
  const [old, present] = [before, now].map((each) => new Map(each.tables.map((table) => [qualified(table), table])));
  const drift = new Map<string, string[]>();
  for (const name of tables) {
    const was = old?.get(name);
    if (was === undefined) continue;
    const is = present?.get(name);
    const changes = is === undefined ? ['the table is not there any more'] : changesOf(was, is);
    if (changes.length > 0) drift.set(name, changes);
  }
  return drift;
}

function changesOf(was: CatalogueTable, is: CatalogueTable): string[] {
  return [
    ...differences('column', was.columns.map(columnPart), is.columns.map(columnPart)),
    ...differences('primary key', keyPart(was), keyPart(is)),
    ...differences('unique key', uniqueParts(was), uniqueParts(is)),
    ...differences('foreign key', was.foreignKeys.map(named), is.foreignKeys.map(named)),
    ...differences('check', was.checks.map(named), is.checks.map(named)),
  ];
}

interface Part {
  readonly name: string;
  readonly says: string;
  /** What is told of it beside its name. */
  readonly type?: string;
}

function columnPart(column: CatalogueColumn): Part {
  const { name, type, nullable, generated, collation, onUpdate, autoIncrement } = column;
  const fallback = column.default;
  const says = { type, nullable, generated, collation, onUpdate, autoIncrement, fallback };
  return { name, says: canonicalJson(says), type: type.declared + (nullable ? '' : ' NOT NULL') };
}

function keyPart({ primaryKey }: CatalogueTable): Part[] {
  if (primaryKey === undefined) return [];
  const columns = primaryKey.map(({ column }) => column).join(', ');
  return [{ name: columns, says: canonicalJson(primaryKey) }];
}

function uniqueParts({ indexes }: CatalogueTable): Part[] {
  return indexes
    .filter(({ unique }) => unique)
    .map(({ name, parts, where }) => ({ name, says: canonicalJson({ parts, where }) }));
}

function named(part: CatalogueTable['foreignKeys'][number] | CatalogueTable['checks'][number]): Part {
  const says = canonicalJson(part);
  return { name: part.name === '' ? says.slice(0, 60) : part.name, says };
}

function differences(what: string, was: readonly Part[], is: readonly Part[]): string[] {
  const [old, present] = [was, is].map((parts) => new Map(parts.map((part) => [part.name, part])));
  const typed = ({ name, type }: Part): string => `${what} ${name}${type === undefined ? '' : ` (${type})`}`;
  return [
    ...was.filter(({ name }) => present?.has(name) !== true).map((part) => `${typed(part)} was dropped`),
    ...is.flatMap((part) => {
      const before = old?.get(part.name);
      if (before === undefined) return [`${typed(part)} was added`];
      if (before.says === part.says) return [];
      return [
        `${what} ${part.name} was changed${before.type === part.type ? '' : ` from ${before.type ?? ''} to ${part.type ?? ''}`}`,
      ];
    }),
  ];
}

/** The drift of one table as a failure; nothing where it has none. */
export function refuseDrift(drift: Drift, table: string): void {
  const changes = drift.get(table);
  if (changes === undefined) return;
  const more = changes.length > TOLD ? `, and ${String(changes.length - TOLD)} more` : '';
  throw new CaravanFailure('SCHEMA_DRIFT', {
    attempted: 'move the table',
    on: table,
    seen: `since it was looked at first: ${changes.slice(0, TOLD).join(', ')}${more}`,
    facts: { names: changes.slice(0, TOLD) },
  });
}

/** Of several tables the first that drifted, with the names of all. */
export function refuseAnyDrift(drift: Drift): void {
  const [first, ...others] = drift.keys();
  if (first === undefined) return;
  if (others.length === 0) refuseDrift(drift, first);
  const all = [...drift].map(([table, changes]) => `${table}: ${changes.slice(0, TOLD).join(', ')}`);
  throw new CaravanFailure('SCHEMA_DRIFT', {
    attempted: 'move the tables',
    on: [first, ...others].slice(0, TOLD).join(', '),
    seen: `since they were looked at first: ${all.slice(0, TOLD).join('; ')}`,
    facts: { names: [first, ...others].slice(0, TOLD) },
  });
}
