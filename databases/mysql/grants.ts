import type { MysqlSession } from './connect.js';
import { quoteName } from './sql.js';

/** One line of SHOW GRANTS, taken apart. Password hashes that MariaDB prints behind it are never kept. */
interface Grant {
  readonly revoked: boolean;
  readonly privileges: ReadonlySet<string>;
  /** Privileges on some columns only: those columns. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly schema?: string;
  readonly table?: string;
}

const NAME = '(?:`(?:[^`]|``)+`|\\*)';
const LINE = new RegExp(`^(GRANT|REVOKE) (.+?) ON (?:TABLE )?(${NAME})\\.(${NAME}) (?:TO|FROM) `, 's');

function nameOf(text: string): string | undefined {
  return text === '*' ? undefined : text.slice(1, -1).replaceAll('``', '`');
}

/** Undefined for lines that are not about privileges on tables: roles, PROXY, procedures. */
export function parseGrant(line: string): Grant | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  const [, verb, list = '', schemaText = '', tableText = ''] = match;
  const privileges = new Set<string>();
  const columns = new Map<string, readonly string[]>();
  for (const [, name = '', inner] of list.matchAll(/([A-Za-z_ ]+?)\s*(?:\(([^)]*)\))?(?:,\s*|$)/g)) {
    const privilege = name.trim().toUpperCase();
    if (inner === undefined) privileges.add(privilege === 'ALL' ? 'ALL PRIVILEGES' : privilege);
    else
      columns.set(
        privilege,
        inner.split(',').map((each) => each.trim().replaceAll(/^`|`$/g, '').replaceAll('``', '`')),
      );
  }
  const schema = nameOf(schemaText);
  const table = nameOf(tableText);
  return {
    revoked: verb === 'REVOKE',
    privileges,
    columns,
    ...(schema !== undefined && { schema }),
    ...(table !== undefined && { table }),
  };
}

/** A database name in a grant is a LIKE pattern. */
function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  const source = pattern.replaceAll(/\\?[\s\S]/g, (part) => {
    if (part === '%') return '[\\s\\S]*';
    if (part === '_') return '[\\s\\S]';
    return part.replace(/^\\(?=.)/, '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`).test(name);
}

export interface Place {
  readonly schema: string;
  /** Absent: asks for the privilege on the whole database. */
  readonly table?: string;
}

/** What the login may do, from its grants and those of its active roles. */
export class Grants {
  readonly #grants: readonly Grant[];
  /** "'user'@'host'", for statements that mend. */
  readonly account: string;

  constructor(lines: readonly string[], account: string) {
    this.#grants = lines.map(parseGrant).filter((grant) => grant !== undefined);
    this.account = account;
  }

  /** Everywhere, or on this place. */
  has(privilege: string, place?: Place): boolean {
    let held = false;
    for (const grant of this.#grants) {
      if (!covers(grant, place)) continue;
      const listed =
        grant.privileges.has(privilege) || (grant.privileges.has('ALL PRIVILEGES') && !isDynamic(privilege));
      if (grant.revoked && listed) return false;
      held ||= listed;
    }
    // ALL PRIVILEGES on *.* holds the dynamic ones too.
    return (
      held ||
      (isDynamic(privilege) && this.#grants.some((each) => !each.schema && each.privileges.has('ALL PRIVILEGES')))
    );
  }

  /** Columns that the login may select in a table where it may not select all. */
  columns(place: Place): readonly string[] {
    return this.#grants
      .filter((grant) => grant.table === place.table && grant.schema === place.schema)
      .flatMap((grant) => grant.columns.get('SELECT') ?? []);
  }
}

/** Server-wide privileges with an underscore: FLUSH_TABLES, SHOW_ROUTINE, BACKUP_ADMIN. */
function isDynamic(privilege: string): boolean {
  return privilege.includes('_');
}

function covers(grant: Grant, place: Place | undefined): boolean {
  if (grant.schema === undefined) return true;
  if (place === undefined || !matchesPattern(grant.schema, place.schema)) return false;
  return grant.table === undefined || grant.table === place.table;
}

async function linesOf(session: MysqlSession, statement: string): Promise<string[]> {
  const rows = await session.query(statement, { attempted: 'read the grants of' });
  return rows.flatMap((row) => Object.values(row)).filter((line) => line !== null);
}

/** Active roles only: what a role that is not active allows is refused by the server too. */
export async function readGrants(session: MysqlSession): Promise<Grants> {
  const { engine, number } = session.facts;
  const [who] = await session.query('SELECT CURRENT_USER() AS account');
  const [user = '', host = '%'] = (who?.account ?? '').split(/@(?=[^@]*$)/);
  const account = `'${user.replaceAll("'", "''")}'@'${host.replaceAll("'", "''")}'`;
  let statement = 'SHOW GRANTS';
  if (engine === 'mysql' && number >= 80_000) {
    const [active] = await session.query('SELECT CURRENT_ROLE() AS roles');
    const roles = active?.roles ?? 'NONE';
    if (roles !== 'NONE' && roles !== '') statement = `SHOW GRANTS FOR CURRENT_USER() USING ${roles}`;
  }
  const lines = await linesOf(session, statement);
  // MariaDB 10.11 has grants to everybody.
  if (engine === 'mariadb' && number >= 101_100)
    lines.push(...(await linesOf(session, 'SHOW GRANTS FOR PUBLIC').catch(() => [])));
  return new Grants(lines, account);
}

/** What these grants hide of a database, with the statement that mends each. */
export function hiddenBy(grants: Grants, session: MysqlSession): { what: string; mend: string }[] {
  const schema = session.database;
  const { engine, number } = session.facts;
  const place = { schema };
  const all = `${quoteName(schema)}.*`;
  const hidden: { what: string; mend: string }[] = [];
  const ask = (what: string, privilege: string, on: string): void => {
    hidden.push({ what, mend: `GRANT ${privilege} ON ${on} TO ${grants.account}` });
  };
  if (!grants.has('SELECT', place)) ask('tables without a grant to this login', 'SELECT', all);
  if (!grants.has('SHOW VIEW', place)) ask('definitions of views', 'SHOW VIEW', all);
  if (!grants.has('TRIGGER', place)) ask('triggers', 'TRIGGER', all);
  if (!grants.has('EVENT', place)) ask('events', 'EVENT', all);
  if (engine === 'mysql' && number >= 80_020) {
    if (!grants.has('SHOW_ROUTINE') && !grants.has('SELECT')) ask('routines', 'SHOW_ROUTINE', '*.*');
  } else if (!grants.has('SELECT', { schema: 'mysql', table: 'proc' })) ask('routines', 'SELECT', '`mysql`.`proc`');
  return hidden;
}
