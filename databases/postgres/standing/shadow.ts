import { shadowSchema } from '../../../contracts/names.js';
import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { isServerError, SQLSTATE } from '../errors.js';
import { qualified, quoted, quotedList } from '../identifiers.js';
import { inTransaction } from '../session-pool.js';
import type { ShadowTable } from '../shadow-table.js';

/** What the application's own table asks of its rows, beyond the types of its columns. */
export interface OwnRule {
  readonly name: string;
  /** As `unique` or `exclusion` an index stands behind it. */
  readonly kind: 'check' | 'unique' | 'exclusion';
  /** Of a check its expression; of the others what follows their name in the statement that makes them. */
  readonly sql: string;
  /** Of a unique index: its parts, and the rows that it holds. */
  readonly parts?: readonly string[];
  readonly where?: string;
}

/**
 * Tables of the shadow: the planned columns of the application's own, with their very types, and nothing that would
 * refuse or change a row on its way. What is there stays.
 */
export async function makeShadowTables(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  const shadow = shadowSchema(hash);
  for (const table of mapping.tables) {
    const name = qualified(shadow, table.target.name);
    const [there] = await session.rows(`SELECT pg_catalog.to_regclass($1) AS oid`, [name]);
    if (there?.['oid'] !== null) continue;
    const columns = quotedList(table.columns.map(({ target }) => target));
    const own = qualified(table.target.schema, table.target.name);
    const solid = table.columns.filter(({ nullable }) => !nullable);
    const notNull = solid.map(({ target }) => `ALTER ${quoted(target)} SET NOT NULL`).join(', ');
    await inTransaction(session, () =>
      session.run(
        `CREATE TABLE ${name} AS SELECT ${columns} FROM ${own} WITH NO DATA${notNull === '' ? '' : `; ALTER TABLE ${name} ${notNull}`}`,
      ),
    );
  }
}

/** Unique indexes and exclusion constraints that rows of the shadow violate stay away: `ownViolations` names them. */
export async function buildOwnKeys({ session, shadow, table, sql }: ShadowTable): Promise<number> {
  const made = await namesIn(session, shadow, table);
  let keys = 0;
  for (const rule of await ownRules(session, table)) {
    if (rule.kind === 'check' || made.has(rule.name)) continue;
    keys += (await tryMake(session, rule, sql)) ? 1 : 0;
  }
  await session.run(`ANALYZE ${sql}`);
  return keys;
}

async function tryMake(session: Session, rule: OwnRule, table: string): Promise<boolean> {
  const name = quoted(rule.name);
  const make =
    rule.kind === 'unique'
      ? `CREATE UNIQUE INDEX ${name} ON ${table} USING ${rule.sql}`
      : `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${rule.sql}`;
  try {
    await session.run(make);
    return true;
  } catch (error) {
    const refusing = [SQLSTATE.uniqueViolation, SQLSTATE.exclusionViolation, SQLSTATE.programLimit];
    if (isServerError(error) && refusing.some((state) => state === error.code)) return false;
    throw error;
  }
}

/** Names of the indexes on a table of the shadow. */
export async function namesIn(session: Session, shadow: string, table: TableMapping): Promise<Set<string>> {
  const rows = await session.rows(
    'SELECT indexname AS name FROM pg_catalog.pg_indexes WHERE schemaname = $1 AND tablename = $2',
    [shadow, table.target.name],
  );
  return new Set(rows.map((row) => row['name'] ?? ''));
}

/** Columns of an index that are plain ones, and those that its expressions and its predicate name. */
const INDEXED = `
  SELECT k.number FROM unnest(x.indkey::int2[]) AS k(number) WHERE k.number <> 0
  UNION SELECT d.refobjsubid FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
    AND d.objid = x.indexrelid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = x.indrelid`;

const RULES = `
  SELECT i.relname AS name, 'unique' AS kind, pg_catalog.pg_get_indexdef(x.indexrelid) AS sql, m.amname AS method,
         (SELECT json_agg(pg_catalog.pg_get_indexdef(x.indexrelid, k, false) ORDER BY k)
            FROM pg_catalog.generate_series(1, x.indnkeyatts) AS k) AS parts,
         pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS condition,
         ARRAY(SELECT number::int FROM (${INDEXED}) AS u) AS numbers
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_am m ON m.oid = i.relam
   WHERE x.indrelid = $1::regclass AND x.indisunique AND x.indisvalid AND NOT x.indisexclusion
  UNION ALL
  SELECT k.conname, CASE k.contype WHEN 'c' THEN 'check' ELSE 'exclusion' END,
         CASE k.contype WHEN 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) ELSE pg_catalog.pg_get_constraintdef(k.oid) END,
         NULL, NULL, NULL,
         ARRAY(SELECT d.refobjsubid FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = k.oid
                  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = k.conrelid AND d.refobjsubid > 0)
    FROM pg_catalog.pg_constraint k
   WHERE k.conrelid = $1::regclass AND k.contype IN ('c', 'x') AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'`;

/**
 * What the application's own table asks of its rows, as far as it can be asked of the shadow: a rule that names a
 * column which only the target fills is asked by the target itself, when the rows are put in place.
 */
export async function ownRules(session: Session, table: TableMapping): Promise<OwnRule[]> {
  const own = qualified(table.target.schema, table.target.name);
  const rows = await session.rows(
    `SELECT r.name, r.kind, r.sql, r.method, r.parts, r.condition FROM (${RULES}) AS r
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::regclass
         AND a.attnum = ANY (r.numbers) AND a.attname <> ALL ($2::text[])) ORDER BY 1`,
    [own, table.columns.map(({ target }) => target)],
  );
  return rows.map((row) => {
    const kind = row['kind'] as OwnRule['kind'];
    const parts = row['parts'];
    return {
      name: row['name'] ?? '',
      kind,
      sql: kind === 'unique' ? behindUsing(row['sql'] ?? '', row['method'] ?? '') : (row['sql'] ?? ''),
      ...(parts !== null && parts !== undefined && { parts: JSON.parse(parts) as string[] }),
      ...(row['condition'] !== null && row['condition'] !== undefined && { where: row['condition'] }),
    };
  });
}

/** What names the index and its table stands in front of it. */
function behindUsing(definition: string, method: string): string {
  const lead = ` USING ${method} (`;
  return definition.slice(definition.indexOf(lead) + ' USING '.length);
}
