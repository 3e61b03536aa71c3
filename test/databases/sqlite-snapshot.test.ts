import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteSource } from '../../databases/sqlite/source.js';
import { openSqliteSnapshot } from '../../databases/sqlite/snapshot.js';
import { database, mapping, readAll, reader, source, temporaryFile } from './sqlite-fixture.js';

const COUNTER = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t (v) VALUES ('before')";
const WAL = `PRAGMA journal_mode = WAL; ${COUNTER}`;
const table = mapping('t', { v: 'text' }, { rowKey: ['id'] });

test('a missing file, a directory, a fifo-like thing, an empty file and other formats are refused', async () => {
  const path = temporaryFile('other');
  const folder = dirname(path);
  mkdirSync(join(folder, 'folder'));
  writeFileSync(path, 'PK\u0003\u0004 something else entirely');
  writeFileSync(join(folder, 'empty'), '');
  symlinkSync('/dev/null', join(folder, 'device'));
  for (const name of ['missing', 'folder', 'other', 'empty', 'device']) {
    const opening = openSqliteSource({ engine: 'sqlite', path: join(folder, name) });
    await expect(opening, name).rejects.toMatchObject({ code: 'SOURCE_FILE_INVALID' });
  }
});

test('a symbolic link to a database is followed', async () => {
  const { path } = database(COUNTER);
  symlinkSync(path, `${path}.link`);
  expect(await readAll(await reader(`${path}.link`), table)).toHaveLength(1);
});

test('a damaged database is a failure of the catalogue, without the text of the driver', async () => {
  const { path, writer } = database(COUNTER);
  writer.close();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 100);
  writeFileSync(path, bytes);
  await expect(openSqliteSource({ engine: 'sqlite', path })).rejects.toMatchObject({ code: 'SOURCE_FILE_INVALID' });
});

test('the source cannot be written through our connection', async () => {
  const { path, writer } = database(COUNTER);
  writer.close();
  const before = hash('sha256', readFileSync(path));
  const opened = await source(path);
  await opened.catalogue();
  const snapshot = await opened.openSnapshot({ connections: 2, tables: [] });
  await snapshot.close();
  expect(hash('sha256', readFileSync(path))).toBe(before);
  expect(readdirSync(dirname(path))).toEqual(['shop.sqlite']);
});

test('an unfinished WAL is read', async () => {
  const { path, writer } = database(WAL);
  writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO t (v) VALUES ('only in the WAL')");
  expect(existsSync(`${path}-wal`)).toBe(true);
  const rows = await readAll(await reader(path), table);
  expect(rows.map(([v]) => String(v))).toEqual(['before', 'only in the WAL']);
});

test('a WAL that a crashed writer left behind is read', async () => {
  const { path, writer } = database(WAL);
  writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO t (v) VALUES ('only in the WAL')");
  const crashed = temporaryFile('crashed.sqlite');
  copyFileSync(path, crashed);
  copyFileSync(`${path}-wal`, `${crashed}-wal`);
  const rows = await readAll(await reader(crashed), table);
  expect(rows.map(([v]) => String(v))).toEqual(['before', 'only in the WAL']);
});

test('a snapshot keeps its state over all readers while a writer goes on, and knows that the source moved', async () => {
  const { path, writer } = database(WAL);
  const opened = await source(path);
  const snapshot = await opened.openSnapshot({ connections: 3, tables: [] });
  onTestFinished(() => snapshot.close());
  expect(snapshot).toMatchObject({ consistent: true, connections: 3 });
  expect(snapshot.position).toMatch(/^data_version \d+$/);
  expect((await snapshot.moved()).moved).toBe('no');
  writer.exec("INSERT INTO t (v) VALUES ('after')");
  const counts = await Promise.all(
    [1, 2, 3, 4, 5].map(() => snapshot.lend(async (lent) => (await readAll(lent, table)).length)),
  );
  expect(counts).toEqual([1, 1, 1, 1, 1]);
  expect((await snapshot.moved()).moved).toBe('yes');
  expect(await readAll(await opened.openReader(), table)).toHaveLength(2);
});

