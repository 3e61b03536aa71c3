import type { Expression } from '../../../../language/expressions.js';
import { quote } from '../scope.js';
import type { ScopeColumn } from '../scope.js';
import type { Surroundings } from '../surroundings.js';
import type { Typed } from '../typed.js';
import { fail } from '../typed.js';
import { columnNamed, fitted } from '../changes/assign.js';
import type { Frame } from './frames.js';
import { valueOf } from './frames.js';
import type { Findings, ProgramGiven } from './program.js';

const MOMENTS = new Set(['current_timestamp', 'now', 'localtime', 'localtimestamp']);
const DAYS = new Set(['current_date', 'curdate']);
/** MySQL's clock has whole seconds, and stands still while a statement runs. */
const NOW: Typed = {
  sql: "CAST(date_trunc('second', statement_timestamp()) AS timestamp)",
  sort: 'timestamp',
};
const TODAY: Typed = { sql: 'CAST(statement_timestamp() AS date)', sort: 'date' };

/** Is it the clock, and nothing else? */
export function isClock(expression: Expression): boolean {
  if (expression.node === 'keyword') {
    return expression.precision === undefined && (MOMENTS.has(expression.name) || DAYS.has(expression.name));
  }
  if (expression.node !== 'extended' || expression.extension.kind !== 'function') return false;
  const { name, args } = expression.extension;
  return args.length === 0 && (MOMENTS.has(name) || DAYS.has(name));
}

/** The state of one place of a body. */
export interface Standing {
  readonly frame: Frame;
  /** The clock may be read: where it stands alone as the value of a column. */
  readonly clock: boolean;
}

export function surroundingsOf(given: ProgramGiven, found: Findings, { frame, clock }: Standing): Surroundings {
  return {
    variable: (path) => {
      const [first = '', second] = path;
      if (path.length === 1) {
        const variable = frame.variable(first);
        return variable && valueOf(variable);
      }
      return path.length === 2 && second !== undefined ? rowColumn(given, first, second) : undefined;
    },
    call: (name, args) => called(given, found, { name, args }),
    clock: (name) => {
      if (!clock) return undefined;
      return MOMENTS.has(name) ? NOW : DAYS.has(name) ? TODAY : undefined;
    },
  };
}

/** NEW.a and OLD.a. */
function rowColumn({ trigger }: ProgramGiven, row: string, name: string): Typed | undefined {
  const state = row.toLowerCase();
  if (trigger === undefined || (state !== 'new' && state !== 'old')) return undefined;
  const { event, timing, relation } = trigger;
  if ((event === 'INSERT' && state === 'old') || (event === 'DELETE' && state === 'new'))
    return fail(`${row} in a trigger for ${event}`);
  const column = columnNamed(relation, name);
  if (timing === 'BEFORE' && state === 'new') {
    if (column.computed === true) return fail(`NEW."${name}", which the server computes after the trigger`);
    if (column.counts === true && event === 'INSERT')
      return fail(`NEW."${name}", which has no number yet in the source when the trigger runs`);
  }
  return { ...column.type, sql: `${quote(state)}.${quote(column.target)}` };
}

function called(
  { routines }: ProgramGiven,
  found: Findings,
  { name, args }: { readonly name: string; readonly args: readonly Typed[] },
): Typed | undefined {
  const routine = routines.get(name);
  if (routine?.kind !== 'function' || routine.returns === undefined) return undefined;
  if (args.length !== routine.parameters.length) return fail(`a call of "${name}" with another number of arguments`);
  if (routine.writes.length > 0) return fail(`a call of "${name}", which writes`);
  for (const read of routine.reads) found.reads.add(read);
  const values = args.map((arg, at) => {
    const { type } = routine.parameters[at] ?? fail('a call with too many arguments');
    return fitted(arg, { source: `argument ${String(at + 1)} of ${name}`, target: '', type });
  });
  return { ...routine.returns.type, sql: `${quote(routine.target)}(${values.join(', ')})` };
}

/** The column that SET NEW.a puts a value into. */
export function newColumn({ trigger }: ProgramGiven, path: readonly string[]): ScopeColumn {
  const [first = '', second] = path;
  if (path.length !== 2 || first.toLowerCase() !== 'new' || second === undefined || trigger === undefined)
    return fail(`"${path.join('.')}" is set, which is no variable of it`);
  if (trigger.timing !== 'BEFORE' || trigger.event === 'DELETE') return fail('NEW is set where it is over');
  const column = columnNamed(trigger.relation, second);
  if (column.computed === true) return fail(`NEW."${second}" is set, which the server computes`);
  if (column.counts === true) return fail(`NEW."${second}" is set, which counts by itself`);
  return column;
}
