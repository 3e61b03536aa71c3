import { shadowSchema } from '../../contracts/names.js';
import type { MigrationMapping, ValueKind, ViewMapping } from '../../contracts/mapping.js';
import type { MadeView } from '../target.js';
import type { Session } from './connect.js';
import { isServerError } from './errors.js';
import { qualified, quoted, quotedList } from './identifiers.js';
import { inTransaction } from './session-pool.js';

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
  const views = mapping.views.map((view) => qualified(shadowSchema(hash), view.target.name));
  if (views.length === 0) return;
  await inTransaction(session, () => session.run(`DROP VIEW IF EXISTS ${views.reverse().join(', ')} RESTRICT`));
}

export async function dropView(session: Session, hash: string, view: ViewMapping): Promise<void> {
  await session.run(`DROP VIEW IF EXISTS ${qualified(shadowSchema(hash), view.target.name)} RESTRICT`);
}

/** Its names are found in the shadow, and bound: the view follows its tables when they move. */
export async function makeView(session: Session, hash: string, view: ViewMapping): Promise<MadeView> {
  const shadow = shadowSchema(hash);
  const columns = quotedList(view.columns.map((column) => column.target));
  try {
    await inTransaction(session, () =>
      session.run(
        `SET LOCAL search_path = ${quoted(shadow)}; CREATE VIEW ${qualified(shadow, view.target.name)} (${columns}) AS ${view.query}`,
      ),
    );
  } catch (error) {
    // Class 42: it does not fit the tables; 0A: a view cannot hold it.
    if (!isServerError(error) || !/^(?:42|0A)/.test(error.code)) throw error;
    const means = REFUSALS[error.code];
    return { made: false, reason: `PostgreSQL refuses it: ${means ?? 'it is no valid view'} (SQLSTATE ${error.code})` };
  }
  return { made: true, columns: await columnsOf(session, shadow, view.target.name) };
}

async function columnsOf(
  session: Session,
  schema: string,
  name: string,
): Promise<{ name: string; type: string; kind: ValueKind | undefined }[]> {
  const rows = await session.rows(
    `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
            CASE WHEN t.typtype = 'e' THEN 'enum' ELSE t.typname END AS base
       FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [schema, name],
  );
  return rows.map((row) => {
    const base = row['base'] ?? '';
    const kind = base === 'enum' ? 'enum' : Object.hasOwn(KINDS, base) ? KINDS[base] : undefined;
    return { name: row['name'] ?? '', type: row['type'] ?? '', kind };
  });
}
