import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileFormat } from '../../contracts/text-format.js';
import { ProofRows } from '../../databases/csv/proof-rows.js';
import { marksOf, RowSplitter } from '../../databases/csv/rows.js';

type Row = readonly string[] | { readonly broken: string };

function formatOf(parts: Partial<FileFormat> = {}): FileFormat {
  return {
    ...{ file: 'f.csv', encoding: 'utf-8', delimiter: ',', quote: '"', escape: '"', lineEnd: 'lf', skipLines: 0 },
    ...{ header: false, columns: [], nullWords: [''], missingFields: 'quarantine', reasons: [] },
    ...parts,
  };
}

/** As the copy takes them apart, from windows of which each has `step` bytes more than the last one left. */
function byCopy(text: string, format: FileFormat, step: number): Row[] {
  const whole = Buffer.from(text, 'latin1');
  const splitter = new RowSplitter(marksOf(format), 100);
  const rows: Row[] = [];
  let [begin, end] = [0, 0];
  do {
    end = Math.min(whole.length, end + step);
    // A copy: escapes are taken out where they lie.
    const window = Buffer.from(whole.subarray(begin, end));
    splitter.open(window, end === whole.length);
    while (splitter.next()) {
      if (splitter.isBroken) {
        rows.push({ broken: window.toString('latin1', splitter.from, splitter.to) });
        continue;
      }
      const fields: string[] = [];
      for (let field = 0; field < splitter.fields; field += 1) {
        splitter.unescape(field);
        const text = window.toString('latin1', splitter.start[field], splitter.end[field]);
        fields.push(splitter.quoted[field] === 1 ? `"${text}` : text);
      }
      rows.push(fields);
    }
    begin += splitter.at;
  } while (end < whole.length);
  return rows;
}

/** As the proof does, from pieces of `step` bytes. */
function byProof(text: string, format: FileFormat, step: number): Row[] {
  const whole = Buffer.from(text, 'latin1');
  const proof = new ProofRows(format);
  const rows: Row[] = [];
  const take = (): void => {
    const fields = Array.from({ length: proof.fields }, (_, at) => {
      const { bytes, isQuoted } = proof.field(at);
      return isQuoted ? `"${bytes.toString('latin1')}` : bytes.toString('latin1');
    });
    rows.push(proof.isBroken ? { broken: proof.raw.toString('latin1') } : fields);
    proof.clear();
  };
  for (let begin = 0; begin < whole.length; begin += step) {
    const piece = whole.subarray(begin, begin + step);
    for (let at = 0; at < piece.length;) {
      const end = proof.read(piece, at);
      if (end < 0) break;
      take();
      at = end + 1;
    }
  }
  if (proof.finish()) take();
  return rows;
}

const step = fc.integer({ min: 1, max: 40 });
const dialect = fc.constantFrom<Partial<FileFormat>>(
  {},
  { lineEnd: 'crlf' },
  { lineEnd: 'cr' },
  { lineEnd: '~' },
  { delimiter: '\t' },
  { delimiter: ';', quote: "'", escape: "'" },
  { escape: '\\' },
  { escape: '\\', lineEnd: 'crlf' },
  { delimiter: '|', escape: '\\' },
);

