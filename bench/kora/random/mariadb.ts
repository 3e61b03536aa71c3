import fc from 'fast-check';
import type { Kind, Value } from './columns.js';
import {
  bits32,
  bits64,
  bitsOf32,
  bitsOf64,
  clock,
  days,
  decimals,
  doubles,
  floats,
  hexed,
  hexOf,
  shortSeconds,
  unicode,
  utf8,
} from './columns.js';

const integers = (declared: string, min: bigint, max: bigint): Kind => ({
  declared,
  values: fc
    .oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n))
    .map((value) => ({ literal: String(value), text: String(value) })),
});

const quoted = (text: string): Value => ({ literal: `'${text}'`, text });
const text = (value: string, stored = value): Value => ({
  literal: `_utf8mb4 x'${hexOf(value)}'`,
  text: hexOf(stored),
});
const bytes = (value: Uint8Array, width = 0): Value => {
  const hex = Buffer.from(value).toString('hex');
  return { literal: `x'${hex}'`, text: hex.padEnd(width * 2, '0') };
};

/** Characters that Windows-1252, MariaDB's latin1, has and nobody takes for something else. */
const WESTERN = 'abcXYZ 0189.,-äöüßéèñçÀÅØœŠ€…“”'.split(/(?:)/u);
const LABELS = ['new', 'a,b', "c'd", 'é', 'G\\H', ' x', '"', '0'];
const SET = ['one', 'two', 'drei', 'vier'];

const TIME_TEXT = /^(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?$/;

/** Microseconds of hh:mm:ss.ffffff. */
function micros(time: string): string {
  const [, sign = '', h = '0', m = '0', s = '0', part = ''] = TIME_TEXT.exec(time) ?? [];
  const whole = BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s);
  const value = whole * 1_000_000n + BigInt(part.padEnd(6, '0'));
  return String(sign === '-' ? -value : value);
}

const times = (digits: number): Kind => ({
  declared: `TIME(${String(digits)})`,
  values: fc
    .tuple(clock(digits), fc.constantFrom('', '', '', '-'), fc.constantFrom(0, 0, 0, 800))
    .map(([time, sign, more]) => {
      const [hours = '0', ...rest] = time.split(':');
      const moved = `${sign}${String(Number(hours) + more).padStart(2, '0')}:${rest.join(':')}`;
      return { literal: `'${moved}'`, text: micros(moved) };
    }),
  printed: (column) => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`,
});

const moments = (declared: string, digits: number, years: readonly [number, number], zone = ''): Kind => ({
  declared: `${declared}(${String(digits)})`,
  values: fc.tuple(days(...years), clock(digits)).map(([day, time]) => ({
    literal: `'${day} ${time}'`,
    text: `${day} ${shortSeconds(time)}${zone}`,
  })),
});

/** Kinds of MariaDB's columns; a statement's session has the time zone +00:00. */
export const MARIADB: readonly Kind[] = [
  integers('TINYINT UNSIGNED', 0n, 255n),
  integers('SMALLINT', -32768n, 32767n),
  integers('MEDIUMINT UNSIGNED', 0n, 16777215n),
  integers('INT', -2147483648n, 2147483647n),
  integers('INT UNSIGNED', 0n, 4294967295n),
  integers('BIGINT', -(2n ** 63n), 2n ** 63n - 1n),
  integers('BIGINT UNSIGNED', 0n, 2n ** 64n - 1n),
  {
    declared: 'TINYINT(1)',
    values: fc
      .oneof(fc.constantFrom(0, 1), fc.integer({ min: -128, max: 127 }))
      .map(String)
      .map((value) => ({ literal: value, text: value })),
    printed: (column) => `${column}::int::text`,
  },
  ...(
    [
      [5, 0],
      [9, 2],
      [18, 9],
      [38, 30],
      [65, 30],
    ] as const
  ).map(([precision, scale]): Kind => ({
    declared: `DECIMAL(${String(precision)},${String(scale)})`,
    values: decimals(precision, scale).map(quoted),
  })),
  {
    declared: 'FLOAT',
    values: floats.map((value) => ({ literal: String(value), text: bitsOf32(value) })),
    printed: bits32,
  },
  {
    declared: 'DOUBLE',
    values: doubles.map((value) => ({ literal: `'${String(value)}'`, text: bitsOf64(value) })),
    printed: bits64,
  },
  { declared: 'VARCHAR(30) CHARACTER SET utf8mb4', values: unicode(30).map((value) => text(value)), printed: utf8 },
  {
    declared: 'CHAR(12) CHARACTER SET utf8mb4',
    values: unicode(12).map((value) => text(value, value.replace(/ +$/, ''))),
    printed: utf8,
  },
  { declared: 'LONGTEXT CHARACTER SET utf8mb4', values: unicode(300).map((value) => text(value)), printed: utf8 },
  {
    declared: 'VARCHAR(30) CHARACTER SET latin1',
    values: fc.array(fc.constantFrom(...WESTERN), { maxLength: 30 }).map((parts) => text(parts.join(''))),
    printed: utf8,
  },
  { declared: 'VARCHAR(20) CHARACTER SET utf16', values: unicode(20).map((value) => text(value)), printed: utf8 },
  { declared: 'VARBINARY(40)', values: fc.uint8Array({ maxLength: 40 }).map((value) => bytes(value)), printed: hexed },
  { declared: 'BINARY(7)', values: fc.uint8Array({ maxLength: 7 }).map((value) => bytes(value, 7)), printed: hexed },
  { declared: 'MEDIUMBLOB', values: fc.uint8Array({ maxLength: 400 }).map((value) => bytes(value)), printed: hexed },
  { declared: 'DATE', values: days(1000, 9999).map(quoted) },
  moments('DATETIME', 0, [1000, 9999]),
  moments('DATETIME', 6, [1000, 9999]),
  moments('TIMESTAMP', 3, [1971, 2037], '+00'),
  times(0),
  times(6),
  {
    declared: 'YEAR',
    values: fc.integer({ min: 1901, max: 2155 }).map((year) => ({ literal: String(year), text: String(year) })),
  },
  {
    declared: `ENUM(${LABELS.map((label) => `'${label.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`).join(',')}) CHARACTER SET utf8mb4`,
    values: fc.nat(LABELS.length - 1).map((at) => ({ literal: String(at + 1), text: hexOf(LABELS[at] ?? '') })),
    printed: utf8,
  },
  {
    declared: `SET(${SET.map((label) => `'${label}'`).join(',')})`,
    values: fc.nat(2 ** SET.length - 1).map((mask) => ({
      literal: String(mask),
      text: SET.filter((_, at) => (mask >> at) % 2 === 1).join(','),
    })),
    printed: (column) => `array_to_string(${column}, ',')`,
  },
  ...[1, 13, 64].map((width): Kind => ({
    declared: `BIT(${String(width)})`,
    values: fc.bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n }).map((value) => ({
      literal: `b'${value.toString(2)}'`,
      text: value.toString(2).padStart(width, '0'),
    })),
    printed: width === 1 ? (column) => `${column}::int::text` : (column) => `${column}::text`,
  })),
  {
    declared: 'JSON',
    values: fc
      .json({ maxDepth: 3 })
      .filter((json) => !json.includes('\\u'))
      .map((json) => text(json, json)),
    printed: utf8,
  },
  { declared: 'UUID', values: fc.uuid({ version: [1, 4] }).map(quoted) },
];
