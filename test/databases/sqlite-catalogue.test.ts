import { expect, test } from 'vitest';
import type { Catalogue } from '../../contracts/catalogue.js';
import { parseDeclaredType } from '../../databases/sqlite/declared-type.js';
import { parseCreateIndex, parseCreateTable, parseDefault } from '../../databases/sqlite/definitions.js';
import { corpus, database, source, tableOf } from './sqlite-fixture.js';

async function catalogueOf(sql: string): Promise<Catalogue> {
  return (await source(database(sql).path)).catalogue();
}

const chinook = corpus('chinook/chinook.sqlite');

test.skipIf(!chinook)('the catalogue of Chinook is whole (skipped without the corpus)', async () => {
  const catalogue = await (await source(chinook ?? '')).catalogue();
  expect(catalogue).toMatchObject({ engine: 'sqlite', database: 'chinook.sqlite', objects: [], cannotSee: [] });
  expect(Object.fromEntries(catalogue.tables.map((table) => [table.name, table.estimatedRows]))).toEqual({
    ...{ Album: 347, Artist: 275, Customer: 59, Employee: 8, Genre: 25, Invoice: 412, InvoiceLine: 2240 },
    ...{ MediaType: 5, Playlist: 18, PlaylistTrack: 8715, Track: 3503 },
  });
  const track = tableOf(catalogue, 'Track');
  expect(track.primaryKey).toEqual([{ column: 'TrackId' }]);
  expect(track.nextIdentity).toBe('3504');
  expect(track.columns.map((column) => [column.name, column.type, column.nullable])).toEqual([
    ['TrackId', { base: 'integer', declared: 'INTEGER' }, false],
    ['Name', { base: 'nvarchar', declared: 'NVARCHAR(200)', length: 200 }, false],
    ['AlbumId', { base: 'integer', declared: 'INTEGER' }, true],
    ['MediaTypeId', { base: 'integer', declared: 'INTEGER' }, false],
    ['GenreId', { base: 'integer', declared: 'INTEGER' }, true],
    ['Composer', { base: 'nvarchar', declared: 'NVARCHAR(220)', length: 220 }, true],
    ['Milliseconds', { base: 'integer', declared: 'INTEGER' }, false],
    ['Bytes', { base: 'integer', declared: 'INTEGER' }, true],
    ['UnitPrice', { base: 'numeric', declared: 'NUMERIC(10,2)', precision: 10, scale: 2 }, false],
  ]);
  expect(track.foreignKeys).toHaveLength(3);
  expect(tableOf(catalogue, 'Employee').foreignKeys).toEqual([
    {
      ...{ name: '', columns: ['ReportsTo'], targetSchema: 'main', targetTable: 'Employee' },
      ...{ targetColumns: ['EmployeeId'], onDelete: 'NO ACTION', onUpdate: 'NO ACTION' },
    },
  ]);
  const playlistTrack = tableOf(catalogue, 'PlaylistTrack');
  expect(playlistTrack.primaryKey).toEqual([{ column: 'PlaylistId' }, { column: 'TrackId' }]);
  expect(playlistTrack.nextIdentity).toBeUndefined();
  expect(playlistTrack.estimatedBytes).toBeGreaterThan(10_000);
});

test('keys: the rowid under its own name, AUTOINCREMENT, WITHOUT ROWID, composite, descending, NULL in a key', async () => {
  const catalogue = await catalogueOf(`
    CREATE TABLE plain (id INTEGER PRIMARY KEY, v);
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
    INSERT INTO counted VALUES (41, 1); DELETE FROM counted;
    CREATE TABLE empty (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE TABLE bare (a TEXT, b INT, v, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
    CREATE TABLE int_key (id INT PRIMARY KEY); INSERT INTO int_key VALUES (NULL), (1);
    CREATE TABLE desc_key (id INTEGER PRIMARY KEY DESC);
    CREATE TABLE heap (v);
    CREATE TABLE shadowed (rowid TEXT);
    CREATE TABLE full_up (id INTEGER PRIMARY KEY); INSERT INTO full_up VALUES (9223372036854775807);
    CREATE TABLE strictly (a ANY, b INTEGER NOT NULL) STRICT`);
  const facts = (name: string): unknown[] => {
    const table = tableOf(catalogue, name);
    const first = table.columns[0];
    return [table.primaryKey, table.rowid, first?.autoIncrement, first?.nullable, table.nextIdentity];
  };
  expect(facts('plain')).toEqual([[{ column: 'id' }], true, true, false, '1']);
  expect(facts('counted')).toEqual([[{ column: 'id' }], true, true, false, '42']);
  expect(facts('empty')).toEqual([[{ column: 'id' }], true, true, false, '1']);
  expect(facts('bare')).toEqual([
    [{ column: 'b', descending: true }, { column: 'a' }],
    false,
    undefined,
    false,
    undefined,
  ]);
  expect(facts('int_key')).toEqual([[{ column: 'id' }], true, undefined, true, undefined]);
  expect(facts('desc_key')).toEqual([[{ column: 'id', descending: true }], true, undefined, false, undefined]);
  expect(facts('heap')).toEqual([undefined, true, undefined, true, undefined]);
  expect(facts('shadowed')).toEqual([undefined, false, undefined, true, undefined]);
  expect(facts('full_up')).toEqual([[{ column: 'id' }], true, true, false, undefined]);
  expect(tableOf(catalogue, 'strictly').columns.map((column) => column.type.base)).toEqual(['any', 'integer']);
});

