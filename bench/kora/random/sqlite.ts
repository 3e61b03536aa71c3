import fc from 'fast-check';
import type { Kind } from './columns.js';
import { bits64, bitsOf64, clock, days, doubles, hexed, hexOf, shortSeconds, unicode, utf8 } from './columns.js';

const text = (value: string): { literal: string; text: string } => ({
  literal: `CAST(x'${hexOf(value)}' AS TEXT)`,
  text: hexOf(value),
});

/** SQLite's own real literals are not read exactly by older versions: as an expression of whole numbers. */
function realLiteral(value: number): string {
  return `'${value.toPrecision(17)}' + 0.0`;
}

/** Kinds of SQLite's columns: the declared type is what most schemas say. */
export const SQLITE: readonly Kind[] = [
  {
    declared: 'INTEGER',
    values: fc
      .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -9n, max: 9n }))
      .map((value) => ({
        literal: value === -(2n ** 63n) ? '(-9223372036854775807 - 1)' : String(value),
        text: String(value),
      })),
  },
  {
    declared: 'REAL',
    values: doubles.map((value) => ({ literal: realLiteral(value), text: bitsOf64(value) })),
    printed: bits64,
  },
  { declared: 'TEXT', values: unicode(60).map(text), printed: utf8 },
  { declared: 'VARCHAR(20)', values: unicode(40).map(text), printed: utf8 },
  {
    declared: 'BLOB',
    values: fc.uint8Array({ maxLength: 80 }).map((value) => {
      const hex = Buffer.from(value).toString('hex');
      return { literal: `x'${hex}'`, text: hex };
    }),
    printed: hexed,
  },
  {
    declared: 'BOOLEAN',
    values: fc.constantFrom('0', '1').map((value) => ({ literal: value, text: value })),
    printed: (column) => `${column}::int::text`,
  },
  { declared: 'DATE', values: days(1, 9999).map((day) => ({ literal: `'${day}'`, text: day })) },
  {
    declared: 'DATETIME',
    values: fc.tuple(days(1, 9999), clock(3)).map(([day, time]) => ({
      literal: `'${day} ${time}'`,
      text: `${day} ${shortSeconds(time)}`,
    })),
  },
];
