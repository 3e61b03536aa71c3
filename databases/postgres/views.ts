import { shadowSchema } from '../../contracts/names.js';
import type { MigrationMapping, ValueKind, ViewMapping } from '../../contracts/mapping.js';
import type { MadeView } from '../target.js';
import type { Session } from './connect.js';
import { isServerError } from './errors.js';
import { qualified, quoted, quotedList } from './identifiers.js';
import { inTransaction } from './session-pool.js';
import { refusedPart } from './sql-guards.js';

/** Kinds of what a view's column may give, by the type's own name. */
const KINDS: Readonly<Record<string, ValueKind>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'float4',
  float8: 'float8',
  bool: 'boolean',
  text: 'text',
  citext: 'text',
  varchar: 'text',
  bpchar: 'text',
  bytea: 'bytes',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  time: 'time',
  interval: 'interval',
  json: 'json',
  jsonb: 'json',
  _text: 'text_array',
  bit: 'bit',
  uuid: 'uuid',
};

/** The server's own message may hold what is none of a plan's business. */
const REFUSALS: Readonly<Record<string, string>> = {
  '42601': 'its syntax',
  '42702': 'a column is ambiguous',
  '42703': 'a column is not there',
  '42725': 'a function is ambiguous',
  '42803': 'a column is neither grouped nor aggregated',
  '42804': 'types do not fit together',
  '42846': 'a cast between its types does not exist',
  '42883': 'a function or operator for its types does not exist',
  '42P01': 'a table or view that it reads is not there',
  '42P10': 'an order that names none of its columns',
  '42P22': 'the collation of a text is not clear',
};

/** Those that stand on others first. */
export async function dropViews(session: Session, hash: string, mapping: MigrationMapping): Promise<void> {
  if (mapping.views.length === 0) return;
  const drops = mapping.views.map((view) => dropSql(hash, view)).reverse();
  await inTransaction(session, () => session.run(drops.join('; ')));
}

export async function dropView(session: Session, hash: string, view: ViewMapping): Promise<void> {
  await session.run(dropSql(hash, view));
}

function dropSql(hash: string, view: ViewMapping): string {
  return `DROP ${wordFor(view)} IF EXISTS ${qualified(shadowSchema(hash), view.target.name)} RESTRICT`;
}

function wordFor({ materialized }: ViewMapping): string {
  return materialized === undefined ? 'VIEW' : 'MATERIALIZED VIEW';
}

/** Its names are found by the search path, the shadow first, and bound: the view follows its tables when they move. */
export async function makeView(session: Session, hash: string, view: ViewMapping): Promise<MadeView> {
  const shadow = shadowSchema(hash);
  try {
    await inTransaction(session, () => session.one(createSql(shadow, view)));
  } catch (error) {
    // Class 42: it does not fit the tables; 0A: a view cannot hold it; 22: an option, or the query of one that keeps rows.
    if (!isServerError(error) || !/^(?:42|0A|22)/.test(error.code)) throw error;
    const means = REFUSALS[error.code];
    return { made: false, reason: `PostgreSQL refuses it: ${means ?? 'it is no valid view'} (SQLSTATE ${error.code})` };
  }
  return { made: true, columns: await columnsOf(session, shadow, view.target.name) };
}

const OPTION = /^([a-z_]+)=([a-z]+|\d+)$/;

function createSql(shadow: string, view: ViewMapping): string {
  const columns = quotedList(view.columns.map((column) => column.target));
  const options = (view.options ?? []).map((option) => {
    if (OPTION.test(option)) return option;
    throw refusedPart('use the option of a view', option, 'it is no option that PostgreSQL prints');
  });
  const settings = options.length === 0 ? '' : ` WITH (${options.join(', ')})`;
  const filled = view.materialized?.populated === false ? ' WITH NO DATA' : '';
  return `CREATE ${wordFor(view)} ${qualified(shadow, view.target.name)} (${columns})${settings} AS ${view.query}${filled}`;
}

async function columnsOf(
  session: Session,
  schema: string,
  name: string,
): Promise<{ name: string; type: string; kind: ValueKind | undefined; native: string }[]> {
  const rows = await session.rows(
    `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
            CASE WHEN t.typtype = 'e' THEN 'enum' ELSE t.typname END AS base,
            NOT EXISTS (SELECT FROM pg_catalog.pg_type u WHERE u.typnamespace <> 'pg_catalog'::regnamespace
              AND (u.oid = t.oid OR u.typarray = t.oid)) AS built_in
       FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [schema, name],
  );
  return rows.map((row) => {
    const base = row['base'] ?? '';
    const type = row['type'] ?? '';
    return { name: row['name'] ?? '', type, kind: kindOf(base), native: row['built_in'] === 't' ? type : quoted(base) };
  });
}

/** By the type's own name; "enum" for any of labels. */
export function kindOf(base: string): ValueKind | undefined {
  return base === 'enum' ? 'enum' : Object.hasOwn(KINDS, base) ? KINDS[base] : undefined;
}
