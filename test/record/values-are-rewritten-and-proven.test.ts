import { describe, expect, it } from 'vitest';
import { compileRewrite } from '../../activities/maba/rewrite/compile-rewrite.js';
import { ChunkExceptions } from '../../activities/validator/exceptions.js';
import { rewritings } from '../../activities/validator/rewriting.js';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { OddPolicies, Operator } from '../../contracts/mapping.js';
import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import type { RowExceptions } from '../../databases/target.js';
import { batchOf, column, encoderOf, randomOf, rowsOf, tableOf } from './record-fixtures.js';
import type { ColumnSpec } from './record-fixtures.js';

const text = (steps: readonly Operator[], more: Partial<ColumnSpec> = {}): ReturnType<typeof column> =>
  column({ type: 'text', kind: 'text', transform: [...steps, { op: 'as_is' }], ...more });

const REPAIRS: OddPolicies = { nul_character: { do: 'remove' }, invalid_utf8: { do: 'decode', from: 'cp1252' } };
const PIPELINES: readonly (readonly Operator[])[] = [
  [{ op: 'trim' }],
  [{ op: 'lower' }],
  [{ op: 'upper' }],
  [{ op: 'trim' }, { op: 'empty_to_null' }],
  [{ op: 'replace', find: 'aa', with: 'a' }],
  [{ op: 'replace', find: 'é', with: '' }, { op: 'empty_to_null' }],
  [{ op: 'decode', from: 'cp1252' }],
  [{ op: 'decode', from: 'cp1252' }, { op: 'trim' }, { op: 'lower' }],
];

/** Texts and bytes of which many are changed by some step. */
function madeValue(random: (below: number) => number): Buffer {
  const pieces = ['a', 'A', ' ', '\t', '\0', 'é', 'Ã©', 'â‚¬', 'ß', 'İ', '€', '\u0081', '\u0085', '\u00a0', '🫡', 'aa'];
  const length = random(6);
  const made = Array.from({ length }, () => pieces[random(pieces.length)] ?? '').join('');
  const bytes = Buffer.from(made);
  return random(5) === 0 ? Buffer.concat([bytes, Buffer.from([0x80 + random(0x80)])]) : bytes;
}

describe('Texts that the plan rewrites', () => {
  it('become the same by the code of the copy and by that of the proof, whatever they are', () => {
    const random = randomOf(7);
    let changed = 0;
    for (const steps of PIPELINES) {
      for (const values of [undefined, REPAIRS]) {
        const table = tableOf([text(steps, values && { values })]);
        const [copy] = compileRewrite(table);
        const [proof] = rewritings(table);
        for (let round = 0; round < 400; round += 1) {
          const raw = madeValue(random);
          const made = copy?.(raw);
          const proven = proof?.(raw) ?? null;
          expect(proven, raw.toString('hex')).toEqual(
            made === undefined ? raw : made === null ? null : Buffer.from(made),
          );
          if (made !== undefined) changed += 1;
        }
      }
    }
    expect(changed).toBeGreaterThan(1000);
  });

  it('say what the rules say', () => {
    const made = (
      steps: readonly Operator[],
      given: string | Buffer,
      values?: OddPolicies,
    ): string | null | undefined => {
      const [rewrite] = compileRewrite(tableOf([text(steps, values && { values })]));
      const result = rewrite?.(Buffer.from(given as string));
      return result === undefined || result === null ? result : Buffer.from(result).toString();
    };
    expect(made([{ op: 'decode', from: 'cp1252' }], 'cafÃ© â‚¬5')).toBe('café €5');
    expect(made([{ op: 'decode', from: 'cp1252' }], 'café')).toBeUndefined();
    expect(made([{ op: 'decode', from: 'cp1252' }], '日本')).toBeUndefined();
    expect(made([{ op: 'trim' }, { op: 'empty_to_null' }], ' \t')).toBeNull();
    expect(made([], Buffer.from([0x61, 0, 0x80]), REPAIRS)).toBe('a€');
    expect(made([], Buffer.from([0x61, 0, 0x80]), { nul_character: { do: 'remove' } })).toBe('a\ufffd');
  });
});

