import { describe, expect, it } from 'vitest';
import { compileCheck, compileChecks } from '../../activities/kora/compile-validator.js';
import { specifyValidator } from '../../activities/kora/specify-validator.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { RowEncoder } from '../../activities/worker/row-encoder.js';
import { ISSUES } from '../../contracts/record.js';
import type { CheckSpecification } from '../../contracts/validator.js';
import type { RowBatch } from '../../databases/source.js';
import { column, openSeal, randomOf, tableOf } from './record-fixtures.js';

/** What a check says of a text that stands between other digits. */
function said(specified: CheckSpecification, text: string): string | undefined {
  const bytes = Buffer.from(`99${text}99`, 'latin1');
  return ISSUES[compileCheck(specified)(bytes, 2, bytes.length - 2, 0)];
}

/** The text with one byte that is near a digit, near a separator, or far from both. */
function mutated(text: string, random: (below: number) => number): string {
  if (random(2) === 0) return text;
  const odd = ['/', ':', '-', '.', ' ', 'a', '\xb0', '\xff', '\0', '', '0', '9'];
  const at = random(text.length + 1);
  return text.slice(0, at) + (odd[random(odd.length)] ?? '') + text.slice(at + random(2));
}

describe('A check that reads four bytes at once', () => {
  it('of an integer says what exact arithmetic says, near its bounds and of any wrong byte', () => {
    const random = randomOf(7);
    const bounds = [
      [-32_768n, 32_767n],
      [-(2n ** 31n), 2n ** 31n - 1n],
      [-(2n ** 63n), 2n ** 63n - 1n],
      [0n, 2n ** 64n - 1n],
      [5n, 900n],
    ] as const;
    for (let tried = 0; tried < 40_000; tried += 1) {
      const [min, max] = bounds[random(bounds.length)] ?? bounds[0];
      const near = (random(2) === 0 ? min : max) / 10n ** BigInt(random(4)) + BigInt(random(200) - 100);
      const text = mutated(near < 0n ? String(near) : '0'.repeat(random(30) === 0 ? 3 : 0) + String(near), random);
      const exact = /^-?[0-9]+$/.test(text) ? BigInt(text) : undefined;
      const wanted = exact === undefined ? 'not_a_number' : exact < min || exact > max ? 'out_of_range' : 'ok';
      expect([text, said({ check: 'integer', min: String(min), max: String(max) }, text)]).toEqual([text, wanted]);
    }
  });

  it('of a moment says what the calendar says', () => {
    const random = randomOf(11);
    const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
    for (let tried = 0; tried < 40_000; tried += 1) {
      const year = [0, 1, 1900, 2000, 2023, 2024, 9999][random(7)] ?? 0;
      const day = `${pad(year, 4)}-${pad(random(14), 2)}-${pad(random(33), 2)}`;
      const text = mutated(`${day} ${pad(random(26), 2)}:${pad(random(62), 2)}:${pad(random(62), 2)}`, random);
      const isMoment = isMomentText(text);
      expect([text, said({ check: 'moment', of: 'timestamp', secondDigits: 0 }, text) === 'ok']).toEqual([
        text,
        isMoment,
      ]);
    }
  });

  it('of a decimal and of a double says what their digits say', () => {
    const random = randomOf(13);
    for (let tried = 0; tried < 40_000; tried += 1) {
      const digits = String(random(10 ** (1 + random(9))));
      const places = random(4) === 0 ? '' : `.${String(random(10 ** (1 + random(5))))}`;
      const text = mutated(`${random(3) === 0 ? '-' : ''}${digits}${places}`, random);
      const [, whole = '', fraction = ''] = /^-?0*([0-9]*)(?:\.([0-9]*?)0*)?$/.exec(text) ?? [];
      const isNumber = /^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(text);
      const fits = isNumber && whole.length <= 6 && fraction.length <= 3;
      expect([text, said({ check: 'decimal', whole: 6, scale: 3 }, text) === 'ok']).toEqual([text, fits]);
      expect([text, said({ check: 'float', single: false }, text) === 'ok']).toEqual([text, isNumber]);
    }
  });
});

