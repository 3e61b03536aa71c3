import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Finding } from '../../../contracts/migration.js';
import type { Session } from '../connect.js';
import { finding } from '../findings.js';
import { qualified, quoted } from '../identifiers.js';
import { objectName, shadowTable } from '../shadow-table.js';
import type { ShadowTable } from '../shadow-table.js';
import { standingProblems } from './check.js';
import { namesIn, ownRules } from './shadow.js';
import type { OwnRule } from './shadow.js';
import { plainType, standingTables, TYPE, wordsOfType } from './tables.js';

/**
 * The plan against the application's own tables, the shadow against the plan, and the shadow's rows against what those
 * tables ask of theirs. Everything that would keep rows out is told here, before a row is put in place.
 */
export async function compareStanding(
  session: Session,
  hash: string,
  mapping: MigrationMapping,
): Promise<{ objects: number; findings: Finding[] }> {
  const problems = standingProblems(mapping, await standingTables(session, mapping.targetSchema));
  const findings = problems.map((detail) => refused('structure_differs', mapping.targetSchema, { count: 1, detail }));
  let objects = 0;
  for (const table of mapping.tables) {
    const at = shadowTable(session, hash, table);
    objects += 1 + table.columns.length;
    findings.push(...(await compareShadow(at)));
    if (problems.length > 0) continue;
    const rules = await ownRules(session, table);
    objects += rules.length;
    findings.push(...(await brokenRules(at, rules)), ...(await orphans(at, mapping)));
  }
  return { objects, findings: numbered(findings) };
}

/** Nobody can accept what the target would refuse. */
function refused(
  code: 'structure_differs' | 'constraint_violated',
  object: string,
  parts: { count: number; detail: string },
): Finding {
  return { ...finding(code, object, parts), disposition: 'refused' };
}

/** Ids differ where more than one thing is said of an object. */
function numbered(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, number>();
  return findings.map((each) => {
    const before = seen.get(each.id) ?? 0;
    seen.set(each.id, before + 1);
    return before === 0 ? each : { ...each, id: `${each.id}:${String(before + 1)}` };
  });
}