describe('rows of a file', () => {
  // [edge 80]
  it('are the same for copy and proof, whatever stands in the file, and wherever windows end', () => {
    const soup = fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        ',',
        ';',
        '\t',
        '|',
        '"',
        '"',
        "'",
        '\\',
        '\n',
        '\n',
        '\r',
        '~',
        '\x08',
        '\x07',
        ' ',
        '\0',
        '\xe4',
      ),
      maxLength: 60,
    });
    fc.assert(
      fc.property(soup, dialect, step, step, (text, parts, one, other) => {
        const format = formatOf(parts);
        expect(byCopy(text, format, one)).toEqual(byProof(text, format, other));
      }),
      { numRuns: 4000 },
    );
  });

  // [edge 80]
  it('are those of a well-kept parser, where that one can read the file', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', 'é', ',', '\t', '"', '\\', '\n', '\r\n', ' ', "'"),
      maxLength: 8,
    });
    const rows = fc.array(fc.array(fc.tuple(value, fc.boolean()), { minLength: 2, maxLength: 4 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(rows, dialect, step, (given, parts, size) => {
        const format = formatOf(parts);
        const { delimiter, quote = '"', escape = '"', lineEnd } = format;
        const end = { lf: '\n', crlf: '\r\n', cr: '\r' }[lineEnd] ?? lineEnd;
        const quoted = (text: string): string => quote + text.replaceAll(quote, escape + quote) + quote;
        const isBare = (text: string): boolean => !/[\n\r"'\\~;|,\t]/.test(text) && text !== '';
        const plain = given.map((row) => row.map(([text]) => text.replaceAll('\\', escape === '\\' ? '/' : '\\')));
        const text = plain
          .map((row, at) =>
            row
              .map((field, place) => (isBare(field) && !given[at]?.[place]?.[1] ? field : quoted(field)))
              .join(delimiter),
          )
          .join(end);
        const theirs = parse(text, { delimiter, quote, escape, record_delimiter: end, relax_column_count: true });
        const wide = Buffer.from(text).toString('latin1');
        const unmarked = byProof(wide, format, size).map((row) =>
          'broken' in row ? row : row.map((field) => field.replace(/^"/, '')),
        );
        expect(
          unmarked.map((row) => ('broken' in row ? row : row.map((field) => Buffer.from(field, 'latin1').toString()))),
        ).toEqual(theirs);
        expect(byCopy(wide, format, size)).toEqual(byProof(wide, format, 1 + (size % 5)));
      }),
      { numRuns: 2000 },
    );
  });

  // [edge 80]
  it.each<[what: string, text: string, parts: Partial<FileFormat>, rows: readonly Row[]]>([
    [
      'line ends inside of quotes',
      'a,"b\nc"\nd,e',
      {},
      [
        ['a', '"b\nc'],
        ['d', 'e'],
      ],
    ],
    ['quotes inside of quotes', '"say ""hi""",x\n', {}, [['"say "hi"', 'x']]],
    ['an escape that is the quote', '"",""""\n', {}, [['"', '""']]],
    [
      'an escape that is another character',
      '"say \\"hi\\" \\\\ \\a",x\n',
      { escape: '\\' },
      [['"say "hi" \\ \\a', 'x']],
    ],
    ['backspace, bell and tab', 'a\x08b,\x07\t\n', {}, [['a\x08b', '\x07\t']]],
    ['a quote in the middle of a field', '5" pipe,6\n', {}, [['5" pipe', '6']]],
    ['text behind a closing quote', '"a"b,c\nd,e\n', {}, [{ broken: '"a"b,c' }, ['d', 'e']]],
    ['a quote that nobody closes', 'a,b\nc,"d\ne,f\n', {}, [['a', 'b'], { broken: 'c,"d\ne,f\n' }]],
    ['blanks around quotes', 'a, "b"\n', {}, [['a', ' "b"']]],
    [
      'CRLF',
      'a,b\r\n"c",\r\n',
      { lineEnd: 'crlf' },
      [
        ['a', 'b'],
        ['"c', ''],
      ],
    ],
    ['CR in front of LF, where lines end by LF', 'a\r\nb\n', {}, [['a\r'], ['b']]],
    ['no line end at the end', 'a,b', {}, [['a', 'b']]],
    ['a delimiter at the end', 'a,', {}, [['a', '']]],
    [
      'a line end of their own',
      'a,b~c,d~',
      { lineEnd: '~' },
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
  ])('with %s', (_what, text, parts, rows) => {
    const format = formatOf(parts);
    for (const size of [1, 2, 3, 5, 1000]) {
      expect(byCopy(text, format, size)).toEqual(rows);
      expect(byProof(text, format, size)).toEqual(rows);
    }
  });
});
