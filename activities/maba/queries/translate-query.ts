import type { Expression } from '../../../language/expressions.js';
import type {
  CommonTable,
  Query,
  QueryBody,
  Relation as QueryRelation,
  Select,
  SelectItem,
} from '../../../language/expressions/queries/tree.js';
import type { Place } from './expressions.js';
import { containsAggregate } from './contains-aggregate.js';
import { determinedColumns } from './determined.js';
import { ExpressionTranslator } from './expressions.js';
import type { QueryEngine } from './function-rules.js';
import type { KnownRelations, Relation, ScopeColumn } from './scope.js';
import { quote, Scope } from './scope.js';
import type { Surroundings } from './surroundings.js';
import type { SqlType, Typed } from './typed.js';
import { fail, unified } from './typed.js';

export interface TranslatedQuery {
  readonly sql: string;
  /** In order; `source` as the source names the column, `target` as the query does. */
  readonly columns: readonly ScopeColumn[];
  /** Source names of columns that tell its rows apart; empty: it has one row. */
  readonly key?: readonly string[];
}

export interface QueryTranslation {
  readonly engine: QueryEngine;
  readonly relations: KnownRelations;
  /** Target name of an output column. */
  readonly columnName: (source: string) => string;
  /**
   * It is what an application sends, and no view: its columns may have one name, whole numbers are counted with in 64
   * bits, and a column that GROUP BY does not fix has no translation, because the source may give any value of it.
   */
  readonly isSent?: boolean;
  /** The routine that it stands in. */
  readonly around?: Surroundings;
}

interface Output {
  readonly source: string;
  readonly target: string;
  readonly value: Typed;
  readonly expression?: Expression;
}

/** A query of the source in PostgreSQL's SQL. Throws `Untranslatable` with the reason. */
export function translateQuery(query: Query, translation: QueryTranslation, names: readonly string[]): TranslatedQuery {
  return new QueryTranslator(translation).top(query, names);
}

export class QueryTranslator {
  readonly #given: QueryTranslation;
  readonly #expressions: ExpressionTranslator;
  /** Common tables in reach, innermost last. */
  readonly #common: { readonly name: string; readonly relation: Relation }[] = [];
  /** Queries around the one that is translated. */
  #depth = 0;