const DATE = column(
  {
    type: 'date',
    kind: 'date',
    values: { zero_date: { do: 'use', value: '1970-01-01' }, bad_form: { do: 'quarantine' } },
  },
  'day',
);
const NAME = text([{ op: 'trim' }], { source: 'name', target: 'name', type: 'varchar(3)', values: REPAIRS });
const TABLE = tableOf([DATE, NAME], { rowKey: ['id'] });

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const value = (of: string): Buffer => Buffer.concat([u32(Buffer.byteLength(of)), Buffer.from(of)]);
const odd = (of: string): Buffer => Buffer.concat([u32(ODD_MARK), value(of)]);

describe('What is stored in place of a value', () => {
  const encoder = encoderOf(TABLE);
  const sink = new CopySink();
  const rows = [
    ['0000-00-00', ' ab ', '1'],
    ['2020-02-30', 'a\0', '2'],
    ['2020-01-01', '  far too long ', '3'],
    ['junk', 'ok', '4'],
  ];
  const batch = { ...batchOf(rows), fields: 3 };
  for (let row = 0; row < rows.length; row += 1) encoder.encode(batch, row, sink);
  const stored = rowsOf(Buffer.concat(sink.take()));

  it('is what the plan says, and the ledger has its rule and its original bytes', () => {
    expect(stored.map(([day, name]) => [day?.readInt32BE(0) ?? null, name?.toString() ?? null])).toEqual([
      [-10957, 'ab'],
      [null, 'a'],
      [7305, null],
    ]);
    const told = encoder.changed.map(({ column: name, rule, original }) => [
      name,
      rule,
      original.toString().split('|')[1],
    ]);
    expect(told).toEqual([
      ['day', 'replaced:zero_date', '0000-00-00'],
      ['name', 'rewritten:nul_character+invalid_utf8+trim', ' ab '],
      ['day', 'impossible_date', '2020-02-30'],
      ['name', 'rewritten:nul_character+invalid_utf8+trim', 'a\0'],
      ['name', 'too_long', '  far too long '],
    ]);
    expect(encoder.quarantined.map(({ reason, column: name }) => [reason, name])).toEqual([['bad_form', 'day']]);
  });

  const entry = (rule: string): { count: number; rule: string } => ({ count: 1, rule });
  const expected = (row: Buffer, changed: Readonly<Record<string, string>>): { row?: Buffer; isTrue: boolean } => {
    const entries = new Map(Object.entries(changed).map(([name, rule]) => [name, entry(rule)]));
    const found: [string, RowExceptions][] = entries.size === 0 ? [] : [['k', { changed: entries, quarantined: 0 }]];
    const exceptions = new ChunkExceptions(TABLE, new Map(found));
    const made = exceptions.expect('k', row);
    return { ...(made && { row: made }), isTrue: exceptions.areTrue() };
  };
  const first = Buffer.concat([odd('0000-00-00'), value(' ab ')]);
  const trimmed = 'rewritten:nul_character+invalid_utf8+trim';

  it('is expected by the proof, from the source and the plan', () => {
    expect(expected(first, { day: 'replaced:zero_date', name: trimmed })).toEqual({
      row: Buffer.concat([value('1970-01-01'), value('ab')]),
      isTrue: true,
    });
    const third = Buffer.concat([value('2020-01-01'), value('  far too long ')]);
    expect(expected(third, { name: 'too_long' })).toEqual({
      row: Buffer.concat([value('2020-01-01'), u32(NULL_MARK)]),
      isTrue: true,
    });
  });

  it('is not excused where the entry is missing, or is of another rule than the plan has', () => {
    expect(expected(first, { day: 'replaced:zero_date' }).isTrue).toBe(false);
    expect(expected(first, { day: 'replaced:out_of_range', name: trimmed }).isTrue).toBe(false);
    const plain = Buffer.concat([value('2020-01-01'), value('ab')]);
    expect(expected(plain, {}).isTrue).toBe(true);
    expect(expected(plain, { day: 'replaced:zero_date' }).isTrue).toBe(false);
    expect(expected(plain, { name: trimmed }).isTrue).toBe(false);
  });

  it('fails the table where the plan says so, naming the column and no value', () => {
    const failing = tableOf([column({ type: 'date', kind: 'date', onInvalid: 'fail' }, 'day')]);
    const encode = (): unknown => encoderOf(failing).encode(batchOf([['0000-00-00']]), 0, new CopySink());
    expect(encode).toThrow(CaravanFailure);
    expect(encode).toThrow(/VALUE_REFUSED.*shop\.things\.day.*zero_date/);
    expect(encode).not.toThrow(/0000/);
  });
});
