import { describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import type { FileFormat } from '../../contracts/text-format.js';
import { plan, readAll, scanAll } from './csv-fixture.js';

const rowsOf = (count: number, row: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => row(at)).join('\n');

async function formatOf(content: string | Uint8Array, name = 't.csv'): Promise<FileFormat> {
  const { catalogue } = await plan({ [name]: content });
  const format = catalogue.tables[0]?.format?.files[0];
  if (format === undefined) throw new Error('there is no table');
  return format;
}

describe('how a file is read is found out', () => {
  // [edge 80 82]
  it.each<[what: string, content: string, found: Partial<FileFormat>, name?: string]>([
    ['commas', 'a,b\n1,2\n', { delimiter: ',', columns: ['a', 'b'], lineEnd: 'lf' }],
    ['semicolons, with decimal commas', 'a;b\n1,5;x\n2,5;y\n', { delimiter: ';' }],
    ['tabs', 'a\tb\n1\tx, y\n2\tz\n', { delimiter: '\t' }],
    ['bars', 'a|b|c\n1|2,5|3\n', { delimiter: '|' }],
    ['tabs by its ending', 'a,b\tc\n1,2\t3\n', { delimiter: '\t' }, 't.tsv'],
    ['one column', 'word\nalpha\nbeta\n', { columns: ['word'] }],
    ['single quotes', "id,name\n1,'a,b'\n2,'it''s'\n", { quote: "'", escape: "'" }],
    ['apostrophes that are no quotes', "id,name\n1,'tis\n2,x\n", { quote: '"' }],
    ['backslashes in front of quotes', 'id,name\n1,"a\\"b,c"\n2,"d"\n', { quote: '"', escape: '\\' }],
    ['backslashes that are no escapes', 'id,path\n1,"C:\\dir\\"\n2,"D:\\"\n', { escape: '"' }],
    [
      'delimiters in every quoted field',
      `id,name\n${rowsOf(200, (at) => `${String(at)},"N, ${String(at)}"`)}`,
      { quote: '"', columns: ['id', 'name'] },
    ],
    [
      'quotes where inches are meant',
      `id,size\n${rowsOf(9, (at) => `${String(at)},"5 pipe`)}\n`,
      { quote: undefined, delimiter: ',' },
    ],
    ['CRLF', 'a,b\r\n1,2\r\n', { lineEnd: 'crlf' }],
    ['CR', 'a,b\r1,2\r', { lineEnd: 'cr' }],
    ['numbers in the first row', '1,2\n3,4\n', { header: false, columns: ['column_1', 'column_2'] }],
    ['words in the first row, numbers below', 'a,b\n3,4\n', { header: true }],
    ['different words everywhere', 'name,city\nAnn,Rome\n', { header: true, headerGuessed: true }],
    ['equal words in the first row', 'x,x\nAnn,Rome\n', { header: false }],
    [
      'equal and empty names above numbers',
      'a,a,,a_2\n1,2,3,4\n',
      { header: true, columns: ['a', 'a_3', 'column_3', 'a_2'] },
    ],
    ['blanks around names', 'id, name \n1,x\n', { columns: ['id', 'name'] }],
    ['rows that are broken', 'a,b,c\n1,2,3\n4\n5,6,7\n8,9\n', { delimiter: ',', columns: ['a', 'b', 'c'] }],
  ])('with %s', async (_what, content, found, name) => {
    const format = await formatOf(content, name);
    for (const [key, value] of Object.entries(found))
      expect({ [key]: format[key as 'quote'] }).toEqual({ [key]: value });
    expect(format.reasons.length).toBeGreaterThan(3);
  });

  // [edge 82]
  it.each<[what: string, content: Uint8Array, encoding: string, text: string]>([
    ['UTF-8', Buffer.from('n,v\n1,Zürich 😀\n'), 'utf-8', 'Zürich 😀'],
    ['UTF-8 with a mark', Buffer.from('\ufeffn,v\n1,ü\n'), 'utf-8', 'ü'],
    ['UTF-16LE with a mark', Buffer.from('\ufeffn,v\n1,Zürich 😀\n', 'utf16le'), 'utf-16le', 'Zürich 😀'],
    ['UTF-16LE without one', Buffer.from('n,v\n1,Zurich 12\n', 'utf16le'), 'utf-16le', 'Zurich 12'],
    ['UTF-16BE', Buffer.from('\ufeffn,v\n1,Zürich 😀\n', 'utf16le').swap16(), 'utf-16be', 'Zürich 😀'],
    [
      'windows-1252',
      Buffer.from('n,v\n1,M\xfcller \x80 \x81 \x9f \xa0\n', 'latin1'),
      'windows-1252',
      'Müller € \x81 Ÿ \xa0',
    ],
    ['gzip', gzipSync('n,v\n1,ü\n'), 'utf-8', 'ü'],
  ])('in %s, alike for copy and proof', async (what, content, encoding, text) => {
    const name = what === 'gzip' ? 't.csv.gz' : 't.csv';
    const { reader, table, catalogue } = await plan({ [name]: content });
    expect(catalogue.tables[0]?.format?.files[0]?.encoding).toBe(encoding);
    expect(await readAll(reader, table('t'))).toEqual([['1', text]]);
    expect((await scanAll(reader, table('t'))).map(({ fields }) => fields)).toEqual([['1', text]]);
  });

  it('in UTF-8 with a few stray bytes stays UTF-8; every value without a form is found by copy and proof', async () => {
    const content = Buffer.from('n,v\n1,ÄÖÜäöü\n2,b?d\n');
    content[content.indexOf('?')] = 0xff;
    const { reader, table } = await plan({ 't.csv': content });
    expect((await scanAll(reader, table('t'))).map(({ fields }) => fields[1]?.startsWith('odd:'))).toEqual([
      false,
      true,
    ]);
  });

  it('in ill-formed UTF-16 has bytes that nobody takes for text, the same for copy and proof', async () => {
    const units = Buffer.from('\ufeffn,v\n1,a?b\n2,c\n', 'utf16le');
    units.writeUInt16LE(0xd800, units.indexOf('?'));
    const { reader, table } = await plan({ 't.csv': Buffer.concat([units, Buffer.from([0x41])]) });
    const copied = await readAll(reader, table('t'));
    const proven = await scanAll(reader, table('t'));
    expect(copied[0]?.[1]).toBe(Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]).toString());
    expect(proven[0]?.fields[1]).toBe(`odd:${copied[0]?.[1] ?? ''}`);
    expect(proven).toHaveLength(copied.length);
  });

  // [edge 82]
  it('or it is no table, and said why', async () => {
    const { catalogue } = await plan({
      ...{ 'a.csv': 'x,y\n1,2\n', 'empty.csv': '', 'blank.csv': '\n\n', 'prose.txt': 'Hello, world\nno table\n' },
      ...{
        'x.parquet': 'PAR1',
        '.hidden.csv': 'a,b\n',
        'sub/': '',
        'a.tsv': 'x\ty\n1\t2\n',
        'odd name; "x".csv': 'k\n1\n',
      },
    });
    expect(catalogue.tables.map(({ name }) => name).sort()).toEqual(['a.csv', 'a.tsv', 'odd name; "x"']);
    expect(catalogue.objects.map(({ name, definition }) => [name, definition])).toEqual([
      ['empty.csv', 'it is empty'],
      ['sub', 'it is a folder: only files directly in the source are read'],
      ['x.parquet', 'its name does not end in .csv, .tsv, .psv or .txt, alone or with .gz'],
      ['blank.csv', 'there is no row in it'],
      ['prose.txt', 'no delimiter tells its lines apart into fields'],
    ]);
  });
});

