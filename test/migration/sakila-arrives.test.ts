import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasMariadb, sakilaFolder, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { mysql8, startPrivateMysql } from '../databases/mysql-server.js';
import { installedServers, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { startMigrate, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { freshDatabase, leftovers } from './harness.js';

type Where = ReturnType<typeof installedServers>[number];
type Texts = (string | null)[];

const mysql = await mysql8();

interface Origin {
  readonly title: string;
  /** Absent: it could not be had. */
  readonly start?: () => Promise<PrivateMariadb>;
  readonly targets: readonly Where[];
}

const origins: readonly Origin[] = [
  { title: 'MariaDB', ...(hasMariadb && { start: startPrivateMariadb }), targets: installedServers() },
  'missing' in mysql
    ? { title: `MySQL 8.0: SKIPPED, ${mysql.missing}`, targets: ['embedded'] }
    : { title: 'MySQL 8.0', start: () => startPrivateMysql(mysql.folder), targets: ['embedded'] },
];

describe.each(origins)('Sakila from $title', (origin) => {
  const { start, targets } = origin;
  let server: PrivateMariadb | undefined;
  let source: Connection | undefined;
  let debian: TestServer | undefined;
  const arrived = new Map<Where, { readonly target: TestDatabase; readonly ran: Ran }>();

  beforeAll(async () => {
    if (start === undefined || sakilaFolder === undefined) return;
    const started = await start();
    server = started;
    for (const part of ['schema', 'data']) {
      await started.script(`\nSOURCE ${join(sakilaFolder, `sakila-${part}.sql`)}`);
    }
    source = await started.connect('sakila');
    if (targets.includes('debian')) debian = await startTestServer('debian');
    await Promise.all(
      targets.map(async (where) => {
        const target = await freshDatabase(where === 'debian' && debian ? urlOf(debian.endpoint) : undefined);
        const from = urlOf(started.endpoint('sakila'));
        arrived.set(where, { target, ran: await startMigrate({ source: from, target: target.url }, '--yes').ended });
      }),
    );
  });
  beforeEach(({ skip }) => {
    skip(start === undefined || sakilaFolder === undefined, origin.title);
  });
  afterAll(async () => {
    for (const { target } of arrived.values()) await target.drop();
    await source?.end();
    await debian?.stop();
    await server?.stop();
  });

  it('says what a login with SELECT alone cannot see, and which GRANT mends it', async () => {
    const own = server ?? expect.unreachable();
    await own.script("CREATE USER reader@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON sakila.* TO reader@'%'");
    const target = await freshDatabase();
    const plan = ['--dry-run', '--include', 'language'];
    const running = startMigrate({ source: urlOf(own.endpoint('sakila', 'reader')), target: target.url }, ...plan);
    const { exit, json, stderr } = await running.ended;
    await target.drop();
    expect(exit, stderr).toBe(0);
    expect(json.findings.filter(({ code }) => code === 'cannot_see').length).toBeGreaterThan(0);
    expect(stderr).toMatch(/mend: .*GRANT/);
  });

  describe.each(targets)('in PostgreSQL, %s', (where) => {
    const seen = (): { readonly target: TestDatabase; readonly ran: Ran } => {
      const found = arrived.get(where);
      return found ?? expect.unreachable('the migration did not run');
    };

    it('ends with exit 0, and what it leaves behind is named', () => {
      const { ran } = seen();
      expect(ran.exit, ran.stderr).toBe(0);
      expect(ran.json.status).toBe('proven');
      expect(ran.json.tables).toHaveLength(16);
      const kinds = new Set(ran.json.notMigrated.map(({ kind }) => kind));
      for (const kind of ['trigger', 'routine']) expect(kinds).toContain(kind);
      expect(ran.json.notMigrated.filter(({ kind }) => kind === 'view')).toEqual([]);
      const names = ran.json.notMigrated.map(({ name }) => name).join('\n');
      for (const name of ['ins_film', 'rewards_report', 'film_in_stock']) expect(names).toContain(name);
      // Functions were called on both sides; a trigger needs a replica.
      expect(names).not.toContain('inventory_in_stock');
      expect(names).not.toContain('get_customer_balance');
      for (const { reason } of ran.json.notMigrated) expect(reason).not.toBe('');
    });

    // [edge 73]
    it('says that a MyISAM table stands outside the snapshot, and accepts nothing', () => {
      const outside = seen().ran.json.findings.filter(({ code }) => code === 'outside_snapshot');
      expect(outside).toMatchObject([{ object: 'sakila.film_text', disposition: 'listed' }]);
      expect(seen().ran.json.findings.filter(({ disposition }) => disposition !== 'listed')).toEqual([]);
    });

    it('holds, in every column of every row, what an independent query finds in the source', async () => {
      const { target, ran } = seen();
      for (const table of ran.json.tables) {
        const name = table.source.replace('sakila.', '');
        const [from, to] = await Promise.all([
          rowsOfSource(source ?? expect.unreachable(), name),
          rowsOfTarget(target, name),
        ]);
        expect(to.columns, name).toEqual(from.columns);
        expect(to.rows, name).toEqual(from.rows);
        expect(table.targetRows).toBe(from.rows.length);
      }
    });

    it('has all seven views, and each gives what it gives in the source', async () => {
      const { target } = seen();
      const views = await target.query(
        `SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'public' ORDER BY 1`,
      );
      expect(views.map(({ name }) => name)).toEqual(VIEWS);
      for (const view of VIEWS) {
        const [from, to] = await Promise.all([
          rowsOfSource(source ?? expect.unreachable(), view),
          rowsOfTarget(target, view),
        ]);
        expect(to.columns, view).toEqual(from.columns.map((column) => column.toLowerCase()));
        expect(inAnyOrder(to.rows), view).toEqual(inAnyOrder(from.rows));
      }
    });

    // [edge 56]
    it('has the foreign keys, the cycle of store and staff too, all validated; enum, default, identity', async () => {
      const { target } = seen();
      const keys = await target.query(
        `SELECT conrelid::regclass::text || '>' || confrelid::regclass::text AS key, convalidated AS valid
           FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
      );
      expect(keys).toHaveLength(22);
      expect(keys.every(({ valid }) => valid === true)).toBe(true);
      const names = keys.map(({ key }) => key);
      expect(names).toContain('store>staff');
      expect(names).toContain('staff>store');
      const [made] = await target.query(
        `INSERT INTO film (title, language_id) VALUES ('NEW', 1) RETURNING film_id, rating::text, rental_rate::text, rental_duration::text AS days`,
      );
      expect(made).toMatchObject({ rating: 'G', rental_rate: '4.99', days: '3' });
      expect(Number(made?.['film_id'])).toBe(1001);
      await expect(target.query("UPDATE film SET rating = 'X' WHERE film_id = 1")).rejects.toThrow(/enum/);
      expect(await leftovers(target)).toEqual([]);
    });
  });
});

const VIEWS = [
  'actor_info',
  'customer_list',
  'film_list',
  'nicer_but_slower_film_list',
  'sales_by_film_category',
  'sales_by_store',
  'staff_list',
];

/** Two of the views list a film's actors in an order that nobody fixed. */
function inAnyOrder(rows: readonly Texts[]): string[] {
  const texts = rows.map((row) => row.map((text) => text?.split(', ').sort().join(', ') ?? null));
  return texts.map((row) => JSON.stringify(row)).sort();
}

interface TableTexts {
  readonly columns: string[];
  readonly rows: Texts[];
}

/** Rows as texts, sorted; bytes as hex. */
async function rowsOfSource(source: Connection, table: string): Promise<TableTexts> {
  await source.query("SET time_zone = '+00:00', sql_mode = ''");
  const [found] = await source.query<RowDataPacket[]>(
    'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ?',
    ['sakila', table],
  );
  const columns = found.map(({ name, type }) => ({ name: String(name), type: String(type) }));
  columns.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  const list = columns.map(({ name, type }, at) =>
    type.endsWith('blob') ? `HEX(\`${name}\`) AS c${String(at)}` : `CAST(\`${name}\` AS CHAR) AS c${String(at)}`,
  );
  const [rows] = await source.query<RowDataPacket[]>(`SELECT ${list.join(', ')} FROM \`${table}\``);
  return { columns: columns.map(({ name }) => name), rows: sorted(rows) };
}

async function rowsOfTarget(target: TestDatabase, table: string): Promise<TableTexts> {
  const found = await target.query(
    "SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
    [table],
  );
  const columns = found.map(({ name, type }) => ({ name: String(name), type: String(type) }));
  columns.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  const list = columns.map(({ name, type }, at) => `${textOf(`"${name}"`, type)} AS c${String(at)}`);
  return {
    columns: columns.map(({ name }) => name),
    rows: sorted(await target.query(`SELECT ${list.join(', ')} FROM "${table}"`)),
  };
}

/** The form in which MariaDB prints such a value. */
function textOf(column: string, type: string): string {
  switch (type) {
    case 'bytea':
      return `upper(encode(${column}, 'hex'))`;
    case 'ARRAY':
      return `array_to_string(${column}, ',')`;
    case 'boolean':
      return `${column}::int::text`;
    case 'timestamp with time zone':
      return `(${column} AT TIME ZONE 'UTC')::text`;
    default:
      return `${column}::text`;
  }
}

function sorted(rows: readonly Record<string, unknown>[]): Texts[] {
  const texts = rows.map((row) => Object.values(row).map((value) => (typeof value === 'string' ? value : null)));
  return texts.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
