import { canonicalJson } from '../../contracts/canonical-json.js';
import type { CatalogueTable } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import { withoutReasons } from '../../contracts/reasons.js';
import { isTextStep, MADE_COLLATIONS, madeCollation } from '../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import { guardExpression } from '../../language/expressions.js';
import { givenProblem } from '../maba/mapping/given/column.js';
import { comparisonOf } from '../maba/mapping/collations/list.js';
import { adoptFilter } from '../maba/mapping/given/row-filter.js';
import { NAME_BYTES, SYSTEM_COLUMNS } from '../maba/mapping/names.js';
import { transformProblem, typeProblem } from './target-types.js';

/** Problems are gathered and told at once. */
export interface AdoptProblems {
  /** The plan does not fit the source. */
  readonly stale: string[];
  /** The plan itself is wrong. */
  readonly invalid: string[];
}

export interface TableAdoption {
  readonly table: TableMapping;
  readonly source: CatalogueTable;
  readonly mapping: MigrationMapping;
  readonly problems: AdoptProblems;
}

/** Why a name cannot be one in PostgreSQL. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'its name is empty';
  if (name.includes('\0')) return 'its name holds the character NUL';
  return Buffer.byteLength(name) > NAME_BYTES ? `its name is longer than ${String(NAME_BYTES)} bytes` : undefined;
}

function adoptColumn(adoption: TableAdoption, column: ColumnMapping): ColumnMapping {
  const { source, mapping, problems } = adoption;
  const path = `${qualified(source)}.${column.source}`;
  const say = (problem: string | undefined): void => {
    if (problem !== undefined) problems.invalid.push(`${path}: ${problem}`);
  };
  const known = source.columns.find((candidate) => candidate.name === column.source);
  if (!known) problems.stale.push(`the source has no column ${path}`);
  say(nameProblem(column.target));
  if (SYSTEM_COLUMNS.has(column.target)) say(`"${column.target}" is a system column of PostgreSQL`);
  say(typeProblem(column, new Set(mapping.types.map((type) => type.name))));
  say(transformProblem(column));
  if (column.collation !== undefined && (column.kind !== 'text' || madeCollation(column) === undefined))
    say(`its collation is one of ${Object.keys(MADE_COLLATIONS).join(', ')}, and of a text`);
  if (column.generated !== undefined && (column.values !== undefined || column.transform.some(isTextStep)))
    say('the server reckons its values, so that nothing can be put in place of them');
  say(givenProblem(column.kind, { policies: column.values, steps: column.transform }));
  for (const bound of [column.limits.min, column.limits.max]) {
    if (bound !== undefined && !/^-?\d+(?:\.\d+)?$/.test(bound)) say('a limit is no decimal number');
  }
  if (column.comment?.includes('\0') === true) say('its comment holds the character NUL');
  const made = mapping.types.find((type) => type.name === column.type);
  if (made && column.limits.labels?.some((label) => !made.labels.includes(label)) !== false) {
    say(`its limits must list labels, all of them of the type ${made.name}`);
  }
  if (column.generated !== undefined) return { ...column, generated: guardedGenerated(adoption, column, say) };
  if (!column.identity) return { ...column, ...guardedDefault(column, say) };
  if (!/^(?:smallint|integer|bigint)$/.test(column.type)) say('an identity column is smallint, integer or bigint');
  if (!/^-?\d{1,19}$/.test(column.identity.next)) say('the next value of its identity is no integer');
  if (column.nullable) say('an identity column is never NULL');
  if (column.default !== undefined) say('an identity column has no default');
  return column;
}

function guardedDefault(column: ColumnMapping, say: (problem: string) => void): { default?: string } {
  if (column.default === undefined) return {};
  const guarded = guardExpression(column.default, []);
  if (guarded.ok) return { default: guarded.text };
  say(`its default: ${guarded.problem}`);
  return {};
}

function guardedGenerated(
  { table, source }: TableAdoption,
  column: ColumnMapping,
  say: (problem: string) => void,
): string {
  const known = source.columns.find((candidate) => candidate.name === column.source);
  if (known?.generated === undefined) say('only what the source generates is generated here');
  if (column.default !== undefined || column.identity) say('a generated column has no default and no identity');
  const plain = table.columns.filter(({ generated }) => generated === undefined).map(({ target }) => target);
  const guarded = guardExpression(column.generated ?? '', plain);
  if (guarded.ok) return guarded.text;
  say(`what generates it: ${guarded.problem}`);
  return '';
}

/** Columns that keys name must be there, once each. */
function checkKeys({ table, source, problems }: TableAdoption): void {
  const targets = new Map(table.columns.map((column) => [column.target, column]));
  const place = qualified(source);
  if (targets.size !== table.columns.length) problems.invalid.push(`${place}: two columns have one name in the target`);
  const sources = new Set(table.columns.map((column) => column.source));
  if (sources.size !== table.columns.length) problems.invalid.push(`${place}: a column is mapped twice`);
  const keys = [
    ...[table.primaryKey, ...table.uniqueKeys].filter((key) => key !== undefined),
    ...table.indexes.map(({ name, columns }) => ({
      name,
      columns: columns.flatMap((part) => ('column' in part ? [part.column] : [])),
    })),
    ...table.foreignKeys,
  ];
  for (const { name, columns } of keys) {
    const missing = columns.filter((column) => !targets.has(column));
    if (missing.length > 0)
      problems.invalid.push(`${place}: ${name} names columns that are not there: ${missing.join(', ')}`);
    if (new Set(columns).size !== columns.length) problems.invalid.push(`${place}: ${name} names a column twice`);
  }
  const nullable = table.primaryKey?.columns.filter((column) => targets.get(column)?.nullable === true) ?? [];
  if (nullable.length > 0)
    problems.invalid.push(`${place}: its primary key has columns that may be NULL: ${nullable.join(', ')}`);
}

