import type { Finding } from '../../contracts/migration.js';
import type { ExistingConstraint } from './constraints.js';
import { isServerError, SQLSTATE } from './errors.js';
import { finding } from './findings.js';
import { quoted } from './identifiers.js';
import { objectName } from './shadow-table.js';
import type { ShadowTable } from './shadow-table.js';
import { expressionSql } from './sql-guards.js';

/** Adds each check NOT VALID, then validates it; where rows violate it, it stays NOT VALID and a finding counts them. */
export async function addChecks(at: ShadowTable, constraints: readonly ExistingConstraint[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of at.table.checks) {
    const there = constraints.find((constraint) => constraint.kind === 'c' && constraint.name === check.name);
    const name = quoted(check.name);
    const expression = expressionSql(check.expression);
    if (there?.validated === true || (there !== undefined && check.validated === false)) continue;
    if (there === undefined)
      await at.session.run(`ALTER TABLE ${at.sql} ADD CONSTRAINT ${name} CHECK ${expression} NOT VALID`);
    if (check.validated === false) continue;
    const violators = await validate(at, name, expression);
    if (violators === undefined) continue;
    const detail = `Check "${check.name}" is NOT VALID: ${violators} rows violate it.`;
    findings.push(finding('check_not_valid', `${objectName(at.table)}.${check.name}`, { count: violators, detail }));
  }
  return findings;
}

/** Undefined when the check holds for all rows. */
async function validate(at: ShadowTable, name: string, expression: string): Promise<number | undefined> {
  try {
    await at.session.run(`ALTER TABLE ${at.sql} VALIDATE CONSTRAINT ${name}`);
    return undefined;
  } catch (error) {
    if (!isServerError(error)) throw error;
    // Class 22: the expression itself fails on a value; how many rows do that cannot be counted.
    if (error.code.startsWith('22')) return 1;
    if (error.code !== SQLSTATE.checkViolation) throw error;
    const [row] = await at.session.rows(`SELECT count(*) AS count FROM ${at.sql} WHERE NOT ${expression}`);
    return Number(row?.['count']);
  }
}
