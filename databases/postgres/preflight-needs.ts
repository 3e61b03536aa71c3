import { CaravanFailure } from '../../contracts/failures.js';
import type { TargetNeeds } from '../target.js';
import type { Session } from './connect.js';
import { quoted } from './identifiers.js';

/** Things of the source's server that this server must have too. The first kind that lacks is told, all of it at once. */
export async function checkNeeds(
  session: Session,
  { database, version }: { readonly database: string; readonly version: number },
  needs: TargetNeeds,
): Promise<void> {
  const lacking = async (wanted: readonly string[], query: string): Promise<string[]> => {
    const rows = wanted.length === 0 ? [] : await session.rows(query, [wanted]);
    return rows.map((row) => row['name'] ?? '');
  };
  const extensions = await lacking(needs.extensions, LACKING_EXTENSIONS);
  refuse(database, {
    what: 'extension',
    names: extensions,
    next: `Run there: ${extensions.map(createExtension).join(' ')}`,
  });
  const next = 'Use a server that has it, or exclude the tables that need it.';
  refuse(database, { what: 'type', names: await lacking(needs.types, LACKING_TYPES), next });
  refuse(database, { what: 'collation', names: await lacking(needs.collations, LACKING_COLLATIONS), next });
  const newer = needs.newest.filter((each) => each.version > version);
  if (newer.length === 0) return;
  const names = newer.map((each) => each.what);
  throw new CaravanFailure('TARGET_VERSION', {
    attempted: 'use the target',
    on: database,
    seen: `it is PostgreSQL ${String(version)}, and ${names.join(', ')} needs ${String(Math.max(...newer.map((each) => each.version)))}`,
    facts: { names },
  });
}

const LACKING_EXTENSIONS = `SELECT w.name FROM unnest($1::text[]) AS w(name)
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = w.name) ORDER BY 1`;
const LACKING_TYPES = `SELECT w.name FROM unnest($1::text[]) AS w(name) WHERE pg_catalog.to_regtype(w.name) IS NULL ORDER BY 1`;
const LACKING_COLLATIONS = `SELECT w.name FROM unnest($1::text[]) AS w(name)
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_collation c WHERE c.collname = w.name
     AND c.collnamespace = 'pg_catalog'::regnamespace AND c.collencoding IN (-1, 6)) ORDER BY 1`;

function createExtension(name: string): string {
  return `CREATE EXTENSION ${quoted(name)};`;
}

function refuse(
  database: string,
  { what, names, next }: { readonly what: string; readonly names: readonly string[]; readonly next: string },
): void {
  if (names.length === 0) return;
  const seen = `it has no ${what} ${names.join(', ')}`;
  throw new CaravanFailure('TARGET_EXTENSION_MISSING', {
    attempted: 'use the target',
    on: database,
    seen,
    next,
    facts: { names },
  });
}