function isMomentText(text: string): boolean {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.0{1,6})?)?$/.exec(text);
  if (found === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map((part) => Number(part));
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  const isDay = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= last.getUTCDate();
  return isDay && hour < 24 && minute < 60 && second < 60;
}

describe('A batch whose bytes are all text', () => {
  const table = tableOf([
    column({ type: 'text', kind: 'text' }, 'plain'),
    column({ type: 'varchar(4)', kind: 'text', limits: { maxCharacters: 4 } }, 'short'),
    column({ type: 'text[]', kind: 'text_array', transform: [{ op: 'split_comma' }] }, 'members'),
    column({ type: 'character(3)', kind: 'text', limits: { maxCharacters: 3 } }, 'padded'),
  ]);
  const { columns } = specifyValidator(table);
  const compiled = compileChecks(columns.map(({ check }) => check));

  /** Fields with a blank before each, as the copy has them from a server. */
  function batchOf(rows: readonly (readonly Buffer[])[]): RowBatch & { readonly spaced: number } {
    const start = new Int32Array(rows.length * table.columns.length);
    const end = new Int32Array(start.length);
    const parts: Buffer[] = [];
    let at = 0;
    for (const [index, field] of rows.flat().entries()) {
      parts.push(Buffer.from(' '), field);
      start[index] = at + 1;
      end[index] = at += 1 + field.length;
    }
    // What stands behind belongs to nobody.
    const bytes = Buffer.concat([...parts, Buffer.from([0xff, 0])]);
    return { rows: rows.length, fields: table.columns.length, bytes, start, end, spaced: at };
  }

  function encoded(batch: RowBatch, ofText: typeof compiled.ofText): unknown {
    const parts = { checks: compiled.fields, codecs: compileTransform(table), ...(ofText !== undefined && { ofText }) };
    const encoder = new RowEncoder(table, parts, openSeal);
    const sink = new CopySink();
    encoder.open(batch);
    for (let row = 0; row < batch.rows; row += 1) encoder.encode(batch, row, sink);
    return { copy: Buffer.concat(sink.take()), out: encoder.quarantined, changed: encoder.changed };
  }

  it('is encoded as by a look at every field, whatever stands in one: pieces of characters, too, that fit each other', () => {
    const random = randomOf(17);
    const pieces = ['a', 'ü', '東', '🎁', '  ', ','].map((text) => Buffer.from(text));
    const odd = ['🎁', 'ü', '東'].flatMap((text) => [Buffer.from(text).subarray(0, 1), Buffer.from(text).subarray(1)]);
    const piece = (isOdd: boolean): Buffer => {
      const from = isOdd && random(12) === 0 ? [...odd, Buffer.from([0]), Buffer.from([0xed, 0xa0, 0x80])] : pieces;
      return from[random(from.length)] ?? Buffer.alloc(0);
    };
    let asText = 0;
    for (let tried = 0; tried < 2000; tried += 1) {
      const isOdd = random(2) === 0;
      const field = (): Buffer => Buffer.concat(Array.from({ length: random(5) }, () => piece(isOdd)));
      const batch = batchOf(Array.from({ length: 4 }, () => [field(), field(), field(), field()]));
      expect(encoded(batch, compiled.ofText)).toEqual(encoded(batch, undefined));
      if (compiled.ofText?.isText(batch.bytes, batch.spaced) === true) asText += 1;
    }
    expect(asText).toBeGreaterThan(900);
    expect(asText).toBeLessThan(1900);
  });

  it('is not looked for where a column holds bytes, or none is text', () => {
    expect(compileChecks([{ check: 'text' }, { check: 'bytes' }]).ofText).toBeUndefined();
    expect(compileChecks([{ check: 'boolean' }]).ofText).toBeUndefined();
  });
});
