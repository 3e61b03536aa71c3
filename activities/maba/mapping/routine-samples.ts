import type { Catalogue } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { ColumnMapping, RoutineMapping, TableMapping } from '../../../contracts/mapping.js';
import type { TranslatedRoutine } from '../queries/routines/translate-routine.js';
import { typeOfColumn } from '../queries/typed.js';

interface Among {
  readonly tables: readonly TableMapping[];
  readonly catalogue: Catalogue;
  /** Tables that the routine reads; those come first. */
  readonly reads: readonly string[];
}

interface Candidate {
  readonly table: TableMapping;
  readonly column: ColumnMapping;
}

/**
 * For each argument a column whose values it may be tried with: one that its name ends with, of the longest name; else
 * one of its sort that the routine reads.
 */
export function likeColumns(args: TranslatedRoutine['arguments'], among: Among): RoutineMapping['arguments'] {
  const { tables, reads } = among;
  const read = tables.filter(({ source }) => reads.includes(qualified(source)));
  const ordered = [...read, ...tables.filter((table) => !read.includes(table))];
  const candidates = ordered.flatMap((table) => table.columns.map((column): Candidate => ({ table, column })));
  return args.map((argument) => {
    const fit = candidates.filter(({ column }) => typeOfColumn(column, undefined).sort === argument.sort);
    const name = argument.name.toLowerCase();
    const named = fit
      .filter(({ column }) => name === column.source.toLowerCase() || name.endsWith(`_${column.source.toLowerCase()}`))
      .toSorted((one, other) => rank(other, read) - rank(one, read));
    const found = named[0] ?? fit.find(({ table }) => read.includes(table));
    return found === undefined
      ? argument
      : { ...argument, like: { table: found.table.target.name, column: found.column.target } };
  });
}

/** Tables that are read before others, then the longest name. */
function rank({ table, column }: Candidate, read: readonly TableMapping[]): number {
  return (read.includes(table) ? 1000 : 0) + column.source.length;
}
