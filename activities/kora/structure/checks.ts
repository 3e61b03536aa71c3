import type { ExistingConstraint } from '../../../contracts/existing.js';
import type { KeysCompared } from './keys.js';

/** Checks of the source: by their words, else by the columns that they are about. */
export function compareChecks({ drafted, existing, items, naming }: KeysCompared): void {
  const free = new Set(existing.constraints.filter(({ kind }) => kind === 'c'));
  const take = (fits: (there: ExistingConstraint) => boolean): ExistingConstraint | undefined => {
    const found = [...free].find(fits);
    if (found !== undefined) free.delete(found);
    return found;
  };
  for (const { name, expression, validated } of drafted.checks) {
    const words = bare(expression);
    const named = take((there) => bare(there.expression ?? '') === words) ?? take((there) => there.name === name);
    const columns = drafted.columns.filter(({ target }) => mentions(expression, target));
    const targets = columns.map(({ target }) => naming.column(target) ?? target).toSorted();
    const found = named ?? take((there) => there.columns.toSorted().join('\0') === targets.join('\0'));
    if (found === undefined) {
      items.missing('check', name, { code: 'check_missing', how: 'the target has no check of these columns' });
    } else if (!found.validated && validated !== false) {
      const how = 'the target has never looked at its old rows (NOT VALID)';
      items.differs('check', name, { code: 'check_not_valid', how });
    } else if (bare(found.expression ?? '') === words) items.same('check', name);
    else items.mapped('check', name, `"${found.name}", in other words; what they mean is not compared`);
  }
}

/** Without casts, blanks, quotes around names and parentheses. */
function bare(expression: string): string {
  return expression
    .replace(/::(?:"[^"]*"|[a-z_]+(?: [a-z]+)*)(?:\([\d,]+\))?(?:\[\])?/gi, '')
    .replace(/[\s()"]/g, '')
    .toLowerCase();
}

function mentions(expression: string, column: string): boolean {
  return (
    expression.includes(`"${column}"`) || new RegExp(`\\b${column.replace(/\W/g, String.raw`\$&`)}\\b`).test(expression)
  );
}