  constructor(given: QueryTranslation) {
    this.#given = given;
    this.#expressions = new ExpressionTranslator(
      given.engine,
      (query, scope) => {
        const { sql, columns } = this.#query(query, scope, []);
        return { sql, columns: columns.map(({ type }) => ({ ...type, sql: '' })) };
      },
      { isWide: given.isSent, around: given.around },
    );
  }

  top(query: Query, names: readonly string[]): TranslatedQuery {
    return this.#query(query, undefined, names);
  }

  /** The tables of an UPDATE or a DELETE, with the names that they give. */
  relations(from: readonly QueryRelation[]): { readonly sql: string; readonly scope: Scope } {
    const scope = new Scope();
    return { sql: from.map((relation) => this.#relation(relation, scope)).join(', '), scope };
  }

  get expressions(): ExpressionTranslator {
    return this.#expressions;
  }

  #query(query: Query, outer: Scope | undefined, names: readonly string[]): TranslatedQuery {
    this.#depth += 1;
    const before = this.#common.length;
    const heads = query.with.map((common) => this.#commonTable(common, outer));
    const { sql, columns, key } = this.#body(query.body, outer, { names, query });
    this.#depth -= 1;
    const limit = query.limit && ` LIMIT ${this.#count(query.limit)}`;
    const offset = query.offset && ` OFFSET ${this.#count(query.offset)}`;
    this.#common.length = before;
    const recursive = query.with.some((common) => common.recursive) ? 'RECURSIVE ' : '';
    const head = heads.length > 0 ? `WITH ${recursive}${heads.join(', ')} ` : '';
    return { sql: `${head}${sql}${limit ?? ''}${offset ?? ''}`, columns, ...(key && { key }) };
  }

  #commonTable(common: CommonTable, outer: Scope | undefined): string {
    const { name, columns, query } = common;
    const { body } = query;
    if (common.recursive !== true || body.node !== 'set') {
      const made = this.#query(query, outer, columns);
      this.#common.push({ name, relation: relationOf(made, name) });
      return `${quote(name)} AS (${made.sql})`;
    }
    if (query.with.length > 0 || query.orderBy.length > 0) return fail('a common table that names itself in this form');
    const bare: Query = { with: [], body, orderBy: [] };
    const first = this.#body(body.left, outer, { names: columns, query: bare });
    const settled = first.columns.map((column) => ({ ...column, type: settledType(column.type) }));
    this.#common.push({ name, relation: { name, columns: settled } });
    const next = this.#body(body.right, outer, { names: [], query: bare });
    // Both parts must give one type, and the second part often counts on from the first.
    const parts = [first, next].map((part) => settledQuery(part, settled));
    const heads = settled.map(({ target }) => quote(target)).join(', ');
    return `${quote(name)} (${heads}) AS (${parts.join(` ${body.op} `)})`;
  }

  #count(expression: Expression): string {
    if (expression.node !== 'number' || !/^\d+$/.test(expression.text)) return fail('a limit that is no whole number');
    return expression.text;
  }

  #body(
    body: QueryBody,
    outer: Scope | undefined,
    around: { names: readonly string[]; query: Query },
  ): TranslatedQuery {
    if (body.node === 'select') return this.#select(body, outer, around);
    if (body.node === 'query') {
      const inner = this.#query(body.query, outer, around.names);
      const order = this.#orderOfSet(around.query, inner.columns);
      return { ...inner, sql: `(${inner.sql})${order}` };
    }
    const bare: Query = { with: [], body, orderBy: [] };
    const left = this.#body(body.left, outer, { names: around.names, query: bare });
    const right = this.#body(body.right, outer, { names: [], query: bare });
    if (left.columns.length !== right.columns.length) fail('a union of queries with different numbers of columns');
    const columns = left.columns.map((column, at) => ({
      ...column,
      type: together(column.type, right.columns[at]?.type),
    }));
    return { sql: `${left.sql} ${body.op} ${right.sql}${this.#orderOfSet(around.query, columns)}`, columns };
  }

  /** Behind a union, an order names output columns or their places. */
  #orderOfSet({ orderBy }: Query, columns: readonly ScopeColumn[]): string {
    if (orderBy.length === 0) return '';
    const keys = orderBy.map((item) => {
      const { expression } = item;
      const suffix = `${item.descending ? ' DESC' : ''} NULLS ${item.nulls ?? (item.descending ? 'LAST' : 'FIRST')}`;
      if (expression.node === 'number') return expression.text + suffix;
      const path = pathOf(expression);
      const column = columns.find(({ source }) => source.toLowerCase() === path?.toLowerCase());
      return column ? quote(column.target) + suffix : fail('the order of a union by something that is no column of it');
    });
    return ` ORDER BY ${keys.join(', ')}`;
  }

  #select(
    select: Select,
    outer: Scope | undefined,
    { names, query }: { names: readonly string[]; query: Query },
  ): TranslatedQuery {
    const scope = new Scope(outer);
    const from = select.from.map((relation) => this.#relation(relation, scope)).join(', ');
    const aliases = aliasesOf(select.items);
    const where = select.where && this.#expressions.condition(select.where, { scope });
    const grouping = this.#grouping(select, scope, aliases);
    const place: Place = { scope, ...grouping };
    const outputs = this.#outputs(select, place, names);
    const having = select.having && this.#expressions.condition(select.having, { ...place, aliases });
    const order = this.#order(query, outputs, { ...place, aliases });
    const items = outputs.map(({ value, target }) => `${value.sql} AS ${quote(target)}`).join(', ');
    const groupKeys = grouping.grouped ? [...grouping.grouped] : [];
    const groups = select.rollup ? `ROLLUP (${groupKeys.join(', ')})` : groupKeys.join(', ');
    const sql = [
      `SELECT ${select.distinct ? 'DISTINCT ' : ''}${items}`,
      ...(from === '' ? [] : [`FROM ${from}`]),
      ...(where === undefined ? [] : [`WHERE ${where}`]),
      ...(groupKeys.length === 0 ? [] : [`GROUP BY ${groups}`]),
      ...(having === undefined ? [] : [`HAVING ${having}`]),
      ...(order === '' ? [] : [order]),
    ].join('\n');
    const key = select.rollup ? undefined : keyOf(outputs, grouping.grouped);
    const columns = outputs.map(({ source, target, value }) => ({ source, target, type: typeOnly(value) }));
    return { sql, columns, ...(key && { key }) };
  }

  /** What GROUP BY names; a table whose whole primary key is named may be used freely, as in PostgreSQL. */
  #grouping(
    select: Select,
    scope: Scope,
    aliases: ReadonlyMap<string, Expression>,
  ): Pick<Place, 'grouped' | 'groupedTables' | 'determined'> {
    const implicit =
      select.groupBy.length === 0 &&
      (select.having !== undefined || select.items.some((item) => !item.star && containsAggregate(item.expression)));
    if (select.groupBy.length === 0 && !implicit) return {};
    const keys = select.groupBy.map((expression) => {
      const item = expression.node === 'number' ? select.items[Number(expression.text) - 1] : undefined;
      const meant = item && !item.star ? item.expression : expression;
      return this.#expressions.value(meant, { scope, aliases }).sql;
    });
    const grouped = new Set(keys);
    const tables = scope.relations.filter(({ alias, relation }) => {
      const { primaryKey = [], columns } = relation;
      const target = (source: string): string => columns.find((column) => column.source === source)?.target ?? source;
      return primaryKey.length > 0 && primaryKey.every((key) => grouped.has(`${quote(alias)}.${quote(target(key))}`));
    });
    // Beside ROLLUP the target knows no key.
    const groupedTables = new Set(select.rollup ? [] : tables.map(({ alias }) => alias));
    if (this.#given.isSent !== true) return { grouped, groupedTables };
    return { grouped, groupedTables, determined: determinedColumns(select, scope, grouped) };
  }

  #outputs(select: Select, place: Place, names: readonly string[]): Output[] {
    const outputs = select.items.flatMap((item) => (item.star ? stars(item, place.scope) : [this.#item(item, place)]));
    if (names.length > 0 && names.length !== outputs.length) fail('another number of columns than it names');
    const named = outputs.map((output, at) => {
      const source = names[at] ?? output.source;
      return { ...output, source, target: this.#given.columnName(source) };
    });
    const isWhole = this.#given.isSent === true && this.#depth === 1;
    if (!isWhole && new Set(named.map(({ target }) => target)).size !== named.length)
      fail('two of its columns have one name');
    return named;
  }

  #item(item: Extract<SelectItem, { star: false }>, place: Place): Output {
    const value = this.#expressions.value(item.expression, place);
    const source = item.alias ?? pathOf(item.expression) ?? item.text;
    // A bare NULL or text has no type of its own in a view.
    const sql =
      value.sort === 'null' || (value.sort === 'text' && value.literal !== undefined)
        ? `CAST(${value.sql} AS text)`
        : value.sql;
    return { source, target: '', value: { ...value, sql }, expression: item.expression };
  }

  #order({ orderBy, body }: Query, outputs: readonly Output[], place: Place): string {
    if (orderBy.length === 0 || body.node !== 'select') return '';
    const isDistinct = body.distinct && this.#given.isSent === true;
    const keys = orderBy
      .filter(({ expression }) => !isConstant(expression))
      .map((item) => {
        const suffix = `${item.descending ? ' DESC' : ''} NULLS ${item.nulls ?? (item.descending ? 'LAST' : 'FIRST')}`;
        if (item.expression.node === 'number') return item.expression.text + suffix;
        const path = pathOf(item.expression, 1);
        const named = outputs.filter(({ source }) => source.toLowerCase() === path?.toLowerCase());
        const [output] = named;
        if (output && named.length === 1) return quote(output.target) + suffix;
        const value = output?.value ?? this.#expressions.value(item.expression, place);
        const at = outputs.findIndex((other) => other.value.sql === value.sql);
        if (isDistinct && at < 0) return fail('DISTINCT, ordered by what is not among its columns');
        return (isDistinct ? String(at + 1) : value.sql) + suffix;
      });
    return keys.length === 0 ? '' : `ORDER BY ${keys.join(', ')}`;
  }

  #relation(relation: QueryRelation, scope: Scope): string {
    switch (relation.node) {
      case 'table':
        return this.#table(relation, scope);
      case 'derived': {
        const alias = relation.alias ?? fail('a query in FROM without a name');
        const made = this.#query(relation.query, undefined, relation.columns);
        const { sql } = made;
        scope.add({ alias, relation: relationOf(made) });
        return `(${sql}) AS ${quote(alias)}`;
      }
      case 'join':
        return this.#join(relation, scope);
    }
  }

  #table({ schema, name, alias }: Extract<QueryRelation, { node: 'table' }>, scope: Scope): string {
    const common =
      schema === undefined
        ? this.#common.findLast((table) => table.name.toLowerCase() === name.toLowerCase())
        : undefined;
    const relation = common?.relation ?? this.#given.relations.find(schema, name);
    if (relation?.name === undefined) return fail(`it refers to "${name}", which is not in the target`);
    const called = alias ?? name;
    scope.add({ alias: called, relation });
    return relation.name === called ? quote(relation.name) : `${quote(relation.name)} AS ${quote(called)}`;
  }

  #join(join: Extract<QueryRelation, { node: 'join' }>, scope: Scope): string {
    const left = this.#relation(join.left, scope);
    const before = scope.relations.length;
    const right = this.#relation(join.right, scope);
    const grouped = join.right.node === 'join' ? `(${right})` : right;
    const using = join.using ?? (join.natural ? naturalColumns(scope, before) : undefined);
    if (using !== undefined && using.length > 0) {
      for (const column of using) scope.shared.add(column.toLowerCase());
      if (scope.relations.length > 2 || join.kind === 'FULL') scope.starless = true;
      else scope.isRightJoin = join.kind === 'RIGHT';
      const keys = using.map((column) => quote(sharedTarget(scope, column)));
      return `${left} ${join.kind} JOIN ${grouped} USING (${keys.join(', ')})`;
    }
    if (join.on === undefined) {
      if (join.kind !== 'INNER' && join.kind !== 'CROSS') return fail('an outer join without a condition');
      return `${left} CROSS JOIN ${grouped}`;
    }
    const kind = join.kind === 'CROSS' ? 'INNER' : join.kind;
    return `${left} ${kind} JOIN ${grouped} ON ${this.#expressions.condition(join.on, { scope })}`;
  }
}

