import type { MigrationMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { quoted } from '../identifiers.js';

const ENABLE: Readonly<Record<string, string>> = { O: 'ENABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS' };

const LOUD = `
  WITH own AS (SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS sql
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = ANY($2::text[]))
  SELECT own.sql, 'TRIGGER' AS kind, t.tgname AS name, t.tgenabled AS enabled
    FROM own JOIN pg_catalog.pg_trigger t ON t.tgrelid = own.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
  UNION ALL
  SELECT own.sql, 'RULE', r.rulename, r.ev_enabled
    FROM own JOIN pg_catalog.pg_rewrite r ON r.ev_class = own.oid WHERE r.ev_enabled <> 'D'
  ORDER BY 1, 2, 3`;

/**
 * Takes triggers and rules of the application's tables out of effect, for this transaction: they are for what the
 * application does, not for rows that were there before it. Gives the statements that put each back as it was.
 */
export async function silence(session: Session, mapping: MigrationMapping): Promise<string[]> {
  const names = mapping.tables.map(({ target }) => target.name);
  const restore: string[] = [];
  for (const row of await session.rows(LOUD, [mapping.targetSchema, names])) {
    const [table, what] = [row['sql'] ?? '', `${row['kind'] ?? ''} ${quoted(row['name'] ?? '')}`];
    await session.run(`ALTER TABLE ${table} DISABLE ${what}`);
    restore.push(`ALTER TABLE ${table} ${ENABLE[row['enabled'] ?? ''] ?? 'ENABLE'} ${what}`);
  }
  return restore;
}
