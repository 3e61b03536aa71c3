import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import { openSession } from '../../databases/mysql/connect.js';
import { parseGrant, Grants } from '../../databases/mysql/grants.js';
import { rulesInStatement } from '../../databases/mysql/show-create.js';
import { openMysqlSource } from '../../databases/mysql/source.js';
import { columnOf, labelsOf } from '../../databases/mysql/types.js';
import { hasMariadb, sakilaFolder, startPrivateMariadb, type PrivateMariadb } from './mariadb.js';

const ODD = String.raw`
CREATE DATABASE odd; USE odd;
CREATE TABLE d (
  id INT UNSIGNED ZEROFILL NOT NULL AUTO_INCREMENT PRIMARY KEY,
  q VARCHAR(20) DEFAULT 'it''s', bs VARCHAR(20) DEFAULT 'a\\b', n VARCHAR(9) DEFAULT 'NULL', nn VARCHAR(9) DEFAULT NULL,
  none VARCHAR(9) NOT NULL, nl VARCHAR(9) DEFAULT 'x\ny', dec1 DECIMAL(6,2) UNSIGNED DEFAULT 1.50, b BIT(3) DEFAULT b'101',
  ts TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP() ON UPDATE CURRENT_TIMESTAMP(), ts3 DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3),
  u CHAR(36) DEFAULT UUID(), ex INT DEFAULT (1 + 2), en ENUM('a,b','c''d','e\\f','','é') DEFAULT 'c''d',
  st SET('x','y z') DEFAULT 'x,y z', zd DATE DEFAULT '0000-00-00', g1 INT AS (ex + 1) VIRTUAL,
  g2 VARCHAR(30) AS (CONCAT(q, '''x')) STORED, js JSON, t1 TINYINT(1) COMMENT 'it''s a flag', inv INT INVISIBLE DEFAULT 4,
  CHECK (ex > 0), CONSTRAINT chk2 CHECK (q <> ')' AND n <> '(''')
) COMMENT = 'it''s a table';
CREATE INDEX pre ON d (q(3), ex DESC);
CREATE TABLE p (a INT, b INT, c INT, t TEXT, geom POINT NOT NULL, PRIMARY KEY (a, b), UNIQUE KEY u (c), FULLTEXT KEY (t), SPATIAL KEY (geom));
CREATE TABLE ch (id INT PRIMARY KEY, x INT, y INT, CONSTRAINT ${'`fk`'} FOREIGN KEY (x, y) REFERENCES p (a, b) ON DELETE CASCADE ON UPDATE SET NULL);
CREATE DATABASE other; CREATE TABLE other.far (id INT PRIMARY KEY, d INT UNSIGNED, FOREIGN KEY far_d (d) REFERENCES odd.d (id));
CREATE TABLE my (a INT) ENGINE = MyISAM;
CREATE SEQUENCE sq; CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO SELECT 1;`;

