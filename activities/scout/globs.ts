import { qualified } from '../../contracts/catalogue.js';

/** `*` is any run of characters, `?` one; over "table" or "schema.table", case-sensitive. */
function globToRegExp(glob: string): RegExp {
  const escaped = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 'su');
}

/** Whether `--include` and `--exclude` take this table: included by any (or no) include, and by no exclude. */
export function tableFilter(
  include: readonly string[],
  exclude: readonly string[],
): (table: { schema: string; name: string }) => boolean {
  const includes = include.map(globToRegExp);
  const excludes = exclude.map(globToRegExp);
  const matches = (patterns: readonly RegExp[], table: { schema: string; name: string }): boolean =>
    patterns.some((pattern) => pattern.test(table.name) || pattern.test(qualified(table)));
  return (table) => (includes.length === 0 || matches(includes, table)) && !matches(excludes, table);
}
