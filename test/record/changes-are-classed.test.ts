import { describe, expect, it } from 'vitest';
import { classify } from '../../activities/kora/differences/classify.js';
import { plainJson } from '../../activities/kora/differences/json.js';
import { isNarrower } from '../../activities/kora/structure/narrower.js';
import type { ValueKind } from '../../contracts/mapping.js';

function classOf(kind: ValueKind, source: string | null, target: string | null): string {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  const change = { source: { bytes: bytes(source), odd: false }, target: bytes(target) };
  return classify({ kind, type: kind }, change).code;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function classOfDouble(source: number, target: number): string {
  const change = { source: { bytes: double(source), odd: false }, target: double(target) };
  return classify({ kind: 'float8', type: 'double precision' }, change).code;
}

describe('what became of a value', () => {
  it.each([
    ['text', null, '', 'null_lost'],
    ['text', 'a', null, 'null_made'],
    ['text', 'abcdef', 'abc', 'truncated'],
    ['text', 'a', '', 'truncated'],
    ['text', 'a  ', 'a', 'trailing_blanks'],
    ['text', 'a', 'a ', 'trailing_blanks'],
    ['text', 'Straße', 'STRAßE', 'case_changed'],
    ['text', 'Zoë', 'Zoe\u0308', 'unicode_normalized'],
    ['text', 'Zoë', 'ZoÃ«', 'encoding_damaged'],
    ['text', 'ZoÃ«', 'Zoë', 'encoding_damaged'],
    ['text', '10 €', '10 â‚¬', 'encoding_damaged'],
    ['text', 'Zoë', 'Zo?', 'encoding_damaged'],
    ['text', '😀', '??', 'encoding_damaged'],
    ['text', 'Zoë', 'Zo\ufffd', 'encoding_damaged'],
    ['text', 'what?', 'what!', 'value_differs'],
    ['enum', 'new', 'old', 'value_differs'],
    ['decimal', '12.3456', '12.35', 'rounded'],
    ['decimal', '12.3456', '12.34', 'rounded'],
    ['decimal', '12.5', '13', 'rounded'],
    ['decimal', '12.5', '12', 'rounded'],
    ['decimal', '12.5', '14', 'value_differs'],
    ['decimal', '-0.5', '0', 'rounded'],
    ['decimal', '-0.5', '0.5', 'sign_changed'],
    ['decimal', '0.1', '0.10000000149011612', 'rounded'],
    ['integer', '16777217', '16777216', 'rounded'],
    ['integer', '9007199254740993', '9007199254740992', 'rounded'],
    ['integer', '12', '-12', 'sign_changed'],
    ['integer', '300', '44', 'overflowed'],
    ['integer', '200', '-56', 'overflowed'],
    ['integer', '300', '127', 'overflowed'],
    ['integer', '70000', '65535', 'overflowed'],
    ['integer', '18446744073709551615', '-1', 'overflowed'],
    ['integer', '18446744073709551615', '9223372036854775807', 'overflowed'],
    ['integer', '-5', '0', 'overflowed'],
    ['integer', '12', '13', 'value_differs'],
    ['date', '2024-03-07', '2024-07-03', 'day_month_swapped'],
    ['date', '2024-03-07', '2024-03-08', 'value_differs'],
    ['timestamp', '2024-03-07 23:30:00.000000', '2024-03-08 01:30:00.000000', 'time_zone_shift'],
    ['timestamptz', '2024-03-07 12:00:00.000000', '2024-03-07 06:15:00.000000', 'time_zone_shift'],
    ['timestamp', '2024-03-07 12:00:00.000000', '2024-03-07 12:10:00.000000', 'value_differs'],
    ['timestamp', '2024-03-07 12:00:00.000000', '2024-03-08 12:00:00.000000', 'value_differs'],
    ['timestamp', '2024-03-07 12:00:00.000000', '2024-07-03 12:00:00.000000', 'day_month_swapped'],
    ['timestamp', '2024-03-07 12:00:00.250000', '2024-03-07 12:00:00.000000', 'rounded'],
    ['timestamp', '2024-03-07 12:00:59.600000', '2024-03-07 12:01:00.000000', 'rounded'],
    ['timestamp', '2024-03-07 12:34:56.000000', '2024-03-07 00:00:00.000000', 'truncated'],
    ['timestamp', '0001-01-01 12:00:00.000000', '0001-01-01 13:00:00.000000', 'time_zone_shift'],
    ['time', '23:00:00.000000', '01:00:00.000000', 'time_zone_shift'],
    ['boolean', '1', '0', 'value_differs'],
    ['bytes', '\u0001\u0002\u0003', '\u0001\u0002', 'truncated'],
    ['bytes', '\u0001\u0002\u0003', '\\x010203', 'encoding_damaged'],
  ] as const)('of kind %s, from %j to %j: %s', (kind, source, target, code) => {
    expect(classOf(kind, source, target)).toBe(code);
  });

  it('is told of doubles', () => {
    expect(classOfDouble(1 / 3, Math.fround(1 / 3))).toBe('rounded');
    expect(classOfDouble(1 / 3, 0.333333)).toBe('rounded');
    expect(classOfDouble(2 / 3, 0.666)).toBe('rounded');
    expect(classOfDouble(2, -2)).toBe('sign_changed');
    expect(classOfDouble(1 / 3, 0.4)).toBe('value_differs');
  });

  it('is an exception of its own where PostgreSQL has no form for it', () => {
    const change = { source: { bytes: Buffer.from('0000-00-00'), odd: true }, target: null };
    expect(classify({ kind: 'date', type: 'date' }, change).code).toBe('value_without_faithful_form');
  });

  it('is told of values of PostgreSQL in their binary form', () => {
    const classOfNative = (type: string, source: string, target: string): string => {
      const change = { source: { bytes: Buffer.from(source, 'hex'), odd: false }, target: Buffer.from(target, 'hex') };
      return classify({ kind: 'native', type }, change).code;
    };
    expect(classOfNative('integer', '0000012c', '0000002c')).toBe('overflowed');
    expect(classOfNative('bigint', '0000000000000005', 'fffffffffffffffb')).toBe('sign_changed');
    expect(classOfNative('text', '41', '61')).toBe('case_changed');
    // 2000-01-02 and 2000-02-01; noon and two hours later.
    expect(classOfNative('date', '00000001', '0000001f')).toBe('day_month_swapped');
    expect(classOfNative('timestamp(6) without time zone', '0000000a0eebb000', '0000000bbc12f800')).toBe(
      'time_zone_shift',
    );
    expect(classOfNative('timestamptz', '7fffffffffffffff', '0000000a0eebb000')).toBe('value_differs');
    expect(classOfNative('numrange', '01', '02')).toBe('value_differs');
  });

  it('says how far a clock was moved', () => {
    const [bytes, target] = ['2024-03-07 12:00:00.000000', '2024-03-07 14:00:00.000000'].map((text) =>
      Buffer.from(text),
    );
    const change = { source: { bytes: bytes ?? null, odd: false }, target: target ?? null };
    expect(classify({ kind: 'timestamp', type: 'timestamp' }, change)).toEqual({
      code: 'time_zone_shift',
      minutes: 120,
    });
  });
});

describe('JSON', () => {
  it.each([
    ['{"b": 1, "a": [1, 2.50]}', '{"a": [1, 2.5], "b": 1}'],
    ['{"a": 1, "a": 2}', '{"a": 2}'],
    ['1e2', '100'],
    ['0.0000000001', '1e-10'],
    ['-0.0', '0'],
    ['"\\u00e9"', '"é"'],
    ['12345678901234567890.5', '12345678901234567890.50'],
  ])('%s is %s', (one, other) => {
    expect(plainJson(one)).toBe(plainJson(other));
    expect(plainJson(one)).toBeDefined();
  });

  it.each([
    ['12345678901234567890', '12345678901234567891'],
    ['[1, 2]', '[2, 1]'],
    ['"a"', '"a "'],
    ['{"a": null}', '{}'],
    ['10', '1'],
  ])('%s is not %s', (one, other) => {
    expect(plainJson(one)).not.toBe(plainJson(other));
  });

  it('is not what only looks like it', () => {
    for (const text of ['', '{', '[1,]', '{"a" 1}', '1 2', 'nul', '[1 2]']) expect(plainJson(text)).toBeUndefined();
  });
});

describe('a type is narrower', () => {
  it.each([
    ['varchar(50)', 'varchar(20)'],
    ['text', 'varchar(255)'],
    ['numeric(10,2)', 'numeric(10,1)'],
    ['numeric(10,2)', 'numeric(10,4)'],
    ['numeric', 'numeric(20,2)'],
    ['bigint', 'integer'],
    ['numeric(20)', 'bigint'],
    ['timestamp(6)', 'timestamp(3)'],
    ['timestamp', 'date'],
    ['double precision', 'real'],
  ])('than %s: %s', (wanted, there) => {
    expect(isNarrower(wanted, there)).toBe(true);
  });

  it.each([
    ['varchar(20)', 'text'],
    ['varchar(20)', 'varchar(50)'],
    ['numeric(10,2)', 'numeric(12,4)'],
    ['integer', 'numeric(10)'],
    ['smallint', 'boolean'],
    ['timestamp(0)', 'timestamptz'],
    ['date', 'timestamp'],
  ])('not than %s: %s', (wanted, there) => {
    expect(isNarrower(wanted, there)).toBe(false);
  });
});