async function compareShadow({ session, shadow, table }: ShadowTable): Promise<Finding[]> {
  const rows = await session.rows(
    `SELECT a.attname AS name, a.attnotnull AS not_null, ${TYPE.columns}
       FROM pg_catalog.pg_attribute a ${TYPE.joins}
      WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
    [qualified(shadow, table.target.name)],
  );
  const there = new Map(rows.map((row) => [row['name'] ?? '', row]));
  const wrong = table.columns.filter((column) => {
    const row = there.get(column.target);
    if (row === undefined || (row['not_null'] === 't') === column.nullable) return true;
    return (column.kind === 'native' ? wordsOfType(row) : plainType(row)) !== column.type;
  });
  const names = wrong.map(({ target }) => `${objectName(table)}.${target}`);
  if (there.size !== table.columns.length) names.push(objectName(table));
  return names.map((object) =>
    refused('structure_differs', object, { count: 1, detail: `In the shadow, "${object}" is not as planned.` }),
  );
}

async function brokenRules(at: ShadowTable, rules: readonly OwnRule[]): Promise<Finding[]> {
  const made = await namesIn(at.session, at.shadow, at.table);
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.kind !== 'check' && made.has(rule.name)) continue;
    const count = await countOf(at, rule);
    if (count > 0) findings.push(violated(at.table, rule, count));
  }
  return findings;
}

const WORDS = {
  check: ['the check', 'rows do not meet it'],
  unique: ['the unique index', 'keys occur more than once'],
  exclusion: ['the exclusion constraint', 'rows exclude each other'],
} as const;

function violated(table: TableMapping, rule: OwnRule, count: number): Finding {
  const [what, how] = WORDS[rule.kind];
  const detail = `The application's own table "${objectName(table)}" refuses rows by ${what} "${rule.name}": ${String(count)} ${how}.`;
  return refused('constraint_violated', `${objectName(table)}.${rule.name}`, { count, detail });
}

/** How many rows break the rule, or of a unique index how many keys do. One that cannot be counted counts as one. */
async function countOf({ session, sql }: ShadowTable, rule: OwnRule): Promise<number> {
  if (rule.kind === 'exclusion') return 1;
  const where = rule.where === undefined ? 'true' : `(${rule.where})`;
  const parts = rule.parts ?? [];
  const present = parts.map((part) => `(${part}) IS NOT NULL`).join(' AND ');
  const query =
    rule.kind === 'check'
      ? `SELECT count(*) AS count FROM ${sql} WHERE NOT (${rule.sql})`
      : `SELECT count(*) AS count FROM (SELECT 1 FROM ${sql} WHERE ${where} AND ${present} GROUP BY ${parts.join(', ')} HAVING count(*) > 1) AS twice`;
  const [row] = await session.rows(query);
  const count = Number(row?.['count']);
  return rule.kind === 'check' ? count : Math.max(1, count);
}

interface OwnReference {
  readonly name: string;
  readonly columns: readonly string[];
  readonly schema: string;
  readonly referenced: string;
  readonly referencedColumns: readonly string[];
}

const namesOf = (numbers: string, table: string): string =>
  `(SELECT json_agg(a.attname ORDER BY u.position) FROM unnest(${numbers}) WITH ORDINALITY AS u(number, position)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = ${table} AND a.attnum = u.number)`;

async function referencesOf(session: Session, table: TableMapping): Promise<OwnReference[]> {
  const rows = await session.rows(
    `SELECT k.conname AS name, n.nspname AS schema, r.relname AS referenced,
            ${namesOf('k.conkey', 'k.conrelid')} AS columns, ${namesOf('k.confkey', 'k.confrelid')} AS referenced_columns
       FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
      WHERE k.conrelid = $1::regclass AND k.contype = 'f' AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
      ORDER BY k.conname`,
    [qualified(table.target.schema, table.target.name)],
  );
  return rows.map((row) => ({
    name: row['name'] ?? '',
    schema: row['schema'] ?? '',
    referenced: row['referenced'] ?? '',
    columns: JSON.parse(row['columns'] ?? '[]') as string[],
    referencedColumns: JSON.parse(row['referenced_columns'] ?? '[]') as string[],
  }));
}

/** Rows that refer to none: of a table of the plan in the shadow, of any other where it stands. */
async function orphans(at: ShadowTable, mapping: MigrationMapping): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of await referencesOf(at.session, at.table)) {
    const planned =
      key.schema === mapping.targetSchema
        ? mapping.tables.find(({ target }) => target.name === key.referenced)
        : undefined;
    const known = (table: TableMapping, columns: readonly string[]): boolean =>
      columns.every((name) => table.columns.some(({ target }) => target === name));
    if (!known(at.table, key.columns) || (planned && !known(planned, key.referencedColumns))) continue;
    const count = await countOrphans(at, key, qualified(planned ? at.shadow : key.schema, key.referenced));
    if (count === 0) continue;
    const detail = `The application's own table "${objectName(at.table)}" refuses rows by the foreign key "${key.name}": ${String(count)} refer to rows of "${key.referenced}" that are not there.`;
    findings.push(refused('constraint_violated', `${objectName(at.table)}.${key.name}`, { count, detail }));
  }
  return findings;
}

async function countOrphans({ session, sql }: ShadowTable, key: OwnReference, parent: string): Promise<number> {
  const present = key.columns.map((column) => `c.${quoted(column)} IS NOT NULL`).join(' AND ');
  const equal = key.columns
    .map((column, at) => `p.${quoted(key.referencedColumns[at] ?? '')} = c.${quoted(column)}`)
    .join(' AND ');
  const [row] = await session.rows(
    `SELECT count(*) AS count FROM ${sql} AS c WHERE ${present} AND NOT EXISTS (SELECT FROM ${parent} AS p WHERE ${equal})`,
  );
  return Number(row?.['count']);
}