describe('a type is what every value is, and prints again', () => {
  const MANY = 3000;

  // [edge 81 82]
  it.each<[what: string, values: readonly string[], type: string, nullWords?: readonly string[]]>([
    ['integers', ['1', '-2', '0', '9223372036854775807'], 'bigint'],
    ['integers beyond 64 bits', ['1', '9223372036854775808'], 'numeric'],
    ['zeros in front', ['007', '1'], 'text'],
    ['a plus', ['+1', '2'], 'text'],
    ['a minus zero', ['-0', '2'], 'text'],
    ['a blank', ['1', ' 2'], 'text'],
    ['decimals of one scale', ['1.50', '-0.25'], 'numeric(18,2)'],
    ['decimals of several', ['1.5', '2', '0.125'], 'numeric'],
    ['an exponent', ['1.5', '1e5'], 'text'],
    ['a point without digits', ['1.', '.5'], 'text'],
    ['a comma for the point', ['"1,5"', '"2,5"'], 'text'],
    ['true and false', ['true', 'false'], 'boolean'],
    ['TRUE and FALSE', ['TRUE', 'FALSE'], 'boolean'],
    ['two spellings of true', ['true', 'TRUE'], 'text'],
    ['yes and no', ['yes', 'no'], 'text'],
    ['zeros and ones', ['0', '1'], 'bigint'],
    ['dates', ['2024-02-29', '0001-01-01'], 'date'],
    ['a date that is none', ['2024-02-29', '2023-02-29'], 'text'],
    ['dates of another order', ['31.12.2024', '01.02.2024'], 'text'],
    ['moments', ['2024-01-02 03:04:05', '2024-01-02T03:04:05.123456'], 'timestamp'],
    ['moments finer than a microsecond', ['2024-01-02 03:04:05.1234567'], 'text'],
    [
      'moments with zones',
      ['2024-01-02T03:04:05Z', '2024-01-02 03:04:05.1+0530', '2024-01-02 03:04:05-08'],
      'timestamptz',
    ],
    ['moments, some with zones', ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05'], 'text'],
    ['dates and moments', ['2024-01-02', '2024-01-02T03:04:05'], 'text'],
    ['UUIDs', ['0188d5a7-0000-7000-8000-0123456789ab', '0188D5A7-0000-7000-8000-0123456789AB'], 'uuid'],
    ['nothing', ['', ''], 'text'],
    ['numbers and \\N', ['1', '\\N'], 'bigint'],
    ['numbers and NULL', ['1', 'NULL', 'NA'], 'bigint', ['NA', 'NULL']],
    ['words and NULL', ['Ann', 'NULL'], 'text'],
    ['numbers and a quoted NULL', ['1', '"NULL"'], 'text'],
    ['numbers in quotes', ['"1"', '"2"'], 'bigint'],
    ['numbers and an empty text', ['1', '""'], 'text'],
    ['only NULL', ['NULL', 'NULL'], 'text'],
  ])('%s', async (_what, values, type, nullWords) => {
    const { table } = await plan({ 't.csv': `k,v\n${values.map((value) => `x,${value}\n`).join('')}` });
    const column = table('t').columns[1];
    expect([column?.type, column?.nullWords]).toEqual([type, nullWords]);
  });

  it('of all rows: the last of many decides', async () => {
    const rows = rowsOf(MANY, (at) => `${String(at)},${String(at)}`);
    const { table } = await plan({ 'one.csv': `id,v\n${rows}\n`, 'other.csv': `id,v\n${rows}\nx1,y\n` });
    expect([table('one').columns[0]?.type, table('other').columns[0]?.type]).toEqual(['bigint', 'text']);
  });

  it('and a word is NULL in a column of nothing else where it is so in another', async () => {
    const { table, profiles } = await plan({ 't.csv': 'id,n,void,name\n1,NULL,NULL,NULL\n2,5,NULL,Ann\n' });
    expect(table('t').columns.map(({ nullWords }) => nullWords)).toEqual([undefined, ['NULL'], ['NULL'], undefined]);
    expect(profiles[0]?.columns.map(({ nulls }) => nulls)).toEqual([0, 1, 2, 0]);
  });
});