test('without a WAL the position is the SHA-256 of the file, and writers wait', async () => {
  const { path, writer } = database(`${COUNTER}; PRAGMA busy_timeout = 0`);
  const snapshot = await (await source(path)).openSnapshot({ connections: 1, tables: [] });
  expect(snapshot.position).toBe(`sha256 ${hash('sha256', readFileSync(path))}`);
  expect(snapshot.detail).toContain('writers wait');
  expect(() => {
    writer.exec("INSERT INTO t (v) VALUES ('after')");
  }).toThrow('locked');
  expect((await snapshot.moved()).moved).toBe('no');
  await snapshot.close();
  writer.exec("INSERT INTO t (v) VALUES ('after')");
});

test('another file under the same name is a source that moved', async () => {
  const { path } = database(COUNTER);
  const snapshot = await (await source(path)).openSnapshot({ connections: 1, tables: [] });
  onTestFinished(() => snapshot.close());
  copyFileSync(path, `${path}.new`);
  renameSync(`${path}.new`, path);
  expect((await snapshot.moved()).moved).toBe('yes');
});

test('a writer between the two readings of data_version is noticed, and the snapshot is taken again', async () => {
  const { path, writer } = database(WAL);
  let begun = 0;
  const snapshot = await openSqliteSnapshot({
    file: path,
    connections: 2,
    onBegun: () => {
      if (begun++ < 3) writer.exec("INSERT INTO t (v) VALUES ('meanwhile')");
    },
  });
  onTestFinished(() => snapshot.close());
  expect(begun).toBe(4);
  expect(await snapshot.lend(async (lent) => (await readAll(lent, table)).length)).toBe(4);
});

test('where writers leave no quiet moment the database is copied first, and the copy goes at close', async () => {
  const { path, writer } = database(WAL);
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('caravan-sqlite-'));
  const before = folders();
  const snapshot = await openSqliteSnapshot({
    file: path,
    connections: 2,
    onBegun: () => {
      writer.exec("INSERT INTO t (v) VALUES ('meanwhile')");
    },
  });
  expect(snapshot.consistent).toBe(true);
  expect(snapshot.detail).toContain('copy made by the backup API');
  expect((await snapshot.moved()).moved).toBe('no');
  writer.exec("INSERT INTO t (v) VALUES ('after')");
  expect(await snapshot.lend(async (lent) => (await readAll(lent, table)).length)).toBe(21);
  expect((await snapshot.moved()).moved).toBe('yes');
  await snapshot.close();
  expect(folders()).toEqual(before);
});

test('a closed snapshot does not claim to know', async () => {
  const { path } = database(COUNTER);
  const snapshot = await (await source(path)).openSnapshot({ connections: 1, tables: [] });
  await snapshot.close();
  await snapshot.close();
  expect((await snapshot.moved()).moved).toBe('unknown');
});

test('a database whose writer crashed with a journal says what to do', async () => {
  const { path, writer } = database(COUNTER);
  writer.exec('PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN');
  writer.exec(
    'INSERT INTO t (v) SELECT hex(zeroblob(2000)) FROM (SELECT 1 UNION ALL SELECT 2), (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)',
  );
  const crashed = temporaryFile('crashed.sqlite');
  copyFileSync(path, crashed);
  copyFileSync(`${path}-journal`, `${crashed}-journal`);
  writer.exec('ROLLBACK');
  await expect(openSqliteSource({ engine: 'sqlite', path: crashed })).rejects.toMatchObject({
    code: 'SOURCE_FILE_INVALID',
    next: expect.stringContaining('Open the database once') as string,
  });
  // Still there for the program that can roll it back.
  expect(existsSync(`${crashed}-journal`)).toBe(true);
  new DatabaseSync(path, { readOnly: true }).close();
});
