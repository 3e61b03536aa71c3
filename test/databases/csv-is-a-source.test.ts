import { appendFileSync, chmodSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { CaravanFailure, FailureCode } from '../../contracts/failures.js';
import { FileRows } from '../../databases/csv/file-rows.js';
import { openFolder } from '../../databases/csv/folder.js';
import { openCsvSource } from '../../databases/csv/source.js';
import { RowSplitter } from '../../databases/csv/rows.js';
import type { Reader } from '../../databases/source.js';
import { csvFolder, plan, readAll, scanAll } from './csv-fixture.js';

const BIG = 20_000;
const many = (count: number): string =>
  Array.from({ length: count }, (_, at) => `${String(at)},"row ${String(at)}"\n`).join('');

async function failureOf(work: Promise<unknown>): Promise<{ code: FailureCode; seen: string }> {
  try {
    await work;
  } catch (error) {
    const { code, seen } = error as CaravanFailure;
    return { code, seen };
  }
  throw new Error('it did not fail');
}

describe('a folder as a source', () => {
  it('is told by name where it cannot be one', async () => {
    const folder = csvFolder({ 'a.csv': 'x,y\n1,2\n' });
    const open = async (path: string): Promise<unknown> => (await openCsvSource({ engine: 'csv', path })).catalogue();
    expect(await failureOf(open(join(folder, 'missing')))).toEqual({
      code: 'SOURCE_FILE_INVALID',
      seen: 'the worker sees no such file',
    });
    expect(await failureOf(open(join(folder, 'a.csv')))).toEqual({
      code: 'SOURCE_FILE_INVALID',
      seen: 'it is no folder',
    });
    expect((await failureOf(open(csvFolder({})))).code).toBe('SOURCE_EMPTY');
    if (process.getuid?.() === 0) return;
    chmodSync(join(folder, 'a.csv'), 0);
    expect((await failureOf(open(folder))).seen).toBe('the worker may not read it');
  });

  it('is not left by links, and says so', async () => {
    const folder = csvFolder({ 'a.csv': 'x,y\n1,2\n', 'data/': '' });
    writeFileSync(join(folder, 'data', 'real.csv'), 'x,y\n1,2\n');
    symlinkSync(join(folder, 'data', 'real.csv'), join(folder, 'inside.csv'));
    symlinkSync('/etc/passwd', join(folder, 'outside.csv'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'broken.csv'));
    const catalogue = await (await openCsvSource({ engine: 'csv', path: folder })).catalogue();
    expect(catalogue.tables.map(({ name }) => name)).toEqual(['a', 'inside']);
    expect(catalogue.objects.map(({ name, definition }) => `${name}: ${definition ?? ''}`)).toEqual([
      'broken.csv: its name is not UTF-8, or it is a link to nothing',
      'data: it is a folder: only files directly in the source are read',
      'outside.csv: it is a link that leads out of the folder',
    ]);
  });

  // [edge 82]
  it('refuses a table that cannot be one, by name, and no other', async () => {
    const names = Array.from({ length: 10_000 }, (_, at) => `c${String(at)}`).join(',');
    const { drafted, catalogue } = await plan({
      ...{ 'wide.csv': `${names}\n${names}\n`, 'a.csv': 'x,y\n1,2\n', 'packed.csv.gz': 'no gzip' },
      'open.csv': `"${'x'.repeat(9 << 20)}`,
    });
    expect(drafted.refused).toEqual([
      {
        object: 'main.open',
        reason: 'open.csv: its first row is longer than 8388608 bytes, or a quote is not closed in it',
      },
      { object: 'main.packed', reason: 'packed.csv.gz: what is packed in it is damaged' },
      { object: 'main.wide', reason: 'it has 10000 columns, and a table of PostgreSQL has at most 1600' },
    ]);
    expect(catalogue.tables.map(({ name }) => name)).toEqual(['a', 'open', 'packed', 'wide']);
  });

  // [edge 80 82]
  it('refuses a row that never ends, with its line; a long one is read', async () => {
    const text = `id,v\n1,a\n2,"${'x\n'.repeat(1_500_000)}"\n3,b\n`;
    const path = csvFolder({ 'long.csv': text, 'open.csv': `id,v\n1,a\n2,"${'x\n'.repeat(6_000_000)}` });
    const source = await openCsvSource({ engine: 'csv', path });
    const [table] = (await source.catalogue()).tables;
    expect((await source.profile(table as never, { sampleAbove: 1 })).rows).toBe(3);
    const format = { ...table?.format?.files[0], file: 'open.csv' } as never;
    const [, open] = (await source.catalogue()).tables;
    expect(open?.columns.map(({ name }) => name)).toEqual(['id', 'v']);
    const rows = new FileRows(await openFolder(path), format, { rowBytesMax: 1 << 20 });
    const readIt = async (): Promise<void> => {
      while (await rows.more()) while (rows.next());
    };
    expect(await failureOf(readIt())).toEqual({
      code: 'SOURCE_FILE_INVALID',
      seen: 'the row that begins in line 3 has more than 1048576 bytes',
    });
    await rows.close();
  });
});

describe('caravan.csv.yaml', () => {
  const files = { 'a-1.csv': 'id,v\n1,x\n', 'a-2.csv': 'v,id\ny,2\n', 'b.csv': 'k\n1\n1\n' };

  // [edge 82]
  it('joins files into one table, by the names of their columns', async () => {
    const { table, reader } = await plan({
      ...files,
      'caravan.csv.yaml': 'caravan_csv: 1\nfiles: {"a-*.csv": {table: a, primaryKey: [id]}}\n',
    });
    const found = [
      ['1', 'x', '1'],
      ['2', 'y', '2'],
    ];
    expect(await readAll(reader, table('a'))).toEqual(found);
    expect((await scanAll(reader, table('a'))).map(({ fields }) => fields)).toEqual(
      found.map((row) => row.slice(0, 2)),
    );
    expect(table('a')).toMatchObject({ primaryKey: { columns: ['id'] }, rowKey: ['id'] });
    expect(table('a').columns[0]).toMatchObject({ type: 'bigint', nullable: false });
  });

  // [edge 82]
  it('says what cannot be seen', async () => {
    const { table, reader } = await plan({
      't.csv': 'exported\nid^name\n(unit)^(text)\n1^~a^b~\n2^*\n3\n'.replaceAll('\n', '!'),
      'caravan.csv.yaml': `caravan_csv: 1
files:
  t.csv: {skipLines: 1, header: false, columns: [id, name], delimiter: "^", quote: "~", lineEnd: "!", nullWords: ["*"], missingFields: null}
`,
    });
    expect(await readAll(reader, table('t'))).toEqual([
      ['id', 'name'],
      ['(unit)', '(text)'],
      ['1', 'a^b'],
      ['2', null],
      ['3', null],
    ]);
    expect((await scanAll(reader, table('t'))).map(({ fields }) => fields)).toEqual(await readAll(reader, table('t')));
  });

  it.each<[what: string, text: string, seen: RegExp]>([
    ['is no YAML', 'caravan_csv: [', /line 1, column \d+: no YAML/],
    ['has no version', 'files: {}', /caravan_csv/],
    [
      'has options that are not there, and values that are none: all at once',
      'caravan_csv: 1\nfiles:\n  b.csv:\n    headers: true\n    delimiter: ",,"\n    encoding: klingon\n',
      /line 4, column 5: files\.b\.csv has no option "headers"; line 5, column 5: .*line 6, column 5: /,
    ],
    [
      'has marks that are one',
      'caravan_csv: 1\nfiles: {b.csv: {delimiter: "|", escape: "|"}}',
      /escape: is the delimiter, too/,
    ],
    [
      'has a pattern that no file meets',
      'caravan_csv: 1\nfiles: {"x*.csv": {}}',
      /line 2, column 9: no file meets "x\*\.csv"/,
    ],
    ['has two patterns for a file', 'caravan_csv: 1\nfiles: {"a*": {}, "*1.csv": {}}', /"a-1.csv" meets "a\*", too/],
    [
      'names too few columns',
      'caravan_csv: 1\nfiles: {b.csv: {header: true, columns: [a, b]}}',
      /2 are named, and its header has 1/,
    ],
    [
      'names a key that is no column',
      'caravan_csv: 1\nfiles: {b.csv: {primaryKey: [x]}}',
      /columns that are not there: x/,
    ],
    [
      'names a key whose values repeat',
      'caravan_csv: 1\nfiles: {b.csv: {header: true, primaryKey: [k]}}',
      /hold a value that is there already/,
    ],
    ['joins what has other columns', 'caravan_csv: 1\nfiles: {"*.csv": {table: all}}', /it lacks id, v; only it has k/],
    [
      'joins under a name that is taken',
      'caravan_csv: 1\nfiles: {"a-*.csv": {table: b}}',
      /would be a part of it, too/,
    ],
  ])('is refused where it %s', async (_what, text, seen) => {
    const found = await failureOf(plan({ ...files, 'caravan.csv.yaml': text }));
    expect(found.code).toBe('CSV_OPTIONS_INVALID');
    expect(found.seen).toMatch(seen);
  });
});

describe('a snapshot of files', () => {
  it('knows whether they are what they were', async () => {
    const folder = csvFolder({ 'a.csv': 'id,v\n1,x\n' });
    const source = await openCsvSource({ engine: 'csv', path: folder });
    const snapshot = await source.openSnapshot({ connections: 2, tables: [] });
    expect(snapshot.position).toMatch(/^sha256 [0-9a-f]{64}$/);
    expect((await snapshot.moved()).moved).toBe('no');
    utimesSync(join(folder, 'a.csv'), 1, 1);
    expect((await snapshot.moved()).moved).toBe('no');
    appendFileSync(join(folder, 'a.csv'), '2,y\n');
    const moved = await snapshot.moved();
    expect(moved.moved).toBe('yes');
    expect((await source.openSnapshot({ connections: 1, tables: [] })).position).toBe(moved.position);
    await snapshot.close();
    expect((await snapshot.moved()).moved).toBe('unknown');
  });

  it('is lost when a file is written to while it is read, and so is a reading outside of any', async () => {
    const { folder, source, table } = await plan({ 'a.csv': `id,v\n${many(BIG)}` });
    const snapshot = await source.openSnapshot({ connections: 1, tables: [] });
    const half = async (reader: Reader): Promise<void> => {
      const batches = reader.read(table('a'), {})[Symbol.asyncIterator]();
      await batches.next();
      appendFileSync(join(folder, 'a.csv'), `x,y\n`);
      while ((await batches.next()).done !== true);
    };
    expect((await failureOf(half(await source.openReader()))).code).toBe('SOURCE_LOST');
    expect((await failureOf(snapshot.lend(half))).code).toBe('SNAPSHOT_LOST');
  });

  it('does not hide that a file came to a table of many, or that columns are others', async () => {
    const options = 'caravan_csv: 1\nfiles: {"a-*.csv": {table: a}}\n';
    const { folder, reader, table } = await plan({ 'a-1.csv': 'id,v\n1,x\n', 'caravan.csv.yaml': options });
    writeFileSync(join(folder, 'a-2.csv'), 'id,v\n2,y\n');
    expect(await failureOf(readAll(reader, table('a')))).toEqual({
      code: 'SCHEMA_DRIFT',
      seen: 'files of "a-*.csv" came or went since the plan was made: a-2.csv',
    });
    const other = await plan({ 'a.csv': 'id,v\n1,x\n' });
    writeFileSync(join(other.folder, 'a.csv'), 'v,id\n1,x\n');
    const drift = { code: 'SCHEMA_DRIFT', seen: 'its header is another one than when the plan was made' };
    expect(await failureOf(readAll(await other.source.openReader(), other.table('a')))).toEqual(drift);
    expect(await failureOf(scanAll(await other.source.openReader(), other.table('a')))).toEqual(drift);
  });
});

describe('copy and proof', () => {
  // [edge 80 82]
  it('see the same rows in any file', async () => {
    const unit = fc.constantFrom(
      'a',
      '1',
      ',',
      ';',
      '\t',
      '"',
      '"',
      "'",
      '\\',
      '\n',
      '\n',
      '\r\n',
      'ü',
      '\ufeff',
      ' ',
      'NULL',
      '\\N',
    );
    const encoding = fc.constantFrom<BufferEncoding>('utf8', 'latin1', 'utf16le');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, minLength: 1, maxLength: 80 }), encoding, async (text, encoded) => {
        const { catalogue, reader, drafted } = await plan({ 't.csv': Buffer.from(text, encoded) });
        const [table] = drafted.mapping.tables;
        expect(drafted.mapping.tables).toHaveLength(catalogue.tables.length);
        if (table === undefined) return;
        const texts = { ...table, columns: table.columns.map((column) => ({ ...column, kind: 'text' as const })) };
        const copied = await readAll(reader, texts);
        const proven = await scanAll(reader, texts);
        expect(proven.map(({ fields }) => fields.map((field) => field?.replace(/^odd:/, '') ?? null))).toEqual(
          copied.map((row) =>
            /^(?:missing_fields|extra_fields|broken_quotes)$/.test(row[0] ?? '') ? row.slice(1) : row,
          ),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('name the first row that is a header by its looks only', async () => {
    const { drafted } = await plan({ 't.csv': 'name,city\nAnn,Rome\n', 'u.csv': 'name,age\nAnn,7\n' });
    expect(drafted.findings).toMatchObject([{ code: 'header_guessed', object: 'main.t', count: 1 }]);
  });

  it('tell equal rows by one identity, and broken ones by their bytes', async () => {
    const { reader, table, drafted } = await plan({
      't.csv': 'id,v,at\n1,x,2024-01-02T03:04:05+02:00\n1,x,2024-01-02T03:04:05+02:00\n3,y\n3,y\n',
    });
    const keys = (await scanAll(reader, table('t'))).map(({ key }) => key);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).toBe(keys[3]);
    expect(new Set(keys).size).toBe(2);
    expect(drafted.findings).toMatchObject([{ code: 'rows_broken', object: 'main.t', count: 2 }]);
  });

  it('do not go wrong together: a splitter that loses escapes, fields or rows shows in the copy alone', async () => {
    const { reader, table } = await plan({ 't.csv': 'id,v\n1,"say ""hi"""\n2,"a\nb"\n3,c\n' });
    const proven = (await scanAll(reader, table('t'))).map(({ fields }) => fields);
    expect(await readAll(reader, table('t'))).toEqual(proven);
    const unescape = vi.spyOn(RowSplitter.prototype, 'unescape').mockReturnValue(undefined);
    expect(await readAll(reader, table('t'))).not.toEqual(proven);
    expect((await scanAll(reader, table('t'))).map(({ fields }) => fields)).toEqual(proven);
    unescape.mockRestore();
    const next = Object.getOwnPropertyDescriptor(RowSplitter.prototype, 'next')?.value as () => boolean;
    let taken = 0;
    const skipping = vi.spyOn(RowSplitter.prototype, 'next').mockImplementation(function (this: RowSplitter) {
      taken += 1;
      return next.call(this) && (taken !== 3 || next.call(this));
    });
    expect(await readAll(reader, table('t'))).not.toEqual(proven);
    expect((await scanAll(reader, table('t'))).map(({ fields }) => fields)).toEqual(proven);
    skipping.mockRestore();
  });
});