test('generated columns, collations and defaults', async () => {
  const catalogue = await catalogueOf(`
    CREATE TABLE t (
      "net, price" REAL DEFAULT 0.5, -- a comment, with a comma (
      [tax] REAL DEFAULT (1 + 2), /* DEFAULT 7 */
      gross REAL GENERATED ALWAYS AS ("net, price" * (1 + [tax])) STORED,
      label TEXT COLLATE NOCASE DEFAULT 'it''s', short AS (substr(label, 1, 3)) VIRTUAL,
      made TEXT DEFAULT CURRENT_TIMESTAMP, day TEXT DEFAULT (date('now')), gone TEXT DEFAULT NULL
    )`);
  const columns = tableOf(catalogue, 't').columns;
  expect(columns.map((column) => [column.name, column.default, column.generated, column.collation])).toEqual([
    ['net, price', { kind: 'literal', value: '0.5' }, undefined, undefined],
    ['tax', { kind: 'expression', text: '1 + 2' }, undefined, undefined],
    ['gross', undefined, { expression: '"net, price" * (1 + [tax])', stored: true }, undefined],
    ['label', { kind: 'literal', value: "it's" }, undefined, 'NOCASE'],
    ['short', undefined, { expression: 'substr(label, 1, 3)', stored: false }, undefined],
    ['made', { kind: 'expression', text: 'CURRENT_TIMESTAMP' }, undefined, undefined],
    ['day', { kind: 'expression', text: "date('now')" }, undefined, undefined],
    ['gone', { kind: 'literal', value: null }, undefined, undefined],
  ]);
  expect(columns[2]?.type).toEqual({ base: 'real', declared: 'REAL' });
});

test('indexes: unique, partial, descending, expressions, foreign collations', async () => {
  const catalogue = await catalogueOf(`
    CREATE TABLE t (a TEXT UNIQUE, b TEXT COLLATE NOCASE, c INT, UNIQUE (c, a));
    CREATE UNIQUE INDEX "by, b" ON t (b, c DESC) WHERE c > 0 AND b <> ',';
    CREATE INDEX by_expression ON t (lower(a) || ',' DESC, a COLLATE NOCASE, "c")`);
  expect(tableOf(catalogue, 't').indexes).toEqual([
    { name: 'sqlite_autoindex_t_1', unique: true, method: 'btree', parts: [{ column: 'a' }] },
    { name: 'sqlite_autoindex_t_2', unique: true, method: 'btree', parts: [{ column: 'c' }, { column: 'a' }] },
    {
      ...{ name: 'by, b', unique: true, method: 'btree', where: "c > 0 AND b <> ','" },
      parts: [{ column: 'b' }, { column: 'c', descending: true }],
    },
    {
      ...{ name: 'by_expression', unique: false, method: 'btree' },
      parts: [
        { column: '', expression: "lower(a) || ','", descending: true },
        { column: 'a', expression: '"a" COLLATE NOCASE' },
        { column: 'c' },
      ],
    },
  ]);
});

// [edge 54]
test('foreign keys: composite in order, several, to a primary key, in the spelling of the target', async () => {
  const catalogue = await catalogueOf(
    `
    CREATE TABLE Parent (x INT, Y INT, PRIMARY KEY (x, Y), UNIQUE (Y, x));
    CREATE TABLE child (
      a INT, b INT, c INT REFERENCES PARENT ON DELETE CASCADE,
      FOREIGN KEY (b, a) REFERENCES parent (y, X) ON UPDATE SET NULL,
      FOREIGN KEY (a, b) REFERENCES Parent,
      d INT REFERENCES elsewhere (id)
    )`.replace(/,\s+d INT REFERENCES elsewhere \(id\)/, ''),
  );
  const common = { name: '', targetSchema: 'main', targetTable: 'Parent' };
  const no = 'NO ACTION';
  expect(tableOf(catalogue, 'child').foreignKeys).toEqual([
    { ...common, columns: ['c'], targetColumns: [], onDelete: 'CASCADE', onUpdate: no },
    { ...common, columns: ['b', 'a'], targetColumns: ['Y', 'x'], onDelete: no, onUpdate: 'SET NULL' },
    { ...common, columns: ['a', 'b'], targetColumns: [], onDelete: no, onUpdate: no },
  ]);
});

