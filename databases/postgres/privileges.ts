import type { Session } from './connect.js';
import { quoted } from './identifiers.js';
import type { SchemaObject } from './schema-objects.js';

/** Objects named in one GRANT. */
const OBJECTS_PER_GRANT = 100;

/** Relations, types and routines in the target schema that were just moved there. */
export interface MovedObjects {
  readonly schema: string;
  /** Named in the target schema. */
  readonly objects: readonly SchemaObject[];
  /** Qualified names of owned sequences: they moved with their tables, but have privileges of their own. */
  readonly ownedSequences: readonly string[];
}

/** Who owns things that are made in the schema: its owner where the login is that role's member, else the login. */
export async function ownerFor(session: Session, schema: string): Promise<{ login: string; owner: string }> {
  const [row] = await session.rows(
    `SELECT current_user AS login, r.rolname AS owner,
            pg_catalog.pg_has_role(r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS may
       FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname = $1`,
    [schema],
  );
  const login = row?.['login'] ?? '';
  const owner = row?.['owner'] ?? login;
  // Predefined roles, such as pg_database_owner of "public", own nothing.
  return { login, owner: row?.['may'] === 't' && !owner.startsWith('pg_') ? owner : login };
}

/** GRANTs of the default privileges that SET SCHEMA does not apply, then the change of owner where there is one. */
export async function privilegeStatements(session: Session, moved: MovedObjects): Promise<string[]> {
  const { login, owner } = await ownerFor(session, moved.schema);
  const defaults = await session.rows(
    `SELECT d.defaclobjtype AS kind, coalesce(r.rolname, '') AS grantee, a.is_grantable AS grantable,
            pg_catalog.string_agg(DISTINCT a.privilege_type, ', ') AS privileges
       FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_roles maker ON maker.oid = d.defaclrole
      CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a
       LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
       LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
      WHERE maker.rolname IN ($1, $2) AND (d.defaclnamespace = 0 OR n.nspname = $3)
        AND (a.grantee = 0 OR r.rolname IS NOT NULL AND r.rolname NOT IN ($1, $2))
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [login, owner, moved.schema],
  );
  const grants = defaults.flatMap((row) => {
    const grantee = row['grantee'] === '' ? 'PUBLIC' : quoted(row['grantee'] ?? '');
    const option = row['grantable'] === 't' ? ' WITH GRANT OPTION' : '';
    return grantTargets(moved, row['kind'] ?? '').map(
      (on) => `GRANT ${row['privileges'] ?? ''} ON ${on} TO ${grantee}${option}`,
    );
  });
  if (owner === login) return grants;
  return [...grants, ...moved.objects.map((object) => `ALTER ${object.kind} ${object.sql} OWNER TO ${quoted(owner)}`)];
}

/** "TABLE a, b", … for a kind of pg_default_acl. */
function grantTargets(moved: MovedObjects, kind: string): string[] {
  const named = (pattern: RegExp): string[] =>
    moved.objects.filter((object) => pattern.test(object.kind)).map((object) => object.sql);
  const [word, names] = ((): [string, string[]] => {
    if (kind === 'r') return ['TABLE', named(/TABLE|VIEW/)];
    if (kind === 'S') return ['SEQUENCE', [...named(/SEQUENCE/), ...moved.ownedSequences]];
    if (kind === 'T') return ['TYPE', named(/TYPE|DOMAIN/)];
    if (kind === 'f') return ['ROUTINE', named(/FUNCTION|PROCEDURE|AGGREGATE/)];
    return ['', []];
  })();
  const parts: string[] = [];
  for (let at = 0; at < names.length; at += OBJECTS_PER_GRANT) {
    parts.push(`${word} ${names.slice(at, at + OBJECTS_PER_GRANT).join(', ')}`);
  }
  return parts;
}
