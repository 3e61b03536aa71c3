import { canonicalJson } from '../../contracts/canonical-json.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import type {
  ColumnMapping,
  MigrationMapping,
  NativeObject,
  NotMigrated,
  TableMapping,
  ViewMapping,
} from '../../contracts/mapping.js';
import { draftMapping } from '../maba/mapping/draft-mapping.js';
import type { AdoptProblems } from './adopt-table.js';

/**
 * Holds a given-back plan from PostgreSQL against the one that would be drafted now: types, expressions and definitions
 * are the server's own words and name each other, so that a person may leave things out, and change sizes of chunks,
 * comments and where a sequence goes on, but no words. Tells which views and objects are left out.
 */
export function checkNative(given: MigrationMapping, catalogue: Catalogue, problems: AdoptProblems): NotMigrated[] {
  const { targetSchema } = given;
  const { mapping } = draftMapping({
    catalogue,
    profiles: [],
    answers: {},
    targetSchema,
    identifiers: 'preserve',
    learned: [],
  });
  const check = (
    what: string,
    parts: { readonly given: readonly unknown[]; readonly known: readonly unknown[] },
  ): void => {
    const words = new Set(parts.known.map((part) => canonicalJson(comparable(part))));
    for (const part of parts.given) {
      if (words.has(canonicalJson(comparable(part)))) continue;
      problems.invalid.push(`${what}: a plan from PostgreSQL keeps the source's own words; they differ here`);
    }
  };
  const { types, sequences = [], extensions = [], collations = [] } = given;
  for (const type of types) check(`type ${type.name}`, { given: [type], known: mapping.types });
  for (const sequence of sequences)
    check(`sequence ${sequence.name}`, { given: [sequence], known: mapping.sequences ?? [] });
  check('extensions', { given: extensions, known: mapping.extensions ?? [] });
  check('collations', { given: collations, known: mapping.collations ?? [] });
  for (const view of given.views) check(`view ${qualified(view.source)}`, { given: [view], known: mapping.views });
  for (const object of given.objects ?? [])
    check(`${object.kind} ${object.name}`, { given: [object], known: mapping.objects ?? [] });
  for (const table of given.tables) {
    const known = mapping.tables.find((candidate) => qualified(candidate.source) === qualified(table.source));
    // A table that the source does not have is told elsewhere.
    if (known === undefined) continue;
    const place = qualified(table.source);
    if (table.target.name !== known.target.name) problems.invalid.push(`${place}: its name stays as it is`);
    if (table.filter) problems.invalid.push(`${place}: rows from PostgreSQL are not filtered`);
    if (table.copyForm === 'binary' && known.copyForm !== 'binary')
      problems.invalid.push(
        `${place}: its rows are passed as text; the bytes of a value may mean something else there`,
      );
    check(place, { given: [rowKeys(table)], known: [rowKeys(known)] });
    check(place, { given: [table.partitions ?? {}], known: [known.partitions ?? {}] });
    for (const part of partsOf(table)) check(`${place}.${part.name}`, { given: [part], known: partsOf(known) });
  }
  return leftOut(given, mapping);
}

/** Views and objects that a person took out of the plan. */
function leftOut(given: MigrationMapping, drafted: MigrationMapping): NotMigrated[] {
  const there = new Set([...given.views.map(viewName), ...(given.objects ?? []).map(nameOf)]);
  const reason = 'left out of the plan';
  return [
    ...drafted.views
      .filter((view) => !there.has(viewName(view)))
      .map((view) => ({ kind: kindOf(view), name: qualified(view.source), reason })),
    ...(drafted.objects ?? [])
      .filter((object) => !there.has(nameOf(object)))
      .map(({ kind, name }) => ({ kind, name, reason })),
  ];
}

function kindOf({ materialized }: ViewMapping): string {
  return materialized === undefined ? 'view' : 'materialized view';
}

function viewName(view: ViewMapping): string {
  return `${kindOf(view)} ${qualified(view.source)}`;
}

function nameOf({ kind, name }: NativeObject): string {
  return `${kind} ${name}`;
}

function rowKeys({ rowKey, chunkKey }: TableMapping): unknown {
  return { rowKey: rowKey ?? [], chunkKey: chunkKey ?? {} };
}

function partsOf(table: TableMapping): { readonly name: string; readonly part: unknown }[] {
  const { columns, primaryKey, uniqueKeys, indexes, exclusions = [], foreignKeys, checks } = table;
  const keys = [
    ...(primaryKey ? [primaryKey] : []),
    ...uniqueKeys,
    ...indexes,
    ...exclusions,
    ...foreignKeys,
    ...checks,
  ];
  return [
    ...columns.map((column) => ({ name: column.source, part: wordsOf(column) })),
    ...keys.map((key) => ({ name: key.name, part: key })),
  ];
}

/** What says nothing of the column's words may be another. */
function wordsOf(column: ColumnMapping): unknown {
  const free = { comment: '', confidence: 1, reasons: [] };
  return { ...column, ...free, ...(column.identity && { identity: comparable(column.identity) }) };
}

/** Without where a sequence stands: that goes on while a plan lies on somebody's desk. */
function comparable(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || !('next' in part)) return part;
  return { ...part, next: '' };
}