test('checks: at columns and tables, named and not, without commas between them', async () => {
  const catalogue = await catalogueOf(`
    CREATE TABLE t (
      a INT CHECK (a > 0) CHECK (a < ')' ),
      "check" TEXT CONSTRAINT named CHECK ("check" IN ('CHECK (', '--')),
      CONSTRAINT "two words" CHECK (length("check") > (a)) CHECK (a <> 5), CHECK (a <> 6)
    )`);
  expect(tableOf(catalogue, 't').checks).toEqual([
    { name: 't_a_check', expression: 'a > 0' },
    { name: 't_a_check1', expression: "a < ')'" },
    { name: 'named', expression: `"check" IN ('CHECK (', '--')` },
    { name: 'two words', expression: 'length("check") > (a)' },
    { name: 't_check', expression: 'a <> 5' },
    { name: 't_check1', expression: 'a <> 6' },
  ]);
});

test('views, triggers and virtual tables with their shadows are objects; internal tables are nothing', async () => {
  const catalogue = await catalogueOf(`
    CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v); ANALYZE;
    CREATE VIEW seen AS SELECT v FROM t;
    CREATE TRIGGER noted AFTER INSERT ON t BEGIN SELECT 1; END;
    CREATE VIRTUAL TABLE words USING fts5(body)`);
  expect(catalogue.tables.map((table) => table.name)).toEqual(['t']);
  const names = (kind: string): string[] =>
    catalogue.objects.filter((object) => object.kind === kind).map((object) => object.name);
  expect(names('view')).toEqual(['seen']);
  expect(names('trigger')).toEqual(['noted']);
  expect(names('virtual table')).toEqual([
    ...['words', 'words_config', 'words_content', 'words_data', 'words_docsize', 'words_idx'],
  ]);
  expect(catalogue.objects.find((object) => object.name === 'seen')?.definition).toContain('SELECT v FROM t');
});

test('awkward names stay as they are', async () => {
  const names = ['order', 'sp a"ce', "quo'te", 'Ünï', 'a.b', 'select'];
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`);
  const catalogue = await catalogueOf(
    quoted.map((name) => `CREATE TABLE ${name} (${quoted.join(', ')}, CHECK (${name} <> 1))`).join(';'),
  );
  expect(catalogue.tables.map((table) => table.name).sort()).toEqual([...names].sort());
  for (const table of catalogue.tables) expect(table.columns.map((column) => column.name)).toEqual(names);
});

test.each([
  ['', { base: '', declared: '' }],
  ['NVARCHAR(160)', { base: 'nvarchar', declared: 'NVARCHAR(160)', length: 160 }],
  ['decimal( 10 , 5 )', { base: 'decimal', declared: 'decimal( 10 , 5 )', precision: 10, scale: 5 }],
  ['DECIMAL(8)', { base: 'decimal', declared: 'DECIMAL(8)', precision: 8 }],
  ['UNSIGNED BIG INT', { base: 'big int', declared: 'UNSIGNED BIG INT', unsigned: true }],
  ['INT(11) UNSIGNED', { base: 'int', declared: 'INT(11) UNSIGNED', length: 11, unsigned: true }],
  ['TEXT[]', { base: 'text[]', declared: 'TEXT[]' }],
  ['double precision', { base: 'double precision', declared: 'double precision' }],
])('the declared type "%s" is taken apart', (declared, type) => {
  expect(parseDeclaredType(declared)).toEqual(type);
});

test.each([
  ['-5', { kind: 'literal', value: '-5' }],
  ['+1.5e3', { kind: 'literal', value: '1.5e3' }],
  ['0x1F', { kind: 'literal', value: '31' }],
  ['true', { kind: 'literal', value: '1' }],
  ['"dq"', { kind: 'literal', value: 'dq' }],
  ['bare', { kind: 'literal', value: 'bare' }],
  ["x'00ff'", { kind: 'expression', text: "x'00ff'" }],
  ['current_date', { kind: 'expression', text: 'CURRENT_DATE' }],
  ["strftime('%s', 'now')", { kind: 'expression', text: "strftime('%s', 'now')" }],
])('the default %s is understood', (text, value) => {
  expect(parseDefault(text)).toEqual(value);
});

test('definitions that break off are taken as far as they go', () => {
  expect(parseCreateTable('CREATE TABLE t (a CHECK (a > 1').checks).toEqual([
    { name: '', expression: 'a > 1', column: 'a' },
  ]);
  expect(parseCreateTable('').checks).toEqual([]);
  expect(parseCreateIndex('CREATE INDEX x').parts).toEqual([]);
});
