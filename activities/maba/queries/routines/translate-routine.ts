import type { CatalogueProgram } from '../../../../contracts/catalogue.js';
import type { TableMapping } from '../../../../contracts/mapping.js';
import type { RoutineStatement } from '../../../../language/expressions/routines/tree.js';
import { parseRoutine, parseType } from '../../../../language/expressions/routines/routine-parser.js';
import type { KnownRelations, Relation } from '../scope.js';
import { quote } from '../scope.js';
import { fail } from '../typed.js';
import { blockLines, BodyTranslator, indented, inRange } from './body.js';
import { Frame } from './frames.js';
import type { Findings, KnownRoutine, ProgramGiven } from './program.js';
import { argumentType, variableType } from './variable-types.js';
import type { VariableType } from './variable-types.js';

export interface RoutineTranslation {
  readonly program: CatalogueProgram;
  /** Its name in the target, and of a trigger that of its function. */
  readonly target: string;
  readonly relations: KnownRelations;
  readonly columnName: (source: string) => string;
  readonly routines: ReadonlyMap<string, KnownRoutine>;
  /** Of a trigger: the table that it belongs to. */
  readonly on?: { readonly relation: Relation; readonly table: TableMapping };
  readonly booleans: boolean;
}

export interface TranslatedRoutine {
  readonly statements: readonly string[];
  readonly arguments: readonly {
    readonly name: string;
    readonly type: string;
    readonly sort: string;
    readonly mode?: 'OUT' | 'INOUT';
  }[];
  readonly found: Findings;
  /** As other routines call it; of functions and procedures. */
  readonly known?: KnownRoutine;
}

/**
 * A function, a procedure or a trigger of MySQL in PL/pgSQL. Its own variables are called by the label of their block, so
 * that no column is taken for one, and arguments come into variables first, for PostgreSQL gives arguments no sizes. Throws
 * `Untranslatable` with the reason.
 */
export function translateRoutine(given: RoutineTranslation): TranslatedRoutine {
  const { program } = given;
  refuseModes(program.sqlMode);
  const parsed = parseRoutine(program.body);
  if (!parsed.ok) return fail(`${parsed.problem} (character ${String(parsed.at + 1)})`);
  return program.type === 'trigger' ? triggerOf(given, parsed.body) : routineOf(given, parsed.body);
}

/** What changes no meaning of a body in the language. */
const MODES = new Set([
  'ONLY_FULL_GROUP_BY',
  'STRICT_TRANS_TABLES',
  'STRICT_ALL_TABLES',
  'NO_ZERO_IN_DATE',
  'NO_ZERO_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'TRADITIONAL',
  'NO_AUTO_CREATE_USER',
  'NO_ENGINE_SUBSTITUTION',
  'IGNORE_SPACE',
  '',
]);

function refuseModes(text: string): void {
  const modes = text.split(',');
  if (!modes.some((mode) => mode.startsWith('STRICT_')))
    fail('it was made without a strict mode, and changes values in silence that do not fit');
  const odd = modes.find((mode) => !MODES.has(mode));
  if (odd !== undefined) fail(`it was made with the mode ${odd}`);
}

interface Parameter {
  readonly name: string;
  readonly mode: 'IN' | 'OUT' | 'INOUT';
  readonly type: VariableType;
}

function typeOf(text: string, collation: string, booleans: boolean): VariableType {
  return variableType(parseType(text) ?? fail(`the type ${text}`), collation, booleans);
}

function programGiven(given: RoutineTranslation, returns: VariableType | undefined): ProgramGiven {
  const { program, relations, columnName, routines, booleans, on } = given;
  const { collation, trigger } = program;
  return {
    ...{ relations, columnName, routines, collation, booleans },
    clock: program.type !== 'function',
    ...(returns && { returns }),
    ...(trigger && on && { trigger: { timing: trigger.timing, event: trigger.event, ...on } }),
  };
}

function routineOf(given: RoutineTranslation, body: RoutineStatement): TranslatedRoutine {
  const { program, target, booleans } = given;
  const parameters = program.parameters.map(({ name, mode, type, collation = program.collation }): Parameter => ({
    name,
    mode,
    type: typeOf(type, collation, booleans),
  }));
  const { returns: said } = program;
  const returns = said && typeOf(said.type, said.collation ?? program.collation, booleans);
  const frame = new Frame('block 0');
  const variables = parameters.map(({ name, type, mode }, at) =>
    frame.declare(name, type, mode === 'OUT' ? undefined : padded(type, `$${String(at + 1)}`)),
  );
  const result = returns && frame.declare('value given back', returns);
  const translator = new BodyTranslator(programGiven(given, returns), result);
  const inner = translator.statement(body, frame);
  const back = parameters.flatMap(({ mode }, at) =>
    mode === 'IN' ? [] : [`$${String(at + 1)} := ${variables[at]?.sql ?? 'NULL'};`],
  );
  const checks = parameters.flatMap(({ mode }, at) => {
    const variable = variables[at];
    return mode === 'OUT' || variable === undefined ? [] : inRange(variable);
  });
  const { found } = translator;
  const isFunction = program.type === 'function';
  const list = parameters
    .map(({ name, mode, type }) => `${mode === 'IN' ? '' : 'INOUT '}${quote(name.toLowerCase())} ${argumentType(type)}`)
    .join(', ');
  const head = isFunction
    ? `CREATE FUNCTION ${quote(target)}(${list}) RETURNS ${argumentType(returns ?? fail('a function that gives nothing'))} LANGUAGE plpgsql ${found.writes.size > 0 ? 'VOLATILE' : 'STABLE'}`
    : `CREATE PROCEDURE ${quote(target)}(${list}) LANGUAGE plpgsql`;
  return {
    statements: [`${head} AS ${bodyText(blockLines(frame, [...checks, ...inner, ...back]))}`],
    arguments: parameters.map(({ name, type, mode }) => ({
      ...{ name, type: argumentType(type), sort: type.type.sort },
      ...(mode !== 'IN' && { mode }),
    })),
    found,
    known: {
      kind: isFunction ? 'function' : 'procedure',
      target,
      parameters: parameters.map(({ type, mode }) => ({ ...type, mode })),
      ...(returns && { returns }),
      writes: [...found.writes],
      reads: [...found.reads],
      clocked: [...found.clocked],
    },
  };
}

function padded({ padded: isPadded }: VariableType, sql: string): string {
  return isPadded === true ? `rtrim(${sql}, ' ')` : sql;
}

function triggerOf(given: RoutineTranslation, body: RoutineStatement): TranslatedRoutine {
  const { program, target, on } = given;
  const { trigger } = program;
  if (trigger === undefined || on === undefined) return fail('its table is not in the plan');
  const frame = new Frame('block 0');
  const translator = new BodyTranslator(programGiven(given, undefined), undefined);
  const inner = translator.statement(body, frame);
  const row = trigger.timing === 'AFTER' ? 'NULL' : trigger.event === 'DELETE' ? 'OLD' : 'NEW';
  const text = bodyText(['BEGIN', ...indented([...inner, `RETURN ${row};`]), 'END;']);
  return {
    statements: [`CREATE FUNCTION ${quote(target)}() RETURNS trigger LANGUAGE plpgsql AS ${text}`],
    arguments: [],
    found: translator.found,
  };
}

/** Names without a table are columns: every variable has its block's label in front. */
function bodyText(lines: readonly string[]): string {
  return `'${['', '#variable_conflict use_column', ...lines, ''].join('\n').replaceAll("'", "''")}'`;
}
