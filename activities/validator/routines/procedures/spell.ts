import type { RoutineMapping } from '../../../../contracts/mapping.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { mysqlText, targetValue } from '../calls.js';
import type { Value } from '../calls.js';

/** One call of a procedure as each side is told it. */
export interface ProcedureCall {
  /** What the source's variables hold before. */
  readonly before: readonly string[];
  readonly source: string;
  /** What they hold behind the call; undefined where nothing comes back. */
  readonly back: string | undefined;
  readonly target: string;
}

/** What comes back is text to the source where it is a moment: said as what it is. */
const READ: Readonly<Record<string, (variable: string) => string>> = {
  date: (variable) => `CAST(${variable} AS DATE)`,
  timestamp: (variable) => `CAST(${variable} AS DATETIME(6))`,
};

/** Arguments that are given a value. */
export function givenArguments({ arguments: args }: RoutineMapping): RoutineMapping['arguments'] {
  return args.filter(({ mode }) => mode !== 'OUT');
}

/** `values` are those of the given arguments. The replica's database may be called otherwise, so that none is named. */
export function procedureCall(procedure: RoutineMapping, values: readonly Value[]): ProcedureCall {
  const [before, back, source, target]: [string[], string[], string[], string[]] = [[], [], [], []];
  let given = 0;
  for (const [at, argument] of procedure.arguments.entries()) {
    const value = argument.mode === 'OUT' ? null : (values[given] ?? null);
    if (argument.mode !== 'OUT') given += 1;
    const own = value === null ? 'NULL' : mysqlText(value);
    target.push(targetValue(value, argument.type));
    if (argument.mode === undefined) {
      source.push(own);
      continue;
    }
    const variable = `@caravan_${String(at)}`;
    before.push(`SET ${variable} = ${own}`);
    source.push(variable);
    back.push(READ[argument.sort]?.(variable) ?? variable);
  }
  return {
    before,
    source: `CALL ${quotedName(procedure.source.name, 'mysql')}(${source.join(', ')})`,
    back: back.length === 0 ? undefined : `SELECT ${back.join(', ')}`,
    target: `CALL ${quotedName(procedure.target.name, 'postgres')}(${target.join(', ')})`,
  };
}
