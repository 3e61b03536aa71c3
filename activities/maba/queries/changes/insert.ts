import type { Expression } from '../../../../language/expressions.js';
import type { Insert } from '../../../../language/expressions/queries/statements.js';
import type { Place } from '../expressions.js';
import type { Relation, ScopeColumn } from '../scope.js';
import { quote, Scope } from '../scope.js';
import type { QueryTranslation } from '../translate-query.js';
import { QueryTranslator } from '../translate-query.js';
import { fail } from '../typed.js';
import { assigned, columnNamed, fitted } from './assign.js';

interface Inserting {
  readonly insert: Insert;
  readonly relation: Relation;
  readonly columns: readonly ScopeColumn[];
  readonly translator: QueryTranslator;
}

/** INSERT and REPLACE. */
export function translateInsert(insert: Insert, given: QueryTranslation): string {
  const relation = given.relations.find(insert.schema, insert.table);
  if (relation?.name === undefined) return fail(`it refers to "${insert.table}", which is not in the target`);
  const named = insert.columns?.length === 0 ? undefined : insert.columns;
  const columns = named
    ? named.map((name) => columnNamed(relation, name))
    : relation.columns.filter(({ hidden }) => hidden !== true);
  const inserting = { insert, relation, columns, translator: new QueryTranslator(given) };
  const list = columns.map(({ target }) => quote(target)).join(', ');
  const { rows = [] } = insert;
  const isEmpty = rows.length > 0 && rows.every((row) => row.length === 0);
  const values = isEmpty ? 'DEFAULT VALUES' : `(${list})\n${source(inserting)}`;
  if (isEmpty && rows.length > 1) return fail('several rows of nothing but defaults');
  const conflict = conflictOf(inserting);
  return `INSERT INTO ${quote(relation.name)} ${values}${conflict === '' ? '' : `\n${conflict}`}`;
}

function source({ insert, columns, translator }: Inserting): string {
  if (insert.query) {
    const made = translator.top(insert.query, []);
    if (made.columns.length !== columns.length) return fail('another number of values than of columns');
    const fits = made.columns.map(({ type }, at) => {
      const column = columns[at] ?? fail('another number of values than of columns');
      return fitted({ ...type, sql: `"v"."c${String(at)}"` }, column);
    });
    const names = columns.map((_, at) => `"c${String(at)}"`).join(', ');
    return `SELECT ${fits.join(', ')} FROM (${made.sql}) AS "v" (${names})`;
  }
  const place: Place = { scope: new Scope() };
  const rows = (insert.rows ?? []).map((row) => {
    if (row.length !== columns.length) return fail('another number of values than of columns');
    const values = row.map((value, at) => {
      const column = columns[at] ?? fail('another number of values than of columns');
      return numbered(value, column) ?? assigned(value, column, { expressions: translator.expressions, place });
    });
    return `(${values.join(', ')})`;
  });
  return `VALUES ${rows.join(',\n')}`;
}

/** NULL and 0 make a column that counts by itself give the next number. */
function numbered(value: Expression, column: ScopeColumn): string | undefined {
  if (column.counts !== true) return undefined;
  return value.node === 'null' || (value.node === 'number' && Number(value.text) === 0) ? 'DEFAULT' : undefined;
}

function conflictOf(inserting: Inserting): string {
  const { insert, relation, columns } = inserting;
  if (insert.verb === 'replace') return replaced(inserting);
  if (insert.conflict === undefined) return insert.ignore ? 'ON CONFLICT DO NOTHING' : '';
  const { assignments, where } = insert.conflict;
  const key = insert.conflict.columns?.map((name) => columnNamed(relation, name));
  if (assignments.length === 0) return `ON CONFLICT${key ? ` (${targets(key)})` : ''} DO NOTHING`;
  const on = key ?? keyOf(relation, columns);
  const place: Place = { scope: conflictScope(inserting) };
  const given = { expressions: inserting.translator.expressions, place };
  const sets = assignments.map(({ path, value }) => {
    const column = columnNamed(relation, path.at(-1) ?? '');
    return `${quote(column.target)} = ${assigned(newValues(value), column, given)}`;
  });
  const only = where ? ` WHERE ${inserting.translator.expressions.condition(where, place)}` : '';
  return `ON CONFLICT (${targets(on)}) DO UPDATE SET ${sets.join(', ')}${only}`;
}

/** The row that stands, by its table's name, and the new one. */
function conflictScope({ insert, relation }: Inserting): Scope {
  const scope = new Scope();
  scope.add({ alias: relation.name ?? insert.table, relation });
  const excluded = new Scope(scope);
  excluded.nameOnly('excluded', relation);
  if (insert.alias !== undefined) excluded.nameOnly('excluded', relation, insert.alias);
  if (insert.table.toLowerCase() !== relation.name?.toLowerCase()) {
    excluded.nameOnly(relation.name ?? insert.table, relation, insert.table);
  }
  return excluded;
}

/** VALUES(a) is the new row's column a. */
function newValues(expression: Expression): Expression {
  if (expression.node === 'binary') {
    return { ...expression, left: newValues(expression.left), right: newValues(expression.right) };
  }
  if (expression.node === 'unary') return { ...expression, operand: newValues(expression.operand) };
  if (expression.node !== 'extended' || expression.extension.kind !== 'function') return expression;
  const call = expression.extension;
  if (call.name !== 'values') {
    return { ...expression, extension: { ...call, args: call.args.map(newValues) } };
  }
  const [column] = call.args;
  if (column?.node !== 'extended' || column.extension.kind !== 'path') return fail('VALUES of no column');
  const path = ['excluded', column.extension.path.at(-1) ?? ''];
  return { node: 'extended', extension: { kind: 'path', path, quoted: false } };
}

/** A row that breaks a key gives way whole: columns that are not named get their defaults. */
function replaced({ relation, columns }: Inserting): string {
  if ((relation.keys?.length ?? 0) > 1) return fail('REPLACE into a table with several unique keys');
  const key = keyOf(relation, columns);
  const sets = relation.columns
    .filter((column) => !key.includes(column) && column.computed !== true)
    .map(
      (column) =>
        `${quote(column.target)} = ${columns.includes(column) ? `excluded.${quote(column.target)}` : 'DEFAULT'}`,
    );
  return `ON CONFLICT (${targets(key)}) DO ${sets.length === 0 ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`}`;
}

/** The only unique key whose columns are all given: another one cannot be broken, or it is not known which is. */
function keyOf(relation: Relation, columns: readonly ScopeColumn[]): ScopeColumn[] {
  const keys = (relation.keys ?? []).map((key) => key.map((name) => columnNamed(relation, name)));
  const given = keys.filter((key) => key.every((column) => columns.includes(column)));
  const [key] = given;
  if (key === undefined || given.length > 1) return fail('ON DUPLICATE KEY, where it is not known which key is meant');
  return key;
}

function targets(columns: readonly ScopeColumn[]): string {
  return columns.map(({ target }) => quote(target)).join(', ');
}
