import type { Expression } from '../../../../language/expressions.js';
import type { Assignment, Delete, Update } from '../../../../language/expressions/queries/statements.js';
import type { Place } from '../expressions.js';
import { orderSuffix } from '../expressions.js';
import type { Named, Scope } from '../scope.js';
import { quote } from '../scope.js';
import type { QueryTranslation } from '../translate-query.js';
import { QueryTranslator } from '../translate-query.js';
import { fail } from '../typed.js';
import { assigned, columnNamed } from './assign.js';

interface Changing {
  readonly translator: QueryTranslator;
  readonly from: string;
  readonly scope: Scope;
  readonly place: Place;
  readonly where: string | undefined;
  /** ORDER BY and LIMIT, in the target's words. */
  readonly end: string;
}

function changing(change: Update | Delete, given: QueryTranslation): Changing {
  const translator = new QueryTranslator(given);
  const { sql, scope } = translator.relations(change.from);
  const place: Place = { scope };
  const where = change.where && translator.expressions.condition(change.where, place);
  const keys = change.orderBy.map(
    (item) => translator.expressions.value(item.expression, place).sql + orderSuffix(item),
  );
  const order = keys.length === 0 ? '' : ` ORDER BY ${keys.join(', ')}`;
  const limit = change.limit === undefined ? '' : ` LIMIT ${countOf(change.limit)}`;
  if (limit === '' || order !== '') return { translator, from: sql, scope, place, where, end: order + limit };
  return fail('a limit without an order: any rows may be meant');
}

function countOf(limit: Expression): string {
  return limit.node === 'number' && /^\d+$/u.test(limit.text) ? limit.text : fail('a limit that is no whole number');
}

/** DELETE of one table, by its own condition or by that of a join. */
export function translateDelete(statement: Delete, given: QueryTranslation): string {
  const made = changing(statement, given);
  const [only] = made.scope.relations;
  if (statement.targets !== undefined && statement.targets.length > 1)
    return fail('rows of several tables are deleted at once');
  const [wanted] = statement.targets ?? [];
  const target = wanted === undefined ? only : made.scope.relations.find(({ alias }) => same(alias, wanted));
  if (target === undefined) return fail('a table that it does not name');
  if (made.scope.relations.length === 1 && !made.end.includes('LIMIT')) {
    return `DELETE FROM ${called(target)}${made.where === undefined ? '' : ` WHERE ${made.where}`}`;
  }
  const { name, key } = keyed(target);
  const list = key.map((column) => quote(column)).join(', ');
  const chosen = key.map((column) => `${quote(target.alias)}.${quote(column)}`).join(', ');
  return `DELETE FROM ${quote(name)} WHERE (${list}) IN (${selected(chosen, made)})`;
}

/** UPDATE of one table, by its own condition or by that of a join. */
export function translateUpdate(statement: Update, given: QueryTranslation): string {
  if (statement.ignore) return fail('UPDATE IGNORE, which passes rows by that break a rule');
  const made = changing(statement, given);
  const target = targetOf(statement.assignments, made.scope);
  const { assignments } = statement;
  refuseOwnReads(assignments, made.scope);
  const values = assignments.map(({ path, value }) => {
    const column = columnNamed(target.relation, path.at(-1) ?? '');
    return {
      column: column.target,
      sql: assigned(value, column, { expressions: made.translator.expressions, place: made.place }),
    };
  });
  if (made.scope.relations.length === 1 && !made.end.includes('LIMIT')) {
    const sets = values.map(({ column, sql }) => `${quote(column)} = ${sql}`).join(', ');
    return `UPDATE ${called(target)} SET ${sets}${made.where === undefined ? '' : ` WHERE ${made.where}`}`;
  }
  if (values.some(({ sql }) => sql === 'DEFAULT')) return fail('DEFAULT in an UPDATE of a join');
  const { name, key } = keyed(target);
  const chosen = [
    ...key.map((column, at) => `${quote(target.alias)}.${quote(column)} AS "k${String(at)}"`),
    ...values.map(({ sql }, at) => `${sql} AS "v${String(at)}"`),
  ].join(', ');
  const sets = values.map(({ column }, at) => `${quote(column)} = "new"."v${String(at)}"`);
  const same = key.map((column, at) => `"old".${quote(column)} = "new"."k${String(at)}"`).join(' AND ');
  return `UPDATE ${quote(name)} AS "old" SET ${sets.join(', ')} FROM (${selected(chosen, made)}) AS "new" WHERE ${same}`;
}

function selected(chosen: string, { from, where, end }: Changing): string {
  return `SELECT ${chosen} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}${end}`;
}

function called({ alias, relation }: Named): string {
  const name = relation.name ?? fail('rows of a query are changed');
  return name === alias ? quote(name) : `${quote(name)} AS ${quote(alias)}`;
}

/** The primary key tells which rows are meant. */
function keyed({ relation }: Named): { readonly name: string; readonly key: string[] } {
  const { name, primaryKey = [], columns } = relation;
  if (name === undefined || primaryKey.length === 0)
    return fail('rows of a table without a primary key are changed by a join or a limit');
  const key = primaryKey.map((source) => columns.find((column) => column.source === source)?.target ?? source);
  return { name, key };
}

/** The only table whose columns are set. */
function targetOf(assignments: readonly Assignment[], scope: Scope): Named {
  const owners = new Set(assignments.map(({ path }) => scope.column(path).owner));
  const [owner] = owners;
  if (owner === undefined || owners.size > 1) return fail('rows of several tables are changed at once');
  return owner;
}

/** MySQL puts one value after the other, so that a later one sees the earlier ones; PostgreSQL sees the old row. */
function refuseOwnReads(assignments: readonly Assignment[], scope: Scope): void {
  const before = new Set<string>();
  for (const { path, value } of assignments) {
    for (const read of pathsOf(value)) {
      if (scope.has(read) && before.has(scope.column(read).sql))
        fail('a column is read that the same UPDATE has just set');
    }
    before.add(scope.column(path).sql);
  }
}

function pathsOf(value: unknown): (readonly string[])[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap(pathsOf);
  const entry = value as { kind?: unknown; path?: unknown };
  if (entry.kind === 'path' && Array.isArray(entry.path)) return [entry.path as string[]];
  return Object.values(value).flatMap(pathsOf);
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