function checkForeignKeys({ table, source, mapping, problems }: TableAdoption): void {
  const place = qualified(source);
  for (const key of table.foreignKeys) {
    const wrong = nameProblem(key.name);
    if (wrong !== undefined) problems.invalid.push(`${place}: ${key.name}: ${wrong}`);
    const other = mapping.tables.find((candidate) => qualified(candidate.target) === qualified(key.targetTable));
    const columns = new Set(other?.columns.map((column) => column.target));
    const missing = key.targetColumns.filter((column) => !columns.has(column));
    if (missing.length > 0)
      problems.invalid.push(`${place}: ${key.name} references columns that are not there: ${missing.join(', ')}`);
    const [own, others] = [table, other].map((side, at) => {
      const names = at === 0 ? key.columns : key.targetColumns;
      return names.map((name) => side?.columns.find((column) => column.target === name));
    });
    const unlike = own?.some(
      (column, at) => column && others?.[at] && comparisonOf(column) !== comparisonOf(others[at]),
    );
    if (unlike === true)
      problems.invalid.push(`${place}: ${key.name} joins columns that are compared in different ways`);
    if (key.columns.length !== key.targetColumns.length)
      problems.invalid.push(`${place}: ${key.name} joins unequal numbers of columns`);
    const wanted = [...key.targetColumns].sort().join('\0');
    const keys = [other?.primaryKey, ...(other?.uniqueKeys ?? [])].filter((candidate) => candidate !== undefined);
    if (other && !keys.some((candidate) => [...candidate.columns].sort().join('\0') === wanted)) {
      problems.invalid.push(`${place}: ${key.name} references columns that are no key`);
    }
  }
}

/** How rows are told apart is no matter of taste: a wrong key would lose rows, so it is checked against the source. */
function checkRowKey({ table, source, problems }: TableAdoption): void {
  const place = qualified(source);
  const plain = (column: string): boolean => column === 'rowid' && source.rowid === true;
  const known = new Set(source.columns.map((column) => column.name));
  const { rowKey, chunkKey } = table;
  const missing = [...(rowKey ?? []), ...(chunkKey ? [chunkKey.source] : [])].filter(
    (column) => !known.has(column) && !plain(column),
  );
  if (missing.length > 0)
    problems.stale.push(`${place}: its row key or chunk key names columns that are not there: ${missing.join(', ')}`);
  const candidates = [
    source.primaryKey ?? [],
    ...source.indexes.filter((index) => index.unique).map((index) => index.parts),
  ];
  const isKey = candidates.some((parts) => {
    const columns = parts.map((part) =>
      part.prefix === undefined && part.expression === undefined ? part.column : '',
    );
    return columns.length > 0 && columns.every((column) => rowKey?.includes(column));
  });
  if (rowKey && missing.length === 0 && !isKey && !rowKey.every(plain)) {
    problems.invalid.push(`${place}: its row key is no key of the source`);
  }
  if (!chunkKey) return;
  if (!rowKey?.includes(chunkKey.source)) problems.invalid.push(`${place}: its chunk key is no part of its row key`);
  const column = table.columns.find((candidate) => candidate.source === chunkKey.source);
  if (column && (column.kind !== chunkKey.kind || column.target !== chunkKey.target)) {
    problems.invalid.push(`${place}: its chunk key has another kind or target than its column`);
  }
  const replaced = Object.values(column?.values ?? {}).some((policy) => policy.do === 'use');
  if (replaced) problems.invalid.push(`${place}: values of its chunk key cannot be replaced by others`);
  if (!column && chunkKey.source !== 'rowid') problems.invalid.push(`${place}: its chunk key is not mapped`);
}

