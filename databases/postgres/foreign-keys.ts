import { shadowSchema } from '../../contracts/names.js';
import type { ForeignKeyMapping, MigrationMapping } from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import type { Session } from './connect.js';
import { constraintsIn } from './constraints.js';
import type { ExistingConstraint } from './constraints.js';
import { isServerError, SQLSTATE } from './errors.js';
import { finding } from './findings.js';
import { qualified, quoted, quotedList } from './identifiers.js';
import { objectName, shadowTable } from './shadow-table.js';
import type { ShadowTable } from './shadow-table.js';

/** All foreign keys of the plan, between shadow tables. Where rows violate one, it stays NOT VALID with a finding. */
export async function addForeignKeys(
  session: Session,
  hash: string,
  mapping: MigrationMapping,
): Promise<{ foreignKeys: number; findings: Finding[] }> {
  const constraints = await constraintsIn(session, shadowSchema(hash));
  const findings: Finding[] = [];
  let foreignKeys = 0;
  for (const table of mapping.tables) {
    const there = constraints.get(table.target.name) ?? [];
    for (const key of table.foreignKeys) {
      foreignKeys += 1;
      findings.push(...(await addForeignKey(shadowTable(session, hash, table), key, there)));
    }
  }
  return { foreignKeys, findings };
}

async function addForeignKey(
  at: ShadowTable,
  key: ForeignKeyMapping,
  constraints: readonly ExistingConstraint[],
): Promise<Finding[]> {
  const there = constraints.find((constraint) => constraint.kind === 'f' && constraint.name === key.name);
  if (there?.validated === true || (there !== undefined && key.validated === false)) return [];
  const name = quoted(key.name);
  const referenced = qualified(at.shadow, key.targetTable.name);
  const add = `ALTER TABLE ${at.sql} ADD CONSTRAINT ${name} FOREIGN KEY (${quotedList(key.columns)})
         REFERENCES ${referenced} (${quotedList(key.targetColumns)})
         ${clausesOf(key)}`;
  // A partitioned table has no foreign key that is NOT VALID: where rows violate it, there is none.
  const atOnce = at.table.partitions !== undefined && key.validated !== false;
  if (there === undefined && !atOnce) await at.session.run(`${add} NOT VALID`);
  if (key.validated === false) return [];
  try {
    await at.session.run(atOnce ? add : `ALTER TABLE ${at.sql} VALIDATE CONSTRAINT ${name}`);
    return [];
  } catch (error) {
    if (!isServerError(error) || error.code !== SQLSTATE.foreignKeyViolation) throw error;
  }
  const count = await countOrphans(at, key);
  const detail = `Foreign key "${key.name}" is NOT VALID: ${count} rows refer to rows of "${key.targetTable.name}" that are not there.`;
  return [finding('foreign_key_not_valid', `${objectName(at.table)}.${key.name}`, { count, detail })];
}

function clausesOf({ match, onDelete, onUpdate, onDeleteColumns, deferrable }: ForeignKeyMapping): string {
  const columns = onDeleteColumns === undefined ? '' : ` (${quotedList(onDeleteColumns)})`;
  const deferred = deferrable === undefined ? '' : ` DEFERRABLE INITIALLY ${deferrable}`;
  const full = match === undefined ? '' : `MATCH ${match} `;
  return `${full}ON DELETE ${onDelete}${columns} ON UPDATE ${onUpdate}${deferred}`;
}

async function countOrphans(at: ShadowTable, key: ForeignKeyMapping): Promise<number> {
  const present = key.columns.map((column) => `c.${quoted(column)} IS NOT NULL`).join(' AND ');
  const equal = key.columns
    .map((column, at) => `p.${quoted(key.targetColumns[at] ?? '')} = c.${quoted(column)}`)
    .join(' AND ');
  const [row] = await at.session.rows(
    `SELECT count(*) AS count FROM ${at.sql} AS c
      WHERE ${present} AND NOT EXISTS (SELECT FROM ${qualified(at.shadow, key.targetTable.name)} AS p WHERE ${equal})`,
  );
  return Number(row?.['count']);
}
