import type { Expression } from '../../../../language/expressions.js';
import type { Query } from '../../../../language/expressions/queries/tree.js';
import type { Arm, Block, RoutineStatement } from '../../../../language/expressions/routines/tree.js';
import { fitted } from '../changes/assign.js';
import { translateDelete, translateUpdate } from '../changes/change.js';
import { translateInsert } from '../changes/insert.js';
import { quote, Scope } from '../scope.js';
import type { ScopeColumn } from '../scope.js';
import type { QueryTranslation } from '../translate-query.js';
import { QueryTranslator } from '../translate-query.js';
import { asText, fail } from '../typed.js';
import { clockedColumns } from './clocked.js';
import type { Variable } from './frames.js';
import { Frame, asColumn } from './frames.js';
import type { Findings, ProgramGiven } from './program.js';
import { isClock, newColumn, surroundingsOf } from './surroundings-of.js';
import { argumentType, variableType } from './variable-types.js';

type Of<Node extends RoutineStatement['node']> = Extract<RoutineStatement, { node: Node }>;

const OUT_OF_RANGE = "RAISE EXCEPTION USING ERRCODE = '22003', MESSAGE = 'a value is out of range';";

/** Statements of MySQL's procedural language as lines of PL/pgSQL. Throws `Untranslatable`. */
export class BodyTranslator {
  readonly found: Findings = { writes: new Set(), reads: new Set(), clocked: new Set() };
  readonly #given: ProgramGiven;
  /** How a value is given back; of a function. */
  readonly #result: Variable | undefined;
  /** Labels of the source in reach, innermost last, and what the body calls them. */
  readonly #labels: { readonly name: string; readonly label: string }[] = [];
  #count = 0;

  constructor(given: ProgramGiven, result: Variable | undefined) {
    this.#given = given;
    this.#result = result;
  }

  newLabel(): string {
    this.#count += 1;
    return `block ${String(this.#count)}`;
  }

  statement(statement: RoutineStatement, frame: Frame): string[] {
    switch (statement.node) {
      case 'block':
        return this.#block(statement, frame);
      case 'set':
        return this.#set(statement, frame);
      case 'select':
        return this.#select(statement, frame);
      case 'change':
        return this.#change(statement, frame);
      case 'if':
        return this.#if(statement, frame);
      case 'case':
        return this.#case(statement, frame);
      case 'while':
      case 'repeat':
      case 'loop':
        return this.#loop(statement, frame);
      case 'leave':
        return [`EXIT ${quote(this.#label(statement.label))};`];
      case 'iterate':
        return [`CONTINUE ${quote(this.#label(statement.label))};`];
      case 'return':
        return this.#return(statement, frame);
      case 'signal':
        return this.#signal(statement, frame);
      case 'call':
        return this.#call(statement, frame);
      default:
        return this.#cursor(statement, frame);
    }
  }

  /** What goes into a variable, and the look at whether it fits. */
  put(variable: Variable, sql: string): string[] {
    const value = variable.padded === true ? `rtrim(${sql}, ' ')` : sql;
    return [`${variable.sql} := ${value};`, ...inRange(variable)];
  }

  #translation(frame: Frame, clock = false): QueryTranslation {
    const { relations, columnName } = this.#given;
    const around = surroundingsOf(this.#given, this.found, { frame, clock });
    return { engine: 'mysql', relations, columnName, isSent: true, around };
  }

  #value(expression: Expression, column: ScopeColumn, frame: Frame): string {
    const { expressions } = new QueryTranslator(this.#translation(frame));
    return fitted(expressions.value(expression, { scope: new Scope() }), column);
  }

  #condition(expression: Expression, frame: Frame): string {
    return new QueryTranslator(this.#translation(frame)).expressions.condition(expression, { scope: new Scope() });
  }