describe.skipIf(!hasMariadb)('the catalogue of a MySQL-like source', () => {
  let server: PrivateMariadb;

  beforeAll(async () => {
    server = await startPrivateMariadb();
    await server.script(`SET sql_mode = 'NO_ENGINE_SUBSTITUTION'; ${ODD}`);
    await server.script(`
      CREATE USER reader@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON odd.* TO reader@'%'; GRANT SELECT ON sakila.* TO reader@'%';
      CREATE USER narrow@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON odd.p TO narrow@'%'; GRANT INSERT ON odd.d TO narrow@'%';
      GRANT SELECT (id, x) ON odd.ch TO narrow@'%'; GRANT SELECT (a) ON odd.my TO narrow@'%';
      CREATE ROLE sees; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`o_d\`.* TO sees; GRANT SELECT ON mysql.proc TO sees;
      CREATE USER member@'%' IDENTIFIED BY 'secret'; GRANT sees TO member@'%'; SET DEFAULT ROLE sees FOR member@'%'`);
    if (sakilaFolder !== undefined) {
      await server.script(await readFile(join(sakilaFolder, 'sakila-schema.sql'), 'utf8'));
    }
  }, 60_000);

  afterAll(async () => {
    await server.stop();
  });

  async function catalogueOf(database: string, user?: string): Promise<Catalogue> {
    const source = await openMysqlSource(server.endpoint(database, user));
    try {
      return await source.catalogue();
    } finally {
      await source.close();
    }
  }

  function tableOf(catalogue: Catalogue, name: string): CatalogueTable {
    const table = catalogue.tables.find((each) => each.name === name);
    if (!table) throw new Error(`no table ${name}`);
    return table;
  }

  test('defaults are decoded: quotes, backslashes, the text NULL, numbers, bits, expressions', async () => {
    const { columns } = tableOf(await catalogueOf('odd'), 'd');
    const defaults = Object.fromEntries(columns.map((column) => [column.name, column.default]));
    expect(defaults).toMatchObject({
      id: undefined,
      q: { kind: 'literal', value: "it's" },
      bs: { kind: 'literal', value: 'a\\b' },
      n: { kind: 'literal', value: 'NULL' },
      nn: { kind: 'literal', value: null },
      none: undefined,
      nl: { kind: 'literal', value: 'x\ny' },
      dec1: { kind: 'literal', value: '1.50' },
      b: { kind: 'literal', value: '5' },
      ts: { kind: 'expression', text: 'current_timestamp()' },
      ts3: { kind: 'expression', text: 'current_timestamp(3)' },
      u: { kind: 'expression', text: 'uuid()' },
      ex: { kind: 'expression', text: '(1 + 2)' },
      en: { kind: 'literal', value: "c'd" },
      zd: { kind: 'literal', value: '0000-00-00' },
      inv: { kind: 'literal', value: '4' },
    });
  });

  test('types are taken apart: labels, unsigned, sizes, generated columns, clauses', async () => {
    const table = tableOf(await catalogueOf('odd'), 'd');
    const column = (name: string) => table.columns.find((each) => each.name === name);
    expect(column('en')?.type.labels).toEqual(['a,b', "c'd", 'e\\f', '', 'é']);
    expect(column('st')?.type.labels).toEqual(['x', 'y z']);
    expect(column('id')).toMatchObject({ autoIncrement: true, nullable: false, type: { base: 'int', unsigned: true } });
    expect(column('dec1')?.type).toMatchObject({ precision: 6, scale: 2, unsigned: true });
    expect(column('b')?.type).toMatchObject({ base: 'bit', length: 3 });
    expect(column('t1')).toMatchObject({ type: { base: 'tinyint', length: 1 }, comment: "it's a flag" });
    expect(column('ts')).toMatchObject({ onUpdate: 'current_timestamp()' });
    expect(column('ts3')?.type).toMatchObject({ base: 'datetime', scale: 3 });
    expect(column('g1')?.generated).toEqual({ expression: '`ex` + 1', stored: false });
    expect(column('g2')?.generated?.stored).toBe(true);
    expect(column('js')?.type.base).toBe('longtext');
    expect(table).toMatchObject({ comment: "it's a table", nextIdentity: '1', transactional: true });
    expect(table.checks).toContainEqual({ name: 'js', expression: 'json_valid(`js`)' });
    expect(table.checks.map((check) => check.name)).toEqual(expect.arrayContaining(['CONSTRAINT_1', 'chk2']));
  });

  test('indexes keep prefixes, order and method; foreign keys their columns in order and their rules', async () => {
    const catalogue = await catalogueOf('odd');
    expect(tableOf(catalogue, 'd').indexes).toEqual([
      {
        name: 'pre',
        unique: false,
        method: 'btree',
        parts: [
          { column: 'q', prefix: 3 },
          { column: 'ex', descending: true },
        ],
      },
    ]);
    const parent = tableOf(catalogue, 'p');
    expect(parent.primaryKey).toEqual([{ column: 'a' }, { column: 'b' }]);
    expect(new Map(parent.indexes.map((index) => [index.name, index.method]))).toEqual(
      new Map([
        ['u', 'btree'],
        ['t', 'fulltext'],
        ['geom', 'spatial'],
      ]),
    );
    expect(tableOf(catalogue, 'ch').foreignKeys).toEqual([
      {
        name: 'fk',
        columns: ['x', 'y'],
        targetSchema: 'odd',
        targetTable: 'p',
        targetColumns: ['a', 'b'],
        onDelete: 'CASCADE',
        onUpdate: 'SET NULL',
      },
    ]);
    expect(tableOf(await catalogueOf('other'), 'far').foreignKeys[0]).toMatchObject({
      targetSchema: 'odd',
      targetTable: 'd',
    });
    expect(tableOf(catalogue, 'my').transactional).toBe(false);
  });

  test('a login with SELECT alone gets the same tables and keys, and is told what it cannot see', async () => {
    const whole = await catalogueOf('odd');
    const seen = await catalogueOf('odd', 'reader');
    expect(seen.tables).toEqual(whole.tables);
    expect(whole.cannotSee).toEqual([]);
    expect(seen.cannotSee.map((each) => each.what)).toEqual(['definitions of views', 'triggers', 'events', 'routines']);
    expect(seen.cannotSee[1]?.mend).toBe("GRANT TRIGGER ON `odd`.* TO 'reader'@'%'");
    expect(seen.unreadable).toEqual([]);
  });

  test('a grant through an active role and a pattern counts', async () => {
    expect((await catalogueOf('odd', 'member')).cannotSee).toEqual([]);
  });

  test('a table that may not be read, or that has columns without a grant, which the server hides, is named', async () => {
    const catalogue = await catalogueOf('odd', 'narrow');
    expect(catalogue.tables.map((table) => table.name).sort()).toEqual(['ch', 'd', 'my', 'p']);
    expect(catalogue.unreadable).toEqual(['odd.ch', 'odd.d']);
    expect(catalogue.cannotSee[0]).toMatchObject({ what: 'tables without a grant to this login' });
  });

  test.skipIf(sakilaFolder === undefined)('Sakila is read whole (needs CARAVAN_CORPUS)', async () => {
    const catalogue = await catalogueOf('sakila');
    const count = (kind: string): number => catalogue.objects.filter((object) => object.kind === kind).length;
    expect(catalogue.tables).toHaveLength(16);
    expect([count('view'), count('routine'), count('trigger')]).toEqual([7, 6, 3]);
    expect(catalogue.tables.flatMap((table) => table.foreignKeys)).toHaveLength(22);
    const film = tableOf(catalogue, 'film');
    expect(film.columns.map((column) => column.type.base)).toContain('set');
    expect(film.columns.find((column) => column.name === 'rating')?.type.labels).toEqual([
      'G',
      'PG',
      'PG-13',
      'R',
      'NC-17',
    ]);
    expect(film.columns.find((column) => column.name === 'release_year')?.type.base).toBe('year');
    expect((await catalogueOf('sakila', 'reader')).tables.map((table) => table.foreignKeys)).toEqual(
      catalogue.tables.map((table) => table.foreignKeys),
    );
  });

  test('the session cannot write, whatever the login may', async () => {
    const session = await openSession(server.endpoint('odd'));
    await expect(session.query('INSERT INTO my VALUES (1)')).rejects.toMatchObject({ name: 'CaravanFailure' });
    await session.close();
  });

  test('refusals are typed, and hold no text of the driver', async () => {
    const endpoint = server.endpoint('odd');
    const open = (change: object) => openMysqlSource({ ...endpoint, ...change });
    await expect(open({ password: 'wrong' })).rejects.toMatchObject({ code: 'LOGIN_REFUSED' });
    await expect(open({ database: 'absent' })).rejects.toMatchObject({ code: 'DATABASE_MISSING' });
    await expect(open({ port: 1 })).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });
    await expect(open({ tls: { mode: 'require' } })).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    const failure: unknown = await open({ user: 'reader', password: 'x' }).catch((error: unknown) => error);
    expect(String(failure)).not.toContain('Access denied');
  });
});

