import type { ExistingColumn, ExistingConstraint, ExistingTable } from '../../../contracts/existing.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import { samplesFor } from './check-samples.js';
import type { SampledColumn } from './check-samples.js';
import type { Items } from './items.js';
import type { Naming } from './keys.js';

/** Two conditions in other words, and values on which the server can try both. */
export interface AskedCheck {
  readonly one: string;
  readonly other: string;
  readonly columns: readonly SampledColumn[];
}

export interface ChecksCompared {
  readonly drafted: TableMapping;
  readonly existing: ExistingTable;
  readonly naming: Naming;
  readonly items: Items;
  /** Do both let the same rows in? undefined: that cannot be told. */
  readonly sameCheck: (asked: AskedCheck) => boolean | undefined;
}

type Check = TableMapping['checks'][number];
interface PairedCheck {
  readonly check: Check;
  readonly found?: ExistingConstraint;
}

export function compareChecks({ sameCheck, items, ...tables }: ChecksCompared): void {
  for (const { check, found } of pairChecks(tables)) {
    const { name, expression, validated } = check;
    if (found === undefined) {
      items.missing('check', name, { code: 'check_missing', how: 'the target has no check of these columns' });
      continue;
    }
    if (!found.validated && validated !== false) {
      const how = 'the target has never looked at its old rows (NOT VALID)';
      items.differs('check', name, { code: 'check_not_valid', how });
      continue;
    }
    const asked = askedOf({ check, found }, tables);
    const same = asked && sameCheck(asked);
    if (same === false) {
      const how = `"${found.name}" lets other rows in: both were tried on values around what they name`;
      items.differs('check', name, { code: 'check_differs', how });
    } else if (bare(found.expression ?? '') === bare(expression)) {
      items.same('check', name);
    } else if (same === true) {
      items.mapped('check', name, `"${found.name}", in other words; both let in the same of the rows that were tried`);
    } else items.mapped('check', name, `"${found.name}", in other words; what they mean is not compared`);
  }
}

/** What `compareChecks` will ask for. */
export function askedChecks(tables: Pick<ChecksCompared, 'drafted' | 'existing' | 'naming'>): AskedCheck[] {
  return pairChecks(tables).flatMap((pair) => askedOf(pair, tables) ?? []);
}

/** Checks of the source and those of the target: by their words, else by name, else by the columns that they are about. */
function pairChecks({
  drafted,
  existing,
  naming,
}: Pick<ChecksCompared, 'drafted' | 'existing' | 'naming'>): PairedCheck[] {
  const free = new Set(existing.constraints.filter(({ kind }) => kind === 'c'));
  const take = (fits: (there: ExistingConstraint) => boolean): ExistingConstraint | undefined => {
    const found = [...free].find(fits);
    if (found !== undefined) free.delete(found);
    return found;
  };
  return drafted.checks.map((check) => {
    const { name, expression } = check;
    const targets = mentioned(drafted, expression).map((target) => naming.column(target) ?? target);
    const columns = targets.toSorted().join('\0');
    const found =
      take((there) => bare(there.expression ?? '') === bare(expression)) ??
      take((there) => there.name === name) ??
      take((there) => there.columns.toSorted().join('\0') === columns);
    return { check, ...(found && { found }) };
  });
}

/** Undefined where a column has another name in the target, so that one of the conditions could not be read there. */
function askedOf(
  { check, found }: PairedCheck,
  { drafted, existing, naming }: Pick<ChecksCompared, 'drafted' | 'existing' | 'naming'>,
): AskedCheck | undefined {
  const other = found?.expression ?? undefined;
  const own = mentioned(drafted, check.expression);
  if (other === undefined || own.some((target) => naming.column(target) !== target)) return undefined;
  const names = new Set([...own, ...(found?.columns ?? [])]);
  const columns = existing.columns.filter(({ name }: ExistingColumn) => names.has(name));
  const sampled = samplesFor(columns, [check.expression, other]);
  return sampled && { one: check.expression, other, columns: sampled };
}

/** Without casts, blanks, quotes around names and parentheses. */
function bare(expression: string): string {
  return expression
    .replace(/::(?:"[^"]*"|[a-z_]+(?: [a-z]+)*)(?:\([\d,]+\))?(?:\[\])?/gi, '')
    .replace(/[\s()"]/g, '')
    .toLowerCase();
}

function mentioned({ columns }: TableMapping, expression: string): string[] {
  return columns
    .map(({ target }) => target)
    .filter((name) => {
      const word = new RegExp(String.raw`\b${name.replace(/\W/g, String.raw`\$&`)}\b`);
      return expression.includes(`"${name}"`) || word.test(expression);
    });
}
