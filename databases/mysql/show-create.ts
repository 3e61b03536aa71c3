const CONSTRAINT = /^\s*CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY (.*)$/gm;
const NAMES = /`(?:[^`]|``)+`/g;

/**
 * Rules of the foreign keys in what SHOW CREATE TABLE prints: the server's own form, one constraint a line. A login
 * with SELECT alone may see this statement but not REFERENTIAL_CONSTRAINTS.
 */
export function rulesInStatement(
  statement: string,
  unstated: string,
): Map<string, { readonly onDelete: string; readonly onUpdate: string }> {
  const rules = new Map<string, { onDelete: string; onUpdate: string }>();
  for (const [, quoted = '', rest = ''] of statement.matchAll(CONSTRAINT)) {
    const clause = rest.replaceAll(NAMES, '``');
    const rule = (event: string): string =>
      new RegExp(`ON ${event} (RESTRICT|CASCADE|SET NULL|NO ACTION|SET DEFAULT)`).exec(clause)?.[1] ?? unstated;
    rules.set(quoted.replaceAll('``', '`'), { onDelete: rule('DELETE'), onUpdate: rule('UPDATE') });
  }
  return rules;
}
