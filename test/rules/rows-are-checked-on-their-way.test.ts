import { describe, expect, it } from 'vitest';
import { compileRules, isDecidable } from '../../activities/kora/rules/compile-rules.js';
import { compileCheck } from '../../activities/kora/compile-validator.js';
import { specifyValidator } from '../../activities/kora/specify-validator.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { RowEncoder } from '../../activities/worker/row-encoder.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { RowRule } from '../../contracts/rules.js';
import { batchOf, column, openSeal, rowsOf, tableOf } from '../record/record-fixtures.js';
import type { SourceValue } from '../record/record-fixtures.js';
import { NOW } from './rule-fixtures.js';

function ruleOf(kind: RowRule['kind'], columns: readonly string[], more: object = {}): RowRule {
  const said = {
    support: 1,
    sample: 1,
    confidence: 1,
    counterExamples: 0,
    origin: 'mined',
    why: '',
    state: 'accepted',
  };
  return { id: kind, table: 'shop.things', columns, kind, parameters: {}, ...said, ...more } as unknown as RowRule;
}

function encoded(
  table: TableMapping,
  rules: readonly RowRule[],
  rows: readonly (readonly SourceValue[])[],
): { encoder: RowEncoder; written: number } {
  const compiled = {
    checks: specifyValidator(table).columns.map(({ check }) => compileCheck(check)),
    codecs: compileTransform(table),
    rules: compileRules(table, rules, NOW),
  };
  const encoder = new RowEncoder(table, compiled, openSeal);
  const batch = batchOf(rows);
  const sink = new CopySink();
  for (let row = 0; row < batch.rows; row += 1) encoder.encode(batch, row, sink);
  return { encoder, written: rowsOf(Buffer.concat(sink.take())).length };
}

const key = column({ type: 'bigint', kind: 'integer' }, 'id');
const tableWith = (...columns: ColumnMapping[]): TableMapping => tableOf([key, ...columns], { rowKey: ['id'] });
const price = column({ type: 'numeric(10,2)', kind: 'decimal' }, 'price');

describe('A rule of one row, while the row is copied', () => {
  it('lets a row that breaks it pass, and counts it', () => {
    const { encoder, written } = encoded(
      tableWith(price),
      [ruleOf('not_negative', ['price'])],
      [
        ['1', '-1.50', '1'],
        ['2', '-0.00', '2'],
        ['3', null, '3'],
        ['4', '1', '4'],
      ],
    );
    expect({ written, broken: encoder.broken, quarantined: encoder.quarantined }).toEqual({
      written: 4,
      broken: ['not_negative'],
      quarantined: [],
    });
  });

  it('keeps the row out where it is to, whole, sealed, and by its key', () => {
    const rule = ruleOf('not_negative', ['price'], { onBroken: 'quarantine' });
    const { encoder, written } = encoded(
      tableWith(price),
      [rule],
      [
        ['1', '-1.50', '1'],
        ['2', '1.50', '2'],
      ],
    );
    expect(written).toBe(1);
    expect(encoder.quarantined).toHaveLength(1);
    expect(encoder.quarantined[0]).toMatchObject({ reason: 'rule_broken', column: 'price' });
    expect(encoder.quarantined[0]?.row.toString()).toContain('-1.50');
  });

  it('does not judge a value that is not stored as it is', () => {
    const day = column({ type: 'date', kind: 'date' }, 'day');
    const until = column({ type: 'date', kind: 'date' }, 'until');
    const rule = ruleOf('ordered', ['day', 'until'], { onBroken: 'quarantine' });
    const { encoder, written } = encoded(
      tableWith(day, until),
      [rule],
      [
        ['1', '2026-01-02', '0000-00-00', '1'],
        ['2', '2026-01-02', '2026-01-01', '2'],
      ],
    );
    expect(written).toBe(1);
    expect(encoder.changed).toMatchObject([{ rule: 'zero_date' }]);
    expect(encoder.quarantined).toHaveLength(1);
  });

  it('reads the times of SQLite in all their forms', () => {
    const seen = column({ type: 'timestamp', kind: 'timestamp', transform: [{ op: 'parse_datetime' }] }, 'seen');
    const { encoder } = encoded(
      tableWith(seen),
      [ruleOf('not_in_future', ['seen'])],
      [
        ['1', { bytes: '2026-03-01T12:00:00Z', storage: 'text' }, '1'],
        ['2', { bytes: '2027-03-01 12:00', storage: 'text' }, '2'],
      ],
    );
    expect(encoder.broken).toEqual(['not_in_future']);
    const seconds = column({ type: 'timestamp', kind: 'timestamp', transform: [{ op: 'from_unix_seconds' }] }, 'seen');
    const later = encoded(
      tableWith(seconds),
      [ruleOf('not_in_future', ['seen'])],
      [
        ['1', '4000000000', '1'],
        ['2', '1700000000', '2'],
      ],
    );
    expect(later.encoder.broken).toEqual(['not_in_future']);
  });

  it('knows lists, forms and currencies', () => {
    const state = column({ type: 'text', kind: 'text' }, 'state');
    const mail = column({ type: 'text', kind: 'text' }, 'mail');
    const rules = [
      ruleOf('one_of', ['state'], { values: ['open'] }),
      ruleOf('format', ['mail'], { parameters: { format: 'email' } }),
      ruleOf('currency_with_amount', ['price', 'state']),
    ];
    const { encoder } = encoded(tableWith(price, state, mail), rules, [
      ['1', '1', 'open', 'a@b.example', '1'],
      ['2', null, 'shut', 'nobody', '2'],
    ]);
    expect(encoder.broken).toEqual(['currency_with_amount', 'one_of', 'format']);
  });

  it('is told of by the check alone where the plan rewrites the value, or passes rows as they are', () => {
    const rewritten = column({ type: 'text', kind: 'text', transform: [{ op: 'as_is' }, { op: 'trim' }] }, 'state');
    const native = column({ type: 'integer', kind: 'native' }, 'price');
    expect(isDecidable(tableWith(rewritten), ruleOf('one_of', ['state']))).toBe(false);
    expect(isDecidable(tableWith(native), ruleOf('not_negative', ['price']))).toBe(false);
    expect(isDecidable(tableWith(price), ruleOf('not_negative', ['price']))).toBe(true);
    expect(isDecidable(tableWith(price), ruleOf('not_negative', ['gone']))).toBe(false);
  });
});