  #all(statements: readonly RoutineStatement[], frame: Frame): string[] {
    const lines = statements.flatMap((statement) => this.statement(statement, frame));
    return lines.length === 0 ? ['NULL;'] : lines;
  }

  #block(block: Block, outer: Frame): string[] {
    const frame = new Frame(this.newLabel(), outer);
    const checks: string[] = [];
    for (const { names, type, default: value } of block.variables) {
      const made = variableType(type, this.#given.collation, this.#given.booleans);
      for (const name of names) {
        const column = { source: name, target: name, type: made.type };
        // What a block declares may name what it declared before.
        const initial = value === undefined ? undefined : this.#value(value, column, frame);
        checks.push(...inRange(frame.declare(name, made, initial)));
      }
    }
    for (const { name, query } of block.cursors) {
      const { sql, columns } = this.#rows(query, frame);
      frame.addCursor(name, sql, columns);
    }
    const { handler } = block;
    return this.#labelled(block.label, frame.label, () => {
      if (handler) {
        const beside = new Frame(frame.label, outer);
        for (const [key, variable] of frame.variables) beside.variables.set(key, variable);
        for (const [key, cursor] of frame.cursors) beside.cursors.set(key, cursor);
        const exit = handler.action === 'exit' ? [`EXIT ${quote(frame.label)};`] : [];
        frame.notFound = () => [...this.statement(handler.body, beside), ...exit];
      }
      const body = this.#all(block.body, frame);
      return blockLines(frame, [...checks, ...body]);
    });
  }

  #labelled(name: string | undefined, label: string, work: () => string[]): string[] {
    if (name === undefined) return work();
    this.#labels.push({ name: name.toLowerCase(), label });
    try {
      return work();
    } finally {
      this.#labels.pop();
    }
  }

  #label(name: string): string {
    const found = this.#labels.findLast((label) => label.name === name.toLowerCase());
    return found?.label ?? fail(`there is no label "${name}"`);
  }

  #set({ path, value }: Of<'set'>, frame: Frame): string[] {
    const variable = path.length === 1 ? frame.variable(path[0] ?? '') : undefined;
    if (variable) return this.put(variable, this.#value(value, asColumn(variable), frame));
    const column = newColumn(this.#given, path);
    return [`"new".${quote(column.target)} := ${this.#newValue(value, column, frame)};`];
  }

  /** The clock may stand alone. */
  #newValue(value: Expression, column: ScopeColumn, frame: Frame): string {
    if (!isClock(value)) return this.#value(value, column, frame);
    const { trigger, clock } = this.#given;
    const { expressions } = new QueryTranslator(this.#translation(frame, clock));
    const sql = fitted(expressions.value(value, { scope: new Scope() }), column);
    if (trigger) this.found.clocked.add(`${trigger.table.target.name}.${column.target}`);
    return sql;
  }

  /** A query whose columns have the names c0, c1, …. */
  #rows(query: Query, frame: Frame): { readonly sql: string; readonly columns: ScopeColumn[]; readonly one: boolean } {
    const made = new QueryTranslator(this.#translation(frame)).top(query, []);
    const columns = made.columns.map(({ source, type }, at) => ({ source, target: `c${String(at)}`, type }));
    const names = columns.map(({ target }) => quote(target)).join(', ');
    const one = made.key?.length === 0 || isOnlyValue(query);
    return { sql: `SELECT * FROM (${made.sql}) AS "v" (${names})`, columns, one };
  }

  #select({ query, into }: Of<'select'>, frame: Frame): string[] {
    if (into === undefined) return fail('it gives rows, which no procedure of PostgreSQL does');
    const { sql, columns, one } = this.#rows(query, frame);
    const targets = into.map((name) => frame.variable(name) ?? fail(`there is no variable "${name}"`));
    const values = fits(targets, columns, '"v"');
    const names = targets.map((target) => target.sql).join(', ');
    const from = sql.replace(/^SELECT \* /u, '');
    const checks = targets.flatMap(inRange);
    if (one) return [`SELECT ${values.join(', ')} INTO ${names} ${from};`, ...checks];
    return [
      'BEGIN',
      ...indented([`SELECT ${values.join(', ')} INTO STRICT ${names} ${from};`, ...checks]),
      'EXCEPTION WHEN no_data_found THEN',
      ...indented(frame.handler()?.() ?? ['NULL;']),
      'END;',
    ];
  }

  #change({ statement }: Of<'change'>, frame: Frame): string[] {
    const written = new Set<string>();
    const { relations, clock } = this.#given;
    const plain = this.#translation(frame, clock);
    const { clocked, rest } = clockedColumns(statement);
    // Elsewhere than alone in a column the clock decides what is done, and two runs cannot be compared.
    if (clock && hasClock(rest)) fail('the clock decides what it does');
    const made =
      statement.node === 'insert'
        ? translateInsert(statement, plain)
        : statement.node === 'update'
          ? translateUpdate(statement, plain)
          : translateDelete(statement, plain);
    for (const place of tablesOf(statement)) {
      const relation = relations.find(place.schema, place.name);
      if (relation?.name === undefined) continue;
      written.add(relation.name);
      for (const column of clocked) {
        const target = relation.columns.find(({ source }) => source.toLowerCase() === column.toLowerCase());
        if (target) this.found.clocked.add(`${relation.name}.${target.target}`);
      }
    }
    for (const name of written) this.found.writes.add(name);
    return [`${made};`];
  }

  #if({ arms, otherwise }: Of<'if'>, frame: Frame): string[] {
    return this.#arms(arms, otherwise, frame, (when) => this.#condition(when, frame));
  }

  #arms(
    arms: readonly Arm[],
    otherwise: readonly RoutineStatement[] | undefined,
    frame: Frame,
    condition: (when: Expression) => string,
  ): string[] {
    const lines = arms.flatMap(({ when, body }, at) => [
      `${at === 0 ? 'IF' : 'ELSIF'} ${condition(when)} THEN`,
      ...indented(this.#all(body, frame)),
    ]);
    const end = otherwise ? ['ELSE', ...indented(this.#all(otherwise, frame))] : [];
    return [...lines, ...end, 'END IF;'];
  }

  /** Without a branch that fits it is an error of the same SQLSTATE on both sides. */
  #case({ operand, arms, otherwise }: Of<'case'>, frame: Frame): string[] {
    const none = otherwise ?? [{ node: 'signal', state: '20000' } as const];
    const compared = (when: Expression): Expression =>
      operand === undefined ? when : { node: 'binary', op: '=', left: operand, right: when };
    return this.#arms(arms, none, frame, (when) => this.#condition(compared(when), frame));
  }

  #loop(loop: Of<'while' | 'repeat' | 'loop'>, frame: Frame): string[] {
    const label = this.newLabel();
    return this.#labelled(loop.label, label, () => {
      const head = loop.node === 'while' ? `WHILE ${this.#condition(loop.when, frame)} LOOP` : 'LOOP';
      const body = this.#all(loop.body, frame);
      const end = loop.node === 'repeat' ? [`EXIT WHEN ${this.#condition(loop.until, frame)};`] : [];
      return [`<<${quote(label)}>>`, head, ...indented([...body, ...end]), 'END LOOP;'];
    });
  }

  #return({ value }: Of<'return'>, frame: Frame): string[] {
    const result = this.#result ?? fail('RETURN where nothing is given back');
    const sql = this.#value(value, asColumn(result), frame);
    if (result.plain && result.padded !== true) return [`RETURN ${sql};`];
    return [...this.put(result, sql), `RETURN ${result.sql};`];
  }

  #signal({ state, message }: Of<'signal'>, frame: Frame): string[] {
    const { expressions } = new QueryTranslator(this.#translation(frame));
    const text = message && asText(expressions.value(message, { scope: new Scope() })).sql;
    return [`RAISE EXCEPTION USING ERRCODE = '${state}'${text === undefined ? '' : `, MESSAGE = ${text}`};`];
  }

  #call({ name, args }: Of<'call'>, frame: Frame): string[] {
    const routine = this.#given.routines.get(name.toLowerCase());
    if (routine?.kind !== 'procedure') return fail(`it calls "${name}", which has no translation`);
    if (args.length !== routine.parameters.length) return fail(`a call of "${name}" with another number of arguments`);
    const back: string[] = [];
    const values = args.map((arg, at) => {
      const parameter = routine.parameters[at] ?? fail('a call with too many arguments');
      if (parameter.mode === 'IN') return this.#value(arg, { source: name, target: '', type: parameter.type }, frame);
      const variable = variableIn(arg, frame) ?? fail(`"${name}" gives back to no variable`);
      // PostgreSQL finds a procedure by the types of what it is given, and puts what comes back into the same variable.
      if (argumentType({ ...variable, sql: variable.declared }) !== argumentType(parameter))
        fail(`"${name}" gives back to a variable of another type`);
      back.push(...(variable.padded === true ? this.put(variable, variable.sql) : inRange(variable)));
      return variable.sql;
    });
    for (const kind of ['writes', 'reads', 'clocked'] as const)
      for (const one of routine[kind]) this.found[kind].add(one);
    return [`CALL ${quote(routine.target)}(${values.join(', ')});`, ...back];
  }

  #cursor(statement: Of<'open' | 'close' | 'fetch'>, frame: Frame): string[] {
    const cursor = frame.cursor(statement.cursor);
    if (!('into' in statement))
      return [statement.node === 'close' ? `CLOSE ${cursor.sql};` : `OPEN ${cursor.sql} FOR ${cursor.open};`];
    const targets = statement.into.map((name) => frame.variable(name) ?? fail(`there is no variable "${name}"`));
    const values = fits(targets, cursor.columns, cursor.row);
    const puts = targets.flatMap((target, at) => this.put(target, values[at] ?? 'NULL'));
    const none = frame.handler()?.() ?? ["RAISE EXCEPTION USING ERRCODE = '02000', MESSAGE = 'no row is left';"];
    return [
      `FETCH ${cursor.sql} INTO ${cursor.row};`,
      'IF FOUND THEN',
      ...indented(puts),
      'ELSE',
      ...indented(none),
      'END IF;',
    ];
  }
}

