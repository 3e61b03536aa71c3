import fc from 'fast-check';
import type { Kind } from './columns.js';
import { clock, days, decimals, doubles, floats, unicode, utf8 } from './columns.js';

const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * The source's own text of each value is what the target must print: what stands here as expected is only a mark, and the
 * test asks the source instead.
 */
const kind = (declared: string, values: fc.Arbitrary<string>): Kind => ({
  declared,
  values: values.map((value) => ({ literal: literal(value), text: '' })),
  printed: (column) => `${column}::text`,
});

const whole = (bits: bigint): fc.Arbitrary<string> =>
  fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }).map(String);
const list = (values: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(fc.option(values, { freq: 5, nil: null }), { maxLength: 5 })
    .map(
      (parts) => `{${parts.map((part) => (part === null ? 'NULL' : `"${part.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`,
    );
const moment = fc.tuple(days(1, 9999), clock(6)).map((parts) => parts.join(' '));

/** Kinds of PostgreSQL's columns. */
export const POSTGRES: readonly Kind[] = [
  kind('smallint', whole(16n)),
  kind('integer', whole(32n)),
  kind('bigint', whole(64n)),
  kind('numeric', fc.oneof(decimals(80, 40), fc.constantFrom('NaN', '0', '1e100', '-0.0000'))),
  kind('numeric(12,4)', decimals(12, 4)),
  kind('real', fc.oneof(floats.map(String), fc.constantFrom('NaN', 'Infinity', '-0'))),
  kind('double precision', fc.oneof(doubles.map(String), fc.constantFrom('NaN', '-Infinity', '-0'))),
  kind('boolean', fc.constantFrom('t', 'f')),
  { ...kind('text', unicode(80)), printed: utf8 },
  { ...kind('varchar(30)', unicode(30)), printed: utf8 },
  { ...kind('char(9)', unicode(9)), printed: utf8 },
  kind(
    'bytea',
    fc.uint8Array({ maxLength: 60 }).map((value) => `\\x${Buffer.from(value).toString('hex')}`),
  ),
  kind('date', fc.oneof(days(1, 9999), fc.constantFrom('infinity', '0044-03-15 BC'))),
  kind('timestamp', fc.oneof(moment, fc.constantFrom('-infinity'))),
  kind(
    'timestamptz(3)',
    moment.map((at) => `${at}+05:30`),
  ),
  kind('time', clock(6)),
  kind(
    'timetz',
    clock(3).map((at) => `${at}-03:30`),
  ),
  kind(
    'interval',
    fc
      .tuple(fc.integer({ min: -400, max: 400 }), fc.integer({ min: -99, max: 99 }), clock(6))
      .map(([m, d, at]) => `${String(m)} months ${String(d)} days ${at}`),
  ),
  kind('uuid', fc.uuid()),
  kind(
    'json',
    fc.json({ maxDepth: 3 }).filter((json) => !json.includes('\\u0000')),
  ),
  kind(
    'jsonb',
    fc.json({ maxDepth: 3 }).filter((json) => !/\\u(?:0000|d[89a-f])/i.test(json)),
  ),
  kind('integer[]', list(whole(32n))),
  kind('text[]', list(unicode(12))),
  kind('inet', fc.oneof(fc.ipV4(), fc.ipV6())),
  kind(
    'bit varying(40)',
    fc.array(fc.constantFrom('0', '1'), { maxLength: 40 }).map((bits) => bits.join('')),
  ),
  kind(
    'int8range',
    fc.tuple(whole(40n), fc.nat(1_000_000)).map(([from, more]) => `[${from},${String(BigInt(from) + BigInt(more))})`),
  ),
  kind('money', decimals(12, 2)),
  kind(
    'point',
    fc.tuple(doubles, doubles).map((pair) => `(${pair.join(',')})`),
  ),
];