/** USING names one column on both sides: it must be called the same in the target. */
function sharedTarget(scope: Scope, column: string): string {
  const targets = scope.relations.flatMap(({ relation }) =>
    relation.columns.filter(({ source }) => source.toLowerCase() === column.toLowerCase()).map(({ target }) => target),
  );
  const [first] = targets;
  if (first === undefined || new Set(targets).size > 1)
    return fail(`USING (${column}), which the target calls differently`);
  return first;
}

function stars({ table }: Extract<SelectItem, { star: true }>, scope: Scope): Output[] {
  const named = scope.relations.filter(
    ({ alias }) => table === undefined || alias.toLowerCase() === table.toLowerCase(),
  );
  if (named.length === 0) return fail('a star without a table');
  const all = named.flatMap(({ alias, relation }) =>
    relation.columns
      .filter((column) => column.hidden !== true)
      .map((column) => ({
        source: column.source,
        target: column.target,
        value: { ...column.type, sql: `${quote(alias)}.${quote(column.target)}` },
        alias,
      })),
  );
  if (table !== undefined || scope.shared.size === 0) return all;
  if (scope.starless || scope.relations.length > 2) return fail('a star over more than two tables joined with USING');
  // Shared columns stand once, before all others; of an outer join they are those of the side that is whole.
  const isShared = ({ source }: Output): boolean => scope.shared.has(source.toLowerCase());
  const whole = scope.relations[scope.isRightJoin ? 1 : 0]?.alias;
  const order = scope.isRightJoin
    ? all.toSorted((one, other) => Number(one.alias !== whole) - Number(other.alias !== whole))
    : all;
  return [
    ...order.filter((output) => isShared(output) && output.alias === whole),
    ...order.filter((output) => !isShared(output)),
  ];
}

