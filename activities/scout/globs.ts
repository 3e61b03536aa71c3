import { qualified } from '../../contracts/catalogue.js';
import { globOf } from '../../contracts/globs.js';

/** Whether `--include` and `--exclude` take this table, by "table" or "schema.table", case-sensitive: included by any (or no) include, and by no exclude. */
export function tableFilter(
  include: readonly string[],
  exclude: readonly string[],
): (table: { schema: string; name: string }) => boolean {
  const includes = include.map(globOf);
  const excludes = exclude.map(globOf);
  const matches = (
    patterns: readonly ((name: string) => boolean)[],
    table: { schema: string; name: string },
  ): boolean => patterns.some((meets) => meets(table.name) || meets(qualified(table)));
  return (table) => (includes.length === 0 || matches(includes, table)) && !matches(excludes, table);
}