describe('forms of MySQL', () => {
  const mysql8 = { engine: 'mysql', version: '8.0.36', number: 80_036 } as const;
  const row = (fields: Record<string, string | null>) => ({
    name: 'c',
    declared: fields.base ?? '',
    nullable: 'YES',
    default_text: null,
    extra: '',
    ...fields,
  });

  test('MySQL 8 defaults: bare literals, DEFAULT_GENERATED expressions, escaped texts', () => {
    expect(columnOf(row({ base: 'varchar', default_text: 'NULL' }), mysql8).default).toEqual({
      kind: 'literal',
      value: 'NULL',
    });
    expect(columnOf(row({ base: 'varchar' }), mysql8).default).toEqual({ kind: 'literal', value: null });
    const generated = row({
      base: 'varchar',
      default_text: String.raw`concat(_utf8mb4\'a\',1)`,
      extra: 'DEFAULT_GENERATED',
    });
    expect(columnOf(generated, mysql8).default).toEqual({ kind: 'expression', text: "concat(_utf8mb4'a',1)" });
    const touched = row({
      base: 'timestamp',
      default_text: 'CURRENT_TIMESTAMP(3)',
      extra: 'DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)',
    });
    expect(columnOf(touched, mysql8)).toMatchObject({
      onUpdate: 'CURRENT_TIMESTAMP(3)',
      default: { kind: 'expression' },
    });
    const old = { engine: 'mysql', version: '5.7.44', number: 50_744 } as const;
    expect(columnOf(row({ base: 'datetime', default_text: 'CURRENT_TIMESTAMP' }), old).default?.kind).toBe(
      'expression',
    );
  });

  test('labels with every kind of quoting', () => {
    expect(labelsOf(String.raw`enum('a''b','c\\d','e\'f',',','')`)).toEqual(["a'b", 'c\\d', "e'f", ',', '']);
  });

  test('grants: columns, patterns, revokes, global and dynamic ones', () => {
    expect(parseGrant('GRANT SELECT (`a`, `b`), INSERT ON `s`.`t` TO `u`@`%`')?.columns.get('SELECT')).toEqual([
      'a',
      'b',
    ]);
    expect(parseGrant('GRANT `role`@`%` TO `u`@`%`')).toBeUndefined();
    const grants = new Grants(
      [
        'GRANT SELECT, RELOAD ON *.* TO `u`@`%`',
        'GRANT TRIGGER ON `a\\_b%`.* TO `u`@`%`',
        'REVOKE SELECT ON `mysql`.* FROM `u`@`%`',
      ],
      "'u'@'%'",
    );
    expect(grants.has('RELOAD')).toBe(true);
    expect(grants.has('SELECT', { schema: 'mysql', table: 'proc' })).toBe(false);
    expect(grants.has('SELECT', { schema: 'x' })).toBe(true);
    expect([grants.has('TRIGGER', { schema: 'a_bc' }), grants.has('TRIGGER', { schema: 'axbc' })]).toEqual([
      true,
      false,
    ]);
    expect(new Grants(['GRANT ALL PRIVILEGES ON *.* TO `u`@`%`'], '').has('SHOW_ROUTINE')).toBe(true);
  });

  test('rules of foreign keys from SHOW CREATE TABLE', () => {
    const statement =
      'CREATE TABLE `t` (\n  CONSTRAINT `a``b` FOREIGN KEY (`x`) REFERENCES `on delete cascade` (`y`) ON UPDATE SET NULL,\n';
    expect([...rulesInStatement(statement, 'RESTRICT')]).toEqual([
      ['a`b', { onDelete: 'RESTRICT', onUpdate: 'SET NULL' }],
    ]);
  });
});