/** A block with its label, which its variables are called by. */
export function blockLines({ label, lines }: Frame, body: readonly string[]): string[] {
  const declared = lines.length === 0 ? [] : ['DECLARE', ...indented(lines)];
  return [`<<${quote(label)}>>`, ...declared, 'BEGIN', ...indented(body), 'END;'];
}

export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? line : `  ${line.replaceAll('\n', '\n  ')}`));
}

export function inRange({ sql, range }: Variable): string[] {
  if (range === undefined) return [];
  const [least, most] = range;
  const fine = most === undefined ? `${sql} >= ${least}` : `${sql} BETWEEN ${least} AND ${most}`;
  return [`IF NOT (${fine}) THEN ${OUT_OF_RANGE} END IF;`];
}

function variableIn(argument: Expression, frame: Frame): Variable | undefined {
  if (argument.node !== 'extended' || argument.extension.kind !== 'path') return undefined;
  const [name = '', ...more] = argument.extension.path;
  return more.length === 0 ? frame.variable(name) : undefined;
}

/** Columns of a row as their variables take them. */
function fits(targets: readonly Variable[], columns: readonly ScopeColumn[], row: string): string[] {
  if (targets.length !== columns.length) return fail('another number of variables than of columns');
  return columns.map(({ type, target }, at) => {
    const variable = targets[at] ?? fail('another number of variables than of columns');
    const sql = fitted({ ...type, sql: `${row}.${quote(target)}` }, asColumn(variable));
    return variable.padded === true ? `rtrim(${sql}, ' ')` : sql;
  });
}

/** SELECT 1, without a table. */
function isOnlyValue({ body }: Query): boolean {
  return body.node === 'select' && body.from.length === 0 && body.where === undefined && body.having === undefined;
}

function tablesOf(
  statement: Of<'change'>['statement'],
): { readonly schema: string | undefined; readonly name: string }[] {
  if (statement.node === 'insert') return [{ schema: statement.schema, name: statement.table }];
  const names: { schema: string | undefined; name: string }[] = [];
  const visit = (relation: (typeof statement.from)[number]): void => {
    if (relation.node === 'table') names.push({ schema: relation.schema, name: relation.name });
    if (relation.node === 'join') [relation.left, relation.right].forEach(visit);
  };
  statement.from.forEach(visit);
  return names;
}

function hasClock(part: unknown): boolean {
  if (part === null || typeof part !== 'object') return false;
  if (Array.isArray(part)) return part.some(hasClock);
  if (isClock(part as Expression)) return true;
  return Object.values(part).some(hasClock);
}
