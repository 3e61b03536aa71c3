import { canonicalJson } from '../../contracts/canonical-json.js';
import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import { passesAsBytes } from '../maba/mapping/postgres/copy-form.js';
import { nativeRowKey } from '../maba/mapping/postgres/keys.js';
import { passedInto } from '../maba/mapping/standing/passed.js';
import { without } from '../maba/mapping/standing/without.js';
import { nativeType } from '../maba/mapping/types-postgres.js';
import type { AdoptProblems } from './adopt-table.js';

/**
 * A given-back plan that passes rows from PostgreSQL into tables that stand: a person may leave columns and tables out,
 * and send them elsewhere, by ways that are known. What stands in the target is held against it later.
 */
export function checkPassed(given: MigrationMapping, catalogue: Catalogue, problems: AdoptProblems): void {
  const made = [given.sequences, given.objects, given.extensions, given.collations];
  if (made.some((list) => list !== undefined && list.length > 0))
    problems.invalid.push('a plan with "mode: data-only" makes no objects, and needs none');
  for (const table of given.tables) {
    const source = catalogue.tables.find((candidate) => qualified(candidate) === qualified(table.source));
    // A table that the source does not have is told elsewhere.
    if (source === undefined) continue;
    const place = qualified(source);
    const say = (problem: string): void => {
      problems.invalid.push(`${place}: ${problem}`);
    };
    if (source.standing?.inherits === true) say('it inherits from other tables, or they from it');
    if (table.filter) say('rows from PostgreSQL are not filtered');
    if (table.partitions || table.exclusions) say('a plan with "mode: data-only" makes no partitions and constraints');
    for (const column of table.columns) checkColumn({ given, catalogue, source, problems }, column);
    checkTargets(table, say);
    checkReading(table, source, say);
  }
}

interface Checking {
  readonly given: MigrationMapping;
  readonly catalogue: Catalogue;
  readonly source: CatalogueTable;
  readonly problems: AdoptProblems;
}

function checkColumn({ given, catalogue, source, problems }: Checking, column: ColumnMapping): void {
  const path = `${qualified(source)}.${column.source}`;
  const known = source.columns.find(({ name }) => name === column.source);
  if (known === undefined) {
    problems.stale.push(`the source has no column ${path}`);
    return;
  }
  const asIs = column.kind === 'native' && canonicalJson(column.transform) === canonicalJson([{ op: 'as_is' }]);
  if (!asIs || column.values || column.nullWords || column.onInvalid !== 'quarantine')
    problems.invalid.push(
      `${path}: values from PostgreSQL are passed as they are, and a row that does not fit is quarantined`,
    );
  // A type that somebody made is known by its name, and both sides are compared by what they print.
  const named = /^"((?:[^"]|"")+)"$/.exec(column.type)?.[1]?.replaceAll('""', '"');
  const labels = given.types.find(({ name }) => name === named)?.labels;
  if (named !== undefined && labels === undefined) return;
  const own = { name: column.target, type: column.type, nullable: column.nullable, ...(labels && { labels }) };
  const way = passedInto(known, own, { types: catalogue.types ?? [] });
  if ('problem' in way) problems.invalid.push(`${path}: ${way.problem}`);
}

function checkTargets(table: TableMapping, say: (problem: string) => void): void {
  const { columns } = table;
  if (new Set(columns.map(({ target }) => target)).size !== columns.length)
    say('two columns have one name in the target');
  if (new Set(columns.map((column) => column.source)).size !== columns.length) say('a column is mapped twice');
}

/** How rows are told apart and passed is no matter of taste. */
function checkReading(table: TableMapping, source: CatalogueTable, say: (problem: string) => void): void {
  const mapped = source.columns.filter(({ name }) => table.columns.some((column) => column.source === name));
  const known = nativeRowKey({ ...source, columns: mapped.map((column) => without(column, 'generated')) });
  const key = table.columns.find((column) => column.source === known.chunkKey?.source);
  const chunkKey = known.chunkKey && key && { ...known.chunkKey, target: key.target };
  if (table.rowKey && canonicalJson(table.rowKey) !== canonicalJson(known.rowKey ?? []))
    say('its row key is not that of the source');
  if (table.chunkKey && canonicalJson(table.chunkKey) !== canonicalJson(chunkKey ?? {}))
    say('its chunk key is not that of the source');
  if (table.chunkKey && !table.rowKey) say('its chunk key is no part of its row key');
  const alike = table.columns.every((column) => {
    const own = source.columns.find(({ name }) => name === column.source);
    return own !== undefined && nativeType(own.type) === column.type;
  });
  if (table.copyForm === 'binary' && !(alike && passesAsBytes(table.columns, [])))
    say('its rows are passed as text; the bytes of a value may mean something else there');
}