/** Columns that NATURAL joins: those whose names stand on both sides. */
function naturalColumns(scope: Scope, before: number): string[] {
  const names = (relations: typeof scope.relations): string[] =>
    relations.flatMap(({ relation }) => relation.columns.map(({ source }) => source));
  const right = new Set(names(scope.relations.slice(before)).map((name) => name.toLowerCase()));
  return names(scope.relations.slice(0, before)).filter((name) => right.has(name.toLowerCase()));
}

function relationOf({ columns, key }: TranslatedQuery, name?: string): Relation {
  return { ...(name !== undefined && { name }), columns, ...(key && { primaryKey: key }) };
}

/** Output columns that are all that GROUP BY names; none are needed where everything is one group. */
function keyOf(outputs: readonly Output[], grouped: ReadonlySet<string> | undefined): string[] | undefined {
  if (grouped === undefined) return undefined;
  const keys = [...grouped].map((sql) => outputs.find(({ value }) => value.sql === sql)?.source);
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

/** ORDER BY NULL, by which MySQL sorts nothing. */
function isConstant({ node }: Expression): boolean {
  return node === 'null' || node === 'string';
}

/** A type that a value keeps when it is counted with. */
function settledType(type: SqlType): SqlType {
  return type.sort === 'enum' ? { sort: 'text', ...(type.folds && { folds: true }) } : type;
}

const SETTLED: Readonly<Partial<Record<SqlType['sort'], string>>> = {
  integer: 'bigint',
  decimal: 'numeric',
  float: 'double precision',
  text: 'text',
  enum: 'text',
};

function settledQuery({ sql, columns }: TranslatedQuery, settled: readonly ScopeColumn[]): string {
  const values = columns.map(({ target }, at) => {
    const type = SETTLED[settled[at]?.type.sort ?? 'other'];
    return type === undefined ? quote(target) : `CAST(${quote(target)} AS ${type})`;
  });
  return `SELECT ${values.join(', ')} FROM (${sql}) AS "part"`;
}

function aliasesOf(items: readonly SelectItem[]): ReadonlyMap<string, Expression> {
  const aliases = new Map<string, Expression>();
  for (const item of items) {
    if (!item.star && item.alias !== undefined) aliases.set(item.alias.toLowerCase(), item.expression);
  }
  return aliases;
}

/** The column's own name, of an expression that is no more than one. */
function pathOf(expression: Expression, longest = 3): string | undefined {
  if (expression.node !== 'extended' || expression.extension.kind !== 'path') return undefined;
  const { path } = expression.extension;
  return path.length <= longest ? path.at(-1) : undefined;
}

function typeOnly({ sort, scale, labels, folds, collated, parts }: Typed): SqlType {
  return {
    sort: sort === 'null' ? 'text' : sort,
    ...(scale !== undefined && { scale }),
    ...(labels && { labels }),
    ...(folds && { folds }),
    ...(collated && { collated }),
    ...(parts !== undefined && { parts }),
  };
}

function together(one: SqlType, other: SqlType | undefined): SqlType {
  const { type, values } = unified([one, other ?? one].map((type) => ({ ...type, sql: 'x' })));
  if (values.some(({ sql }) => sql !== 'x')) return fail('a union of columns of different sorts');
  return type;
}