function adoptChecks({ table, source, problems }: TableAdoption): TableMapping['checks'] {
  const columns = table.columns.map((column) => column.target);
  const taken = new Set<string>();
  return table.checks.map((check) => {
    const path = `${qualified(source)}: the check ${check.name}`;
    const wrong = nameProblem(check.name) ?? (taken.has(check.name) ? 'its name is taken' : undefined);
    if (wrong !== undefined) problems.invalid.push(`${path}: ${wrong}`);
    taken.add(check.name);
    const guarded = guardExpression(check.expression, columns);
    if (guarded.ok) return { name: check.name, expression: guarded.text };
    problems.invalid.push(`${path}: ${guarded.problem}`);
    return check;
  });
}

function adoptIndexes({ table, source, problems }: TableAdoption): TableMapping['indexes'] {
  const columns = table.columns.map((column) => column.target);
  return table.indexes.map((index) => {
    const guarded = (text: string): string => {
      const found = guardExpression(text, columns);
      if (found.ok) return found.text;
      problems.invalid.push(`${qualified(source)}: the index ${index.name}: ${found.problem}`);
      return text;
    };
    return {
      ...index,
      columns: index.columns.map((part) =>
        'column' in part ? part : { ...part, expression: guarded(part.expression) },
      ),
      ...(index.where !== undefined && { where: guarded(index.where) }),
    };
  });
}

/** Columns that an update gives the clock: the trigger is made by Caravan, so only names are said here. */
function checkOnUpdate({ table, source, problems }: TableAdoption): void {
  if (!table.onUpdate) return;
  const { name, columns } = table.onUpdate;
  const say = (problem: string): void => {
    problems.invalid.push(`${qualified(source)}: the trigger ${name}: ${problem}`);
  };
  const wrong = nameProblem(name);
  if (wrong !== undefined) say(wrong);
  const moments = table.columns.filter(({ kind }) => kind === 'timestamp' || kind === 'timestamptz');
  const missing = columns.filter((column) => !moments.some(({ target }) => target === column));
  if (missing.length > 0) say(`no column of timestamps: ${missing.join(', ')}`);
  if (new Set(columns).size !== columns.length) say('it names a column twice');
}

/** How files are read is said beside them, and by them: a plan for other files is not for these. */
function checkFormat({ table, source, problems }: TableAdoption): void {
  const said = (format: TableMapping['format']): string => canonicalJson(withoutReasons(format ?? null));
  if (said(table.format) === said(source.format)) return;
  problems.stale.push(`${qualified(source)}: its files are read in another way than the plan says`);
}

/** Checks one table of a given-back plan; its expressions come back as the guard prints them. */
export function adoptTable(adoption: TableAdoption): TableMapping {
  const { table } = adoption;
  const columns = table.columns.map((column) => adoptColumn(adoption, column));
  checkKeys(adoption);
  checkForeignKeys(adoption);
  checkRowKey(adoption);
  checkOnUpdate(adoption);
  checkFormat(adoption);
  return {
    ...table,
    columns,
    indexes: adoptIndexes(adoption),
    checks: adoptChecks(adoption),
    ...adoptedFilter(adoption),
  };
}

/** The SQL that a given plan shows is never used: it is printed anew from what `where` says. */
function adoptedFilter({ table, source, mapping, problems }: TableAdoption): Pick<TableMapping, 'filter'> {
  if (table.filter === undefined) return {};
  const adopted = adoptFilter(mapping.sourceEngine, source, table.filter);
  if ('filter' in adopted) return adopted;
  problems.invalid.push(`${qualified(source)}: ${adopted.problem}`);
  return {};
}
