import { quote } from '../scope.js';
import type { ScopeColumn } from '../scope.js';
import type { Typed } from '../typed.js';
import { fail } from '../typed.js';
import type { VariableType } from './variable-types.js';

export interface Variable extends VariableType {
  /** As the source calls it. */
  readonly name: string;
  /** How the body calls it: with the label of its block, so that no column is meant. */
  readonly sql: string;
  readonly declared: string;
}

export interface CursorVariable {
  readonly sql: string;
  /** A row of it. */
  readonly row: string;
  readonly open: string;
  readonly columns: readonly ScopeColumn[];
}

/** What a block declares, and the blocks around it. */
export class Frame {
  readonly label: string;
  readonly outer: Frame | undefined;
  readonly variables = new Map<string, Variable>();
  readonly cursors = new Map<string, CursorVariable>();
  /** Its lines behind DECLARE. */
  readonly lines: string[] = [];
  /** What is done when there is no row. */
  notFound: (() => string[]) | undefined;

  constructor(label: string, outer?: Frame) {
    this.label = label;
    this.outer = outer;
  }

  declare(name: string, type: VariableType, value?: string): Variable {
    const key = name.toLowerCase();
    if (this.variables.has(key)) return fail(`two variables are called "${name}"`);
    const variable = { ...type, name, declared: type.sql, sql: `${quote(this.label)}.${quote(key)}` };
    this.variables.set(key, variable);
    this.lines.push(`${quote(key)} ${type.sql}${value === undefined ? '' : ` := ${value}`};`);
    return variable;
  }

  addCursor(name: string, open: string, columns: readonly ScopeColumn[]): void {
    const [own, row] = [quote(name.toLowerCase()), quote(`row of ${name.toLowerCase()}`)];
    const label = quote(this.label);
    this.cursors.set(name.toLowerCase(), { sql: `${label}.${own}`, row: `${label}.${row}`, open, columns });
    this.lines.push(`${own} refcursor;`, `${row} record;`);
  }

  variable(name: string): Variable | undefined {
    return this.variables.get(name.toLowerCase()) ?? this.outer?.variable(name);
  }

  cursor(name: string): CursorVariable {
    return (
      this.cursors.get(name.toLowerCase()) ?? this.outer?.cursor(name) ?? fail(`there is no cursor called "${name}"`)
    );
  }

  /** Of this block, or of one around it. */
  handler(): (() => string[]) | undefined {
    return this.notFound ?? this.outer?.handler();
  }
}

export function valueOf({ sql, type }: Variable): Typed {
  return { ...type, sql };
}

/** The variable as something that values are put into. */
export function asColumn({ name, sql, type }: Variable): ScopeColumn {
  return { source: name, target: sql, type };
}
